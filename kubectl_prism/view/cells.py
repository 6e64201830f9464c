"""The cells that many tables have: a state in a word, an age, a count, so many of so many."""

from __future__ import annotations

from datetime import datetime

from kubectl_prism.view.age import UNKNOWN, duration, parse
from kubectl_prism.view.health import Health, Severity
from kubectl_prism.view.table import Cell


def stated(health: Health) -> Cell:
    """Return a state in its word, sorted by how bad it is."""
    return Cell(health.word, health.severity, float(health.severity))


def aged(timestamp: object, now: datetime, *, otherwise: str = UNKNOWN) -> Cell:
    """Return how long ago something was, sorted by that; `otherwise` where nobody knows."""
    time = parse(timestamp)
    if time is None:
        return Cell(otherwise)
    seconds = (now - time).total_seconds()
    return Cell(duration(seconds), order=seconds)


def counted(number: int) -> Cell:
    """Return a number, sorted as one."""
    return Cell(str(number), order=float(number))


def shared(ready: int, wanted: int, severity: Severity | None = None) -> Cell:
    """Return so many of so many, sorted by the share; `-` where none are wanted and none are there."""
    if not wanted and not ready:
        return Cell("-")
    return Cell(f"{ready}/{wanted}", severity, ready / wanted if wanted else 1.0)


def one_line(text: object) -> str:
    """Return a text without its line breaks."""
    return " ".join(str(text or "").split())
