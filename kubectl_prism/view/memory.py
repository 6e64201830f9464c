"""What was made of objects, kept for as long as they are the same ones. Objects never change: a change is another one.

A page keeps one from one drawing to the next, so that of thousands only what changed is made anew. No I/O.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Memory(Generic[Made]):
    """What is not asked for between two calls of `turn` is forgotten at the second."""

    def __init__(self) -> None:
        self._before: dict[tuple[int, int], tuple[object, object, Made]] = {}
        self._now: dict[tuple[int, int], tuple[object, object, Made]] = {}

    def turn(self) -> None:
        """Begin another look at everything."""
        self._before, self._now = self._now, {}

    def recall(self, make: Callable[[], Made], one: object, other: object = None) -> Made:
        """Return what was made of these very objects, or make it: `make` may depend on nothing else."""
        ids = id(one), id(other)
        found = self._now.get(ids) or self._before.get(ids)
        if found is None:
            found = one, other, make()  # holding the objects keeps their ids from being given to others
        self._now[ids] = found
        return found[2]
