"""Turns the results of a full run into docs/reliability.md; every number in it comes from the run."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kubectl_prism import __version__
from kubectl_prism.sandbox.programs import KUBERNETES, KWOK
from tests.faults.oracles import FEW, MORE_WRITES, REQUESTS_A_SECOND, STEPS

RUNS = "runs"
"""The figure by which a case says how many runs it holds."""
SOAK = "P19"
NUMBERS = [f"P{number}" for number in range(1, 21)]
ORACLES = (
    "O1: the end equals that of an unperturbed run; only uids, versions, addresses and times may differ.",
    "O2: each object is created and deleted as often as in an unperturbed run.",
    "O3: once it is reached, nothing is written for {quiet:g} s.",
    "O4: no finalizer, no child without an owner and no held Lease is left.",
    "O5: the operator ends with 0 on SIGTERM; its logs tell of no unexpected exception and no task left behind.",
    f"O6: it writes at most {MORE_WRITES:g} times as much desired state, or {FEW} writes more; an object tells at most"
    f" {STEPS} steps more on its way, and in all at most {FEW} statuses say what was said before.",
    f"O7: while the server is away, it asks at most {REQUESTS_A_SECOND:g} times a second.",
)


@dataclass(frozen=True, slots=True)
class Result:
    """How one case of a perturbation ended, and what it measured."""

    number: str
    text: str
    passed: bool
    case: str
    figures: Mapping[str, float]

    @property
    def runs(self) -> int:
        """How many runs the case holds; all have failed where it has."""
        return int(self.figures.get(RUNS, 1))


def page(results: Sequence[Result], *, quiet: float) -> str:
    """Return the page; `quiet` is for how many seconds O3 was held."""
    failed = sorted(result.case for result in results if not result.passed)
    return "\n".join(
        [
            "# Reliability",
            "",
            "Written by `make faults`, which runs the operator behind a proxy that does to it what networks, servers"
            " and people do. What each perturbation is, stands in `tests/faults`.",
            "",
            f"{_now()}, {_where()}.",
            "",
            "What must hold after a perturbation, as far as it applies:",
            "",
            *[f"- {oracle.format(quiet=quiet)}" for oracle in ORACLES],
            "",
            "| Number | Perturbation | Runs | Passed | Failed | Worst |",
            "| --- | --- | --- | --- | --- | --- |",
            *[_line(number, [result for result in results if result.number == number]) for number in NUMBERS],
            "",
            *(["Failed:", "", *[f"- `{case}`" for case in failed], ""] if failed else []),
        ]
    )


def soak(what: str, figures: Mapping[str, float], broken: Sequence[str]) -> str:
    """Return the page of a soak: one row, and what did not hold."""
    measured = ", ".join(f"{value:.3g} {name}" for name, value in figures.items())
    return "\n".join(
        [
            "# Soak",
            "",
            f"Written by `make soak` on {_now()}, {_where()}.",
            "",
            "| Number | What | Passed | Measured |",
            "| --- | --- | --- | --- |",
            f"| {SOAK} | {what} | {'no' if broken else 'yes'} | {measured} |",
            "",
            *(["Failed:", "", *[f"- {one}" for one in broken], ""] if broken else []),
        ]
    )


def _line(number: str, results: Sequence[Result]) -> str:
    if not results:
        return f"| {number} | {'`make soak`' if number == SOAK else 'not run'} | 0 | 0 | 0 | |"
    runs, passed = sum(result.runs for result in results), sum(result.runs for result in results if result.passed)
    texts = "; ".join(dict.fromkeys(result.text for result in results))
    return f"| {number} | {texts} | {runs} | {passed} | {runs - passed} | {_worst(results)} |"


def _worst(results: Sequence[Result]) -> str:
    names = dict.fromkeys(name for result in results for name in result.figures if name != RUNS)
    worst = {name: max(result.figures[name] for result in results if name in result.figures) for name in names}
    return ", ".join(f"{value:.3g} {name}" for name, value in worst.items())


def _now() -> str:
    return f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC"


def _where() -> str:
    programs = f"Python {platform.python_version()}, Kubernetes {KUBERNETES}, KWOK {KWOK}"
    return f"commit {_commit()}; {os.cpu_count()} processors; kubectl-prism {__version__}, {programs}"


def _commit() -> str:
    def git(*words: str) -> str:
        command = ["git", "-C", str(Path(__file__).parent), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    return git("rev-parse", "--short=10", "HEAD") + (" with changes" if git("status", "--porcelain") else "")
