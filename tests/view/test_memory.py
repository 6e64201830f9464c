"""What was made of an object is made once, and anew of what takes its place."""

from __future__ import annotations

from kubectl_prism.view.memory import Memory


def test_it_is_made_once_for_the_same_objects() -> None:
    """Equal is not the same: another object with the same content is another one."""
    memory, made = Memory[int](), iter(range(10))
    one, twin, other = {"a": 1}, {"a": 1}, {"b": 2}
    found = [memory.recall(lambda: next(made), *which) for which in ((one,), (twin,), (one, other), (one,))]
    assert found == [0, 1, 2, 0]


def test_what_is_not_asked_for_is_forgotten() -> None:
    """After a whole look without it, it is made anew."""
    memory, made, one = Memory[int](), iter(range(10)), {"a": 1}
    found = []
    for asks in (True, True, False, True):
        memory.turn()
        if asks:
            found.append(memory.recall(lambda: next(made), one))
    assert found == [0, 0, 1]
