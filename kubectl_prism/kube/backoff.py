"""How long to wait after a failure: longer each time, never in step with others, short again after good health.

Used by informers. Pure: the clock and the dice are handed in.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from math import inf

FIRST = 0.8
HEALTH = 120.0


class Backoff:
    """Grows ×2 from 0.8–1.6 s up to a cap; two minutes without a failure make it start anew."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        dice: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._clock = clock
        self._dice = dice
        self._failures = 0
        self._last = -inf

    @property
    def failures(self) -> int:
        """Failures in a row, without two healthy minutes between any two."""
        return self._failures

    def failed(self, *, cap: float) -> float:
        """Note a failure and return the seconds to wait, at most `cap`."""
        if self._clock() - self._last > HEALTH:
            self._failures = 0
        longest = min(cap, 2 * FIRST * 2 ** min(self._failures, 16))
        self._failures += 1
        pause = self._dice(longest / 2, longest)
        self._last = self._clock() + pause
        return pause
