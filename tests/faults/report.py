"""Turns the results of a full run into docs/reliability.md; every number in it comes from the run."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Result:
    """How one case of a perturbation ended, and what it measured."""

    number: str
    text: str
    passed: bool
    case: str
    figures: Mapping[str, float]


def page(results: Sequence[Result]) -> str:
    """Return the page."""
    numbers = sorted({result.number for result in results}, key=lambda number: int(number[1:]))
    failed = [result.case for result in results if not result.passed]
    return "\n".join(
        [
            "# Reliability",
            "",
            "Written by `make faults`, which runs the operator behind a proxy that does to it what networks, servers"
            " and people do. What each perturbation is, and what must hold after it, stands in `tests/faults`.",
            "",
            f"{_now()}, commit {_commit()}, {os.cpu_count()} processors, Python {platform.python_version()}.",
            "",
            "| Number | Perturbation | Runs | Passed | Failed | Worst |",
            "| --- | --- | --- | --- | --- | --- |",
            *[_line(number, [result for result in results if result.number == number]) for number in numbers],
            "",
            *(["Failed:", "", *[f"- `{case}`" for case in failed], ""] if failed else []),
        ]
    )


def _line(number: str, results: Sequence[Result]) -> str:
    passed = sum(result.passed for result in results)
    texts = "; ".join(dict.fromkeys(result.text for result in results))
    return f"| {number} | {texts} | {len(results)} | {passed} | {len(results) - passed} | {_worst(results)} |"


def _worst(results: Sequence[Result]) -> str:
    names = dict.fromkeys(name for result in results for name in result.figures)
    worst = {name: max(result.figures[name] for result in results if name in result.figures) for name in names}
    return ", ".join(f"{value:.3g} {name}" for name, value in worst.items())


def _now() -> str:
    return f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC"


def _commit() -> str:
    def git(*words: str) -> str:
        command = ["git", "-C", str(Path(__file__).parent), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    return git("rev-parse", "--short=10", "HEAD") + (" with changes" if git("status", "--porcelain") else "")
