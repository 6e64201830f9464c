"""What a number did over time, in one line of blocks, and the samples that this is drawn from.

`History` is state, as `memory` is, and nothing else in this room; it does no I/O, and its clock is an argument.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from functools import lru_cache

BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float | None], width: int, *, top: float | None = None) -> str:
    """Return the last `width` values as blocks, the newest at the right end; what is not known is a space.

    The highest block is `top`, or the greatest of the values shown; the lowest is nothing at all.
    """
    if width <= 0:
        return ""
    return _line(tuple(values[-width:]), top).rjust(width)


@lru_cache(maxsize=4096)
def _line(values: tuple[float | None, ...], top: float | None) -> str:
    """Draw values; a trend stays for seconds and is drawn often."""
    shown = [value if value is not None and math.isfinite(value) else None for value in values]
    highest = max((value for value in shown if value is not None), default=0.0) if top is None else top
    return "".join(_block(value, highest) for value in shown)


def _block(value: float | None, highest: float) -> str:
    if value is None:
        return " "
    share = value / highest if highest > 0 else 0.0
    if math.isnan(share):
        return " "
    return BLOCKS[round(max(0.0, min(1.0, share)) * (len(BLOCKS) - 1))]


class History:
    """The last `size` samples of named series, one for each `every` seconds; a gap in time is a gap in the samples."""

    def __init__(self, *, size: int = 60, every: float = 5.0) -> None:
        self._size = size
        self._every = every
        self._series: dict[str, tuple[int, deque[float | None]]] = {}

    def slot(self, now_seconds: float) -> int:
        """Return the number of the slot of time that holds a second."""
        return int(now_seconds // self._every)

    def note(self, name: str, value: float | None, now_seconds: float) -> None:
        """Remember a value, in the place of an earlier one of the same slot; a clock that went back opens no slot."""
        slot = self.slot(now_seconds)
        last, samples = self._series.get(name) or (slot - 1, deque[float | None](maxlen=self._size))
        if slot > last:
            samples.extend([None] * min(slot - last - 1, self._size))
            samples.append(value)
        elif samples:
            samples[-1] = value
        self._series[name] = (max(slot, last), samples)

    def values(self, name: str) -> tuple[float | None, ...]:
        """Return the samples of a series, the oldest first; none for a name that is not known."""
        return tuple(self._series[name][1]) if name in self._series else ()

    def forget(self, still_there: Iterable[str]) -> None:
        """Drop every series but those still there."""
        kept = set(still_there)
        self._series = {name: series for name, series in self._series.items() if name in kept}
