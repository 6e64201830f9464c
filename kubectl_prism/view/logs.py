"""Log lines as people read them: what is JSON becomes time, level, message and the rest; anything else stays. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from kubectl_prism.view.health import Severity

_TIMES = ("ts", "time", "timestamp", "@timestamp")
_LEVELS = ("level", "severity", "lvl")
_MESSAGES = ("msg", "message")
_SEVERITIES = {"warn": Severity.WAITING, "warning": Severity.WAITING, "error": Severity.BAD, "fatal": Severity.BAD}


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a program; `time` and `level` are empty where it tells none, `rest` are its other facts."""

    time: str
    level: str
    message: str
    rest: tuple[tuple[str, str], ...] = ()

    @property
    def severity(self) -> Severity:
        """How bad the level is."""
        return _SEVERITIES.get(self.level.lower(), Severity.OK)

    @property
    def text(self) -> str:
        """The line in words: `12:30:01 WARN  message key=value`."""
        facts = [f"{name}={_quoted(value)}" for name, value in self.rest]
        head = [self.time, f"{self.level.upper():<5}" if self.level else ""]
        return " ".join(part for part in (*head, self.message, *facts) if part)


def parse(line: str) -> LogLine:
    """Return what a line says; one that is no JSON object is all message."""
    if not line.startswith("{"):
        return LogLine("", "", line)
    try:
        told = json.loads(line)
    except ValueError:
        return LogLine("", "", line)
    if not isinstance(told, dict) or not any(name in told for name in _MESSAGES):
        return LogLine("", "", line)
    time, level, message = (_taken(told, names) for names in (_TIMES, _LEVELS, _MESSAGES))
    rest = tuple((name, value if isinstance(value, str) else json.dumps(value)) for name, value in told.items())
    return LogLine(_clock(time), level, " ".join(message.split("\n")), rest)


def _taken(told: dict[str, object], names: tuple[str, ...]) -> str:
    """Take the first of these facts out of what is told."""
    for name in names:
        if name in told:
            value = told.pop(name)
            return value if isinstance(value, str) else json.dumps(value)
    return ""


def _clock(time: str) -> str:
    """Return the time of day of an RFC 3339 time, to the millisecond; anything else as it is."""
    _, t, clock = time.partition("T")
    return clock.rstrip("Z")[:12] if t else time


def _quoted(value: str) -> str:
    return json.dumps(value) if " " in value or not value else value
