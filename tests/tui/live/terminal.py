"""A terminal with the dashboard in it: a pane of a real tmux, which draws and types as a person's terminal does.

Each test process has a tmux server of its own, which ends with its last pane.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from tests.cli.terminal import environment
from tests.reconcile.kinds.world import WITHIN, eventually

SMALL = (80, 24)
LARGE = (200, 60)
BETWEEN = 0.03
"""Seconds between two looks at the pane."""


class Terminal:
    """`kubectl prism` with `words` in a pane of `size`; `with Terminal(…) as terminal` returns once it has drawn."""

    count = 0

    def __init__(self, home: Path, *words: str, size: tuple[int, int] = SMALL) -> None:
        Terminal.count += 1
        self._name = f"pane-{Terminal.count}"
        self._home = home
        self._words = words
        self._size = size
        self.pid = 0

    def __enter__(self) -> Terminal:
        """Open the pane."""
        width, height = self._size
        settings = self._home / "tmux.conf"
        settings.write_text("set -g status off\nset -g remain-on-exit on\n")
        here = environment(self._home, TERM="tmux-256color", PYTHONDONTWRITEBYTECODE="1")
        _tmux(
            *("-u", "-f", str(settings), "new-session", "-d", "-s", self._name, "-c", str(Path.cwd())),
            *("-x", str(width), "-y", str(height), "env", "-i", *(f"{name}={value}" for name, value in here.items())),
            *(sys.executable, "-m", "kubectl_prism", *self._words),
        )
        self.pid = int(self._told("pane_pid"))
        try:
            self.seen("Overview")
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the pane, which ends what runs in it; whatever ended before must have ended well."""
        ended, last = self.exit_code, self.text
        self._close()
        assert error is not None or not ended, f"it ended with {ended}:\n{last}"

    @property
    def text(self) -> str:
        """What is in the pane."""
        return _tmux("capture-pane", "-p", "-t", self._name)

    @property
    def exit_code(self) -> int | None:
        """With what it ended, None while it runs."""
        stat = Path(f"/proc/{self.pid}/stat")
        if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
            return None
        _tmux("run-shell", "true")  # tmux may sleep through the end of a pane, and looks at all when a child ends
        code = self._told("pane_dead_status")
        return int(code) if code else None

    def press(self, *keys: str) -> None:
        """Press keys, as tmux names them."""
        _tmux("send-keys", "-t", self._name, *keys)

    def type(self, text: str) -> None:
        """Type a text."""
        _tmux("send-keys", "-t", self._name, "-l", text)

    def resize(self, width: int, height: int) -> None:
        """Give the pane another size."""
        _tmux("resize-window", "-t", self._name, "-x", str(width), "-y", str(height))

    def seen(self, *words: str, without: Sequence[str] = (), within: float = WITHIN) -> float:
        """Wait until all `words` are in the pane and none of `without`; return the monotonic second."""

        def holds(text: str) -> bool:
            return all(one in text for one in words) and not any(one in text for one in without)

        return self.until(holds, what=f"{words} without {without}", within=within)

    def row(self, *words: str, without: Sequence[str] = (), within: float = WITHIN) -> float:
        """Wait until one line holds all `words` and none of `without`, spaces taken together; return when it did."""

        def holds(text: str) -> bool:
            lines = (" ".join(line.split()) for line in text.splitlines())
            return any(all(one in line for one in words) and not any(one in line for one in without) for line in lines)

        return self.until(holds, what=f"a line with {words} without {without}", within=within)

    def gone(self, name: str, *, within: float = WITHIN) -> float:
        """Wait until no row begins with an object of this name, as `/name`; return the monotonic second."""
        row = re.compile(rf"^\W+ \S*{re.escape(name)}\s", re.MULTILINE)
        return self.until(lambda text: row.search(text) is None, what=f"no row of {name}", within=within)

    def until(self, holds: Callable[[str], bool], *, what: str, within: float = WITHIN) -> float:
        """Wait until the pane holds what is wanted; return the monotonic second."""
        deadline = time.monotonic() + within
        while not holds(text := self.text):
            assert self.exit_code is None, f"it ended with {self.exit_code}:\n{text}"
            assert time.monotonic() < deadline, f"not to be seen: {what}\n{text}"
            time.sleep(BETWEEN)
        return time.monotonic()

    def ended(self) -> int:
        """Wait until it has ended; return with what."""
        eventually(lambda: self.exit_code is not None)
        return self.exit_code or 0

    def waited(self) -> float:
        """Return the seconds for which it was ready to run and other programs had the processor."""
        return int(Path(f"/proc/{self.pid}/schedstat").read_text().split()[1]) / 1e9

    def _told(self, variable: str) -> str:
        return _tmux("display-message", "-p", "-t", self._name, f"#{{{variable}}}").strip()

    def _close(self) -> None:
        _tmux("kill-session", "-t", self._name)


def _tmux(*words: str) -> str:
    """Run tmux on the server of this process, without which nothing here can be tested."""
    outside = {name: value for name, value in os.environ.items() if name not in ("TMUX", "TMUX_PANE")}
    command = ["tmux", "-L", f"prism-live-{os.getpid()}", *words]
    done = subprocess.run(command, env=outside, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout
