"""The door: what stands behind `kubectl prism` and its shell completion. The only place where rooms meet.

`main` and `complete` are the console scripts. Importing this package costs nothing, and `--version` answers before any
library is loaded: `edge` brings the rest. One file a verb; `commands` lists them.
"""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line of this process and end it with an exit code."""
    words = sys.argv[1:]
    if words == ["--version"]:
        from kubectl_prism import __version__

        sys.stdout.write(f"kubectl-prism {__version__}\n")
        return
    import signal

    _spare()
    from kubectl_prism.cli import edge

    # Told to end, we end like after Ctrl-C: what was started, such as a build, ends with us.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(edge.INTERRUPTED))
    _end(edge.run(words))


def complete() -> None:
    """Answer kubectl's question what may follow the words typed so far."""
    _spare()
    from kubectl_prism.cli import candidates

    _end(candidates.answer(sys.argv[1:]))


def _spare() -> None:
    """Have garbage collected seldom: what a start-up makes stays, and looking through it takes a while."""
    gc.set_threshold(50_000)


def _end(code: int) -> None:
    """End with an exit code, without a last look for garbage, which would take longer than many a command."""
    gc.freeze()
    sys.exit(code)
