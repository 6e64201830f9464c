"""What a simulated pod logs: JSON lines in a file of its own, as a container runtime keeps them, which KWOK shows."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path

LONGEST = 1 << 20
"""The bytes after which a log ends: nobody reads more of a simulation."""


class Journal:
    """The log of one pod, in `file`; `now` is the wall clock."""

    def __init__(
        self, file: Path, *, now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC)
    ) -> None:
        self.file = file
        self._now = now
        self._file = file.open("a", encoding="utf-8", buffering=1)

    def say(self, message: str, *, level: str = "info", **details: object) -> None:
        """Write a line, and mark it as that of a simulated program."""
        if self._file.tell() > LONGEST:
            return
        stamp = self._now().isoformat(timespec="microseconds").replace("+00:00", "Z")
        line = {"ts": stamp, "level": level, "msg": message, **details, "simulated": True}
        self._file.write(f"{stamp} stdout F {json.dumps(line)}\n")

    def close(self) -> None:
        """End the log; what was written stays until the sandbox goes."""
        self._file.close()
