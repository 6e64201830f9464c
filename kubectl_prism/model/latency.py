"""How long an answer takes, in steps so coarse that a status which tells them is seldom written anew."""

from __future__ import annotations

STEPS = ("100ms", "1s", "10s", "1m")
"""An answer came within this time. Finer steps would tell of the machine that asks, not of the backend."""

_SECONDS = (0.1, 1.0, 10.0, 60.0)
_CLEARLY = 2.0


def within(seconds: float, *, before: str | None, previous: float | None) -> str:
    """Return the step of an answer that took so long, after one that took `previous` seconds, None for none.

    `before` is the step that is told; it holds until two answers in a row leave it, and clearly: one alone may have
    been slowed by whoever asked, as by a program that has just begun.
    """
    if before not in STEPS:
        return STEPS[_step(seconds)]
    held = STEPS.index(before)
    if previous is None:
        return before
    return STEPS[sorted((_left(seconds, held), held, _left(previous, held)))[1]]


def _left(seconds: float, held: int) -> int:
    """Return the step of an answer, or `held` where it leaves that by a hair."""
    step = _step(seconds)
    is_close = _SECONDS[step] / _CLEARLY < seconds if step < held else seconds < _SECONDS[held] * _CLEARLY
    return held if is_close else step


def _step(seconds: float) -> int:
    return next((index for index, most in enumerate(_SECONDS) if seconds <= most), len(STEPS) - 1)
