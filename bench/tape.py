"""A program in a pseudo-terminal of its own session: what it wrote, byte by byte with the time, and keys for it.

Nothing is read into what it writes while it runs, so that measuring takes no time from what is measured.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

COLUMNS, LINES = 200, 60
ENVIRONMENT = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}


class Chunk(NamedTuple):
    """Bytes, the second at which they came, and for how many the program had waited for a processor until then."""

    at: float
    data: bytes
    waited: float = 0.0


class Tape:
    """One program; `chunks` grows while it runs."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], folder: str) -> None:
        self.chunks: list[Chunk] = []
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environment, **ENVIRONMENT},
            cwd=folder,
            start_new_session=True,
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, name="tape", daemon=True)
        self._reader.start()

    def press(self, keys: bytes) -> float:
        """Send keys; return the second at which they were sent."""
        at = time.monotonic()
        os.write(self._master, keys)
        return at

    def until(self, words: bytes, *, within: float) -> float | None:
        """Return the second at which these words were there, in one piece; None where they did not come."""
        end, seen = self.began + within, 0
        while time.monotonic() < end:
            found = b"".join(chunk.data for chunk in self.chunks[max(0, seen - 1) :])
            if words in found:
                return next(chunk.at for chunk in self._ends(words))
            seen = len(self.chunks)
            time.sleep(0.002)
        return None

    def waited(self) -> float:
        """Return for how many seconds its main thread was ready to run and others ran: the machine's share, not its."""
        try:
            return int(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/schedstat").read_text().split()[1]) / 1e9
        except (OSError, IndexError, ValueError):
            return 0.0

    def seconds(self) -> float:
        """Return the processor time used so far, user and system."""
        fields = self._stat()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Return the resident memory, in MiB."""
        return int(self._stat()[21]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def stop(self) -> None:
        """End it, kindly first."""
        with suppress(OSError):
            self.press(b"\x03")
        for end in (self.process.terminate, self.process.kill):
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
                break
            end()
        self.process.wait(5)
        self._reader.join(2)
        os.close(self._master)

    def _stat(self) -> list[str]:
        """Return the fields of /proc/PID/stat after the name."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()

    def _ends(self, words: bytes) -> Iterator[Chunk]:
        so_far = b""
        for chunk in self.chunks:
            so_far = so_far[-len(words) :] + chunk.data
            if words in so_far:
                yield chunk

    def _read(self) -> None:
        while True:
            try:
                select.select([self._master], [], [])
                data = os.read(self._master, 1 << 16)
            except (OSError, ValueError):
                return
            if not data:
                return
            self.chunks.append(Chunk(time.monotonic(), data, self.waited()))


@contextmanager
def taped(command: Sequence[str], environment: dict[str, str], folder: str) -> Iterator[Tape]:
    """Run a program for the time of a block."""
    tape = Tape(command, environment, folder)
    try:
        yield tape
    finally:
        tape.stop()
