"""Runs kwokctl, and says why where it or a server that it has started ends.

Called by `cluster`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from kubectl_prism.errors import PrismError, TimedOut
from kubectl_prism.sandbox import processes
from kubectl_prism.sandbox.place import Place
from kubectl_prism.sandbox.programs import Binaries

ESSENTIAL = ("etcd", "kube-apiserver")
"""The servers without which waiting for the others makes no sense."""
_MOMENT = 0.25
"""Seconds between two looks at the servers, of which each reads the command of every process of the machine."""
_REASON = re.compile(r'no space left|already in use|panic:|"level":"(fatal|panic)"|^[EF]\d{4} |^Error:')


def run(place: Place, binaries: Binaries, arguments: list[str], *, deadline: float) -> None:
    """Run kwokctl until it is done, out of reach of the terminal's Ctrl-C, which this process handles."""
    command = [str(binaries["kwokctl"]), f"--config={place.configuration}", *arguments, f"--name={place.name}"]
    search_path = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{binaries['kubectl'].parent}"
    # What the person tells kwokctl by its environment is meant for their own clusters, and would win over our file.
    others = {name: value for name, value in os.environ.items() if not name.startswith("KWOK_")}
    variables = {**others, "KWOK_WORKDIR": str(place.root), "PATH": search_path}
    with (
        place.log.open("wb") as output,
        processes.session(command, variables=variables, output=output, errors=output) as process,
    ):
        while _goes_on(process):
            check_alive(place, ESSENTIAL)
            if time.monotonic() > deadline:
                raise TimedOut(f"the sandbox {place.name} did not start in time", hint=f"see {place.log}")
    if process.returncode != 0:
        raise PrismError(f"kwokctl could not start the sandbox: {_last_error(place.log)}", hint=f"see {place.log}")


def _goes_on(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a process still runs after a moment; it is told at once where it ends sooner."""
    try:
        process.wait(_MOMENT)
    except subprocess.TimeoutExpired:
        return True
    return False


def _last_error(log: Path) -> str:
    for line in reversed(log.read_text(errors="replace").splitlines()):
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            if isinstance(entry, dict) and "err" in entry:
                return str(entry["err"])[:400]
    return "it did not say why"


def check_alive(place: Place, needed: Sequence[str]) -> None:
    """Fail with the last words of a server that has started and ended."""
    ended = _ended(place, needed)
    if ended:
        # One that is only just being started has no command line for a moment, so it is looked for again.
        time.sleep(_MOMENT)
        ended = [name for name in _ended(place, needed) if name in ended]
    for name in ended:
        log = place.server_log(name)
        words = _last_words(log.read_text(errors="replace")) if log.exists() else "it left no log"
        raise PrismError(f"{name} of the sandbox ended: {words[:400]}", hint=f"see {log}")


def _ended(place: Place, needed: Sequence[str]) -> list[str]:
    started = {note.stem for note in (place.folder / "pids").glob("*.pid") if note.read_text()}
    alive = processes.running(place.folder)
    return [name for name in needed if name in started and name not in alive]


def _last_words(log: str) -> str:
    """Find the last line that says why, before a trace of where."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    reasons = [line for line in lines if _REASON.search(line)]
    return (reasons or lines or ["it said nothing"])[-1]
