"""Start-up, side by side with kubectl: `make bench` prints whole-process seconds and the ratio pair by pair.

The commands alternate (A B A B …), so that a machine whose speed drifts slows both. The target is a ratio of at
most 2 for `--version` and for an error.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 21
TARGET = 2.0
OURS = str(Path(sys.executable).with_name("kubectl-prism"))

KUBECONFIG = str(Path(__file__).with_name("kubeconfig.yaml"))
"""A kubeconfig with two contexts: where there is none, the wrong one is told without reading anything."""

CASES = {
    "--version": [OURS, "--version"],
    "wrong verb": [OURS, "no-such-verb"],
    "wrong flag": [OURS, "status", "--no-such-flag"],
    "wrong context": [OURS, "status", "--context", "no-such-context", "--kubeconfig", KUBECONFIG],
    "render": [OURS, "render", "--sample", "quickstart"],
    "--help": [OURS, "--help"],
}


def seconds(command: list[str]) -> float:
    """Run `command` to its end and return the wall seconds it took."""
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - started


def compare(ours: list[str], theirs: list[str]) -> tuple[list[float], list[float], list[float]]:
    """Return the seconds of both commands and their ratios, pair by pair, after one warm-up each."""
    seconds(ours), seconds(theirs)
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(RUNS)]
    return [a for a, _ in pairs], [b for _, b in pairs], [a / b for a, b in pairs]


def row(name: str, values: list[float], unit: str) -> str:
    """Return one line: minimum, median and maximum."""
    return f"  {name:<34}{min(values):9.3f}{statistics.median(values):9.3f}{max(values):9.3f}  {unit}"


def main() -> int:
    """Print every case; 1 where the median ratio of `--version` or of an error is over the target."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        print("error: there is no kubectl on PATH to compare with", file=sys.stderr)
        return 1
    theirs = [kubectl, "version", "--client"]
    print(f"{RUNS} pairs each, {os.cpu_count()} cores; minimum, median, maximum")
    is_over = False
    for name, ours in CASES.items():
        own, other, ratios = compare(ours, theirs)
        print(f"\nkubectl prism {name}  against  kubectl version --client")
        print(row("ours", own, "s"))
        print(row("kubectl", other, "s"))
        print(row("ratio", ratios, "×"))
        is_over |= name not in ("render", "--help") and statistics.median(ratios) > TARGET
    return int(is_over)


if __name__ == "__main__":
    sys.exit(main())
