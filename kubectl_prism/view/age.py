"""Times as people read them: `5m`, `3h12m`, `2d`, as kubectl shortens them."""

from __future__ import annotations

from datetime import UTC, datetime

UNKNOWN = "<unknown>"


def parse(timestamp: object) -> datetime | None:
    """Return the time an RFC 3339 string means, None for anything else."""
    if not isinstance(timestamp, str):
        return None
    try:
        time = datetime.fromisoformat(timestamp)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def age(timestamp: object, now: datetime) -> str:
    """Return how long ago `timestamp` was, as kubectl's AGE column has it."""
    time = parse(timestamp)
    return UNKNOWN if time is None else duration((now - time).total_seconds())


def duration(seconds: float) -> str:
    """Return seconds in at most two units; times a little ahead of our clock are `0s`."""
    total = max(0, int(seconds))
    minutes, hours, days = total // 60, total // 3600, total // 86400
    if total < 120:
        return f"{total}s"
    if minutes < 10:
        return _two(minutes, "m", total % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 365 * 2:
        return f"{days}d"
    if days < 365 * 8:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"
