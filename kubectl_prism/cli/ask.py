"""Questions to a person: on a terminal only. Elsewhere a missing `--yes` is an error, never a hang."""

from __future__ import annotations

import sys

from kubectl_prism.errors import UsageError


def confirmed(question: str, *, yes: bool = False, flag: str = "--yes") -> bool:
    """Return True for `yes` or a person's yes; UsageError where there is no terminal to ask on.

    `flag` is what the hint names: the flag that answers the question on the command line.
    """
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"this needs a yes: {question}", hint=f"add {flag}; there is no terminal to ask on")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        sys.stderr.write("\n")
    return answer.strip().lower() in ("y", "yes")
