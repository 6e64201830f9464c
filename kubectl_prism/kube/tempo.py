"""How long a watch is left unread after what was read last: what gathers meanwhile is read in one go, for far less.

All watches are read at the same multiples of these seconds, so that many of them wake the process once. Used by
`informer`; knows no kinds and does no I/O.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf

PROMPT = 0.02
"""The seconds that what comes in a burst gathers at first: somebody may wait for the answer to it."""

GATHER = 0.2
"""The same once a burst has lasted BURST seconds: so much is going on that nobody notices."""

BURST = 1.0
CALM = 1.0
"""The seconds without anything after which what comes is a new burst."""

TICK = 0.001
"""Timers may end too soon by so many seconds; a common moment that is missed by less would be followed by another."""

FULL = 1 << 16
"""The bytes from which on what was read at once is much already, and more of it may lie there: it is never left."""


class Tempo:
    """The pauses of one watch, none longer than `longest` seconds and a tick."""

    def __init__(self, longest: float = GATHER, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._longest = longest
        self._clock = clock
        self._began = self._last = -inf

    def pause(self, size: int) -> float:
        """Return the seconds until the next common moment, or 0 to go on reading: `size` bytes were read now."""
        now = self._clock()
        if now - self._last > CALM:
            self._began = now
        self._last = now
        if size >= FULL:
            return 0.0
        step = self._longest if now - self._began >= BURST else min(PROMPT, self._longest)
        return step - now % step + TICK if step else 0.0
