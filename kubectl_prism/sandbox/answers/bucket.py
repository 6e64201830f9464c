"""A token bucket: so many requests per second, and as many at once as it holds. Pure."""

from __future__ import annotations

from collections.abc import Callable


class Bucket:
    """Lets through `rate` requests per second and `burst` at once after a quiet time; `clock` counts seconds."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._tokens = burst
        self._at = clock()

    def take(self) -> bool:
        """Take one token; tell whether there was one."""
        self._fill()
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def change(self, rate: float, burst: float) -> None:
        """Hold to other numbers from now on; what is in it stays, as far as it fits."""
        self._fill()
        self._rate, self._burst = rate, burst
        self._tokens = min(self._tokens, burst)

    def _fill(self) -> None:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
