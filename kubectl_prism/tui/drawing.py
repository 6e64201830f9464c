"""When the page that is seen is drawn: ten times a second at most, never for more than a tenth of the time.

Keys come first: a long drawing is made piece by piece, and stands back while a key waits for its answer. Garbage is
looked for between two drawings, since the collector by itself would begin in the middle of an answer.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

SHORTEST = 0.1
"""Seconds between two drawings, at least."""
EASE = 9
"""How many times as long as a drawing took nothing is drawn after it."""
LONGEST = 1.0
"""Seconds after which ages and clocks are drawn anew though nothing changed."""
PIECE = 0.008
"""Seconds for which a drawing goes on before it looks for keys; a piece that takes longer is not cut."""
BREATH = 0.01
"""Seconds between two pieces of a drawing: long enough for a key that is waiting to be noticed."""
ANSWER = 0.1
"""Seconds after a key for which a drawing stands back; for a key that is held down, no longer than LONGEST."""
THOROUGH = 300.0
"""Seconds between two looks at everything for garbage, in thousands of objects, which take as long as a page does."""
UNATTENDED = 10.0
"""Seconds without a key after which nobody notices such a look."""


class Drawing:
    """Draws again and again while it runs; `pieces` begins a drawing of things as they are now."""

    def __init__(self, pieces: Callable[[], Iterator[None]]) -> None:
        self._pieces = pieces
        self._begun = 0
        self._changed = asyncio.Event()
        self._wanted = asyncio.Event()
        self._pressed = -ANSWER
        self._tidied = time.monotonic()

    def press(self) -> None:
        """A person did something, and waits for the answer."""
        self._pressed = time.monotonic()

    def change(self) -> None:
        """Something changed, and is drawn in its time."""
        self._changed.set()

    def soon(self) -> None:
        """Draw as soon as no key waits for its answer, in place of what is being drawn."""
        self._begun += 1
        self._wanted.set()
        self._changed.set()

    def now(self) -> None:
        """Draw at once, in place of what is being drawn."""
        for _ in self._begin():
            pass

    async def run(self) -> None:
        """Draw until cancelled; the collector does not begin by itself meanwhile."""
        gc.disable()
        try:
            while True:
                self._changed.clear()
                self._wanted.clear()
                spent = await self._draw()
                await self._tidy()
                await _set_within(max(SHORTEST, EASE * spent), self._wanted)
                await _set_within(LONGEST, self._changed)
        finally:
            gc.enable()

    async def _draw(self) -> float:
        """Draw piece by piece, and stand back while a key waits for its answer; return the seconds that it took."""
        spent, began = 0.0, time.monotonic()
        drawing = self._begin()
        while True:
            await self._stand_back(until=began + LONGEST)
            piece = time.monotonic()
            while (took := time.monotonic() - piece) < PIECE:
                if next(drawing, self) is self:
                    return spent + time.monotonic() - piece
            spent += took

    async def _stand_back(self, *, until: float) -> None:
        """Wait while a key waits for its answer, and no longer than until then."""
        await asyncio.sleep(BREATH)
        while (left := min(self._pressed + ANSWER, until) - time.monotonic()) > 0:  # noqa: ASYNC110 - keys prolong it
            await asyncio.sleep(left)

    async def _tidy(self) -> None:
        now = time.monotonic()
        await self._stand_back(until=now + LONGEST)
        if now - self._tidied > THOROUGH and now - self._pressed > UNATTENDED:
            self._tidied = now
            gc.collect()
        else:
            gc.collect(1)

    def _begin(self) -> Iterator[None]:
        """Draw in pieces; a drawing that begins ends those that are on their way."""
        self._begun += 1
        number = self._begun
        for _ in self._pieces():
            yield
            if number != self._begun:
                return


async def _set_within(seconds: float, event: asyncio.Event) -> None:
    """Wait until an event is set, or so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
