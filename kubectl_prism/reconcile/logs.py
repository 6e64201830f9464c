"""How the engine logs when it runs headless: lines for people or JSON for machines, on stderr.

Called once by the command that runs the engine. Log lines name objects and fields, never values of Secrets.
"""

from __future__ import annotations

import datetime
import logging
import sys
from collections.abc import Mapping
from typing import Literal, TextIO

import msgspec

from kubectl_prism.errors import UsageError

Format = Literal["text", "json"]

LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def configure(format: Format = "text", level: str = "info", *, stream: TextIO | None = None) -> None:
    """Send log lines to `stream`: ours of `level` and above, those of libraries from warnings on.

    UsageError for a level that is none.
    """
    number = LEVELS.get(level.lower())
    if number is None:
        raise UsageError(f"log level {level!r} is none of debug, info, warn, error")
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if format == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("kubectl_prism").setLevel(number)


class TextFormatter(logging.Formatter):
    """`12:00:00.000 ERROR controller: message`, with the traceback on the lines after it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one log line."""
        line = f"{_time(record):%H:%M:%S.%f}"[:12] + f" {record.levelname:<7} {_room(record)}: {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `ts`, `level`, `logger`, `msg` and, where there is one, `stacktrace`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one log line."""
        fields = {
            "ts": _time(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": _room(record),
            "msg": record.getMessage(),
        }
        if record.exc_info:
            fields["stacktrace"] = self.formatException(record.exc_info)
        return msgspec.json.encode(fields).decode()


def _time(record: logging.LogRecord) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(record.created, datetime.UTC)


def _room(record: logging.LogRecord) -> str:
    return record.name.removeprefix("kubectl_prism.")
