"""How long an answer takes, in steps so coarse that a status which tells them is seldom written anew."""

from __future__ import annotations

STEPS = ("100ms", "1s", "10s", "1m")
"""An answer came within this time. Finer steps would tell of the machine that asks, not of the backend."""

_SECONDS = (0.1, 1.0, 10.0, 60.0)
_CLEARLY = 2.0


def within(seconds: float, *, before: str | None) -> str:
    """Return the step of an answer that took so long; `before` holds until it is left clearly, not by a hair."""
    step = next((index for index, most in enumerate(_SECONDS) if seconds <= most), len(STEPS) - 1)
    if before not in STEPS:
        return STEPS[step]
    held = STEPS.index(before)
    is_close = _SECONDS[step] / _CLEARLY < seconds if step < held else seconds < _SECONDS[held] * _CLEARLY
    return STEPS[held if is_close else step]
