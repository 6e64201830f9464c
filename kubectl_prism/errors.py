"""Every error that a person may see, each with the exit code it ends a command with.

    PrismError (1)          something failed, or a failure was found
    ├── UsageError (2)      the command line or an input file is wrong
    └── TimedOut (4)        what was waited for did not come in time

Rooms add children where a caller must tell them apart (`kube.errors`). The command line prints
`error: …` and, where there is one, `hint: …`; it never prints a traceback for these.
"""

from __future__ import annotations


class PrismError(Exception):
    """An error with one line that says what is wrong, and one that says what to do."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(PrismError):
    """The command line or an input file is wrong; nothing was done."""

    exit_code = 2


class TimedOut(PrismError):
    """What was waited for did not come in time; what was done stays done."""

    exit_code = 4
