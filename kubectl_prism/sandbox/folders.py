"""Where the sandbox keeps its files, and how it writes and locks them so that a kill at any moment harms nothing.

Programs that can be had again live in the cache folder, clusters in the data folder (both by the XDG convention).
Called by the other files of this room only.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from kubectl_prism.errors import PrismError

Report = Callable[[str], None]
"""Takes one line of progress for a person."""


def silent(_line: str) -> None:
    """Report to nobody."""


def cache_folder() -> Path:
    """Return the folder for what can be fetched or built again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kubectl-prism"


def data_folder() -> Path:
    """Return the folder of the sandboxes."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "kubectl-prism" / "sandbox"


def make_folder(folder: Path) -> Path:
    """Create a folder with its parents; a PrismError says why it cannot be."""
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an error of the file system on `path` into one line that a person can act on."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOTDIR):
            raise
        hint = "free some space and run this again: it goes on where it can"
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            hint = "make that folder writable, or set XDG_CACHE_HOME and XDG_DATA_HOME to folders that are"
        raise PrismError(f"cannot write {path}: {os.strerror(error.errno or 0)}", hint=hint) from error


def settle(temporary: Path, final: Path) -> None:
    """Give a wholly written file its name, so that nobody ever sees half of it."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(final)


def write(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a whole file or nothing; an existing file stays as it was until the new one is complete."""
    target = path.resolve()
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    with explained(target):
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            settle(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(path: Path, *, report: Report, waiting: str) -> Iterator[None]:
    """Hold the lock file `path`, saying `waiting` once if it must wait; it is let go however this process ends."""
    make_folder(path.parent)
    with explained(path):
        file = path.open("a")
    with file:
        said = False
        while not _taken(file):
            if not said:
                report(waiting)
                said = True
            time.sleep(0.1)
        yield


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
