"""Long work that can be done piece by piece, for one who has keys to answer in between. No I/O, no threads.

A function says where a piece ends with a bare `yield`. Called, it runs to its end as any other; its `pieces` are the
same work as a generator, whose value is the result.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import update_wrapper
from typing import Generic, ParamSpec, TypeVar

Asked = ParamSpec("Asked")
Made = TypeVar("Made")
Pieces = Generator[None, None, Made]


class in_pieces(Generic[Asked, Made]):  # noqa: N801 - a decorator
    """Make of a generator function one that returns its value."""

    def __init__(self, pieces: Callable[Asked, Pieces[Made]]) -> None:
        self.pieces = pieces
        update_wrapper(self, pieces)

    def __call__(self, *args: Asked.args, **kwargs: Asked.kwargs) -> Made:
        """Do all of it at once."""
        work = self.pieces(*args, **kwargs)
        while True:
            try:
                next(work)
            except StopIteration as end:
                made: Made = end.value
                return made
