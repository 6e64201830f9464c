"""Runs the command line as a person does: another process, an empty home, pipes for stdin, stdout and stderr."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

BIN = Path(sys.executable).parent
DEAD_SERVER = "--server=https://127.0.0.1:1"


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a person with an empty home."""
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {"PATH": path, "HOME": str(home), "LC_ALL": "C.UTF-8", **more}


def prism(
    home: Path, *words: str, text: str = "", program: str = "kubectl-prism", more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program of this package with `words` and `text` on stdin, and return what became of it."""
    return subprocess.run(
        [str(BIN / program), *words],
        env=environment(home, **(more or {})),
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def said(process: subprocess.Popen[str], words: str) -> str:
    """Read stderr until a line holds `words`, and return the line."""
    assert process.stderr is not None
    lines: list[str] = []
    for line in process.stderr:
        lines.append(line)
        if words in line:
            return line
    raise AssertionError(f"{words!r} was never said; this was: {''.join(lines)}")
