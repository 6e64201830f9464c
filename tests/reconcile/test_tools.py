"""How often progress is told, and how long to wait for what is lacking."""

from __future__ import annotations

from kubectl_prism.reconcile.tools import Pace, Patience


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_a_wait_is_as_long_as_the_lack_has_lasted() -> None:
    """Between a second and a minute; whoever looks more often in between does not make it longer."""
    clock = Clock()
    patience = Patience(clock)
    waits = []
    for _ in range(9):
        waits.append(patience.wait("u"))
        assert patience.wait("u") == waits[-1]
        clock.now += waits[-1]
    assert waits == [1, 1, 2, 4, 8, 16, 32, 60, 60]
    assert patience.wait("other") == 1
    patience.forget("u")
    assert patience.wait("u") == 1


def test_progress_is_told_once_a_second() -> None:
    """The first word is free; each object has a pace of its own."""
    clock = Clock()
    pace = Pace(clock)
    assert pace.pause("u") <= 0
    pace.mark("u")
    assert pace.pause("u") == 1
    assert pace.pause("other") <= 0
    clock.now += 0.75
    assert pace.pause("u") == 0.25
