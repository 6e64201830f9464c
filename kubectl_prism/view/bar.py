"""A share of something as a bar of one width: `██░░░░░░`."""

from __future__ import annotations

WIDTH = 8
"""Characters of a bar."""
FULL, EMPTY = "█", "░"


def bar(share: float) -> str:
    """Return a share between 0 and 1 as a bar; any use at all shows."""
    filled = min(WIDTH, round(share * WIDTH)) or int(share > 0)
    return FULL * filled + EMPTY * (WIDTH - filled)


def without_bar(text: str) -> str:
    """Return a text without the bar at its end, for where there is no room for both."""
    return text.rstrip(FULL + EMPTY).rstrip() if text.endswith((FULL, EMPTY)) else text
