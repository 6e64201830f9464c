"""Turns figures into tables: for the terminal, and for docs/performance.md, which nobody writes by hand.

Pure but for `machine`, which asks this machine and git who they are.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import math
import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.peers import FLOOR, OURS, ROOT, VENV
from bench.session import Outcome
from bench.targets import Target, judged
from kubectl_prism.sandbox.programs import KUBERNETES, KWOK

Rounds = Mapping[str, Sequence[Outcome]]
"""Every outcome of a peer, in the order of the rounds."""

AGAINST_FLOOR = ("seconds to available", "seconds to Ready")


def number(value: float) -> str:
    """Write a figure with three digits; what was never reached says so."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "never"
    return f"{value:.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.3g}"


def spread(values: Sequence[float]) -> str:
    """Write minimum / median / maximum, or one value."""
    if len(values) < 2:
        return number(values[0]) if values else "–"
    return " / ".join(number(value) for value in (min(values), statistics.median(values), max(values)))


def values(outcomes: Sequence[Outcome], figure: str) -> list[float]:
    """Return a figure of every round that has it."""
    return [outcome.figures[figure] for outcome in outcomes if figure in outcome.figures]


def ratios(one: Sequence[float], other: Sequence[float]) -> list[float]:
    """Return the ratios round by round."""
    return [a / b if b else math.nan for a, b in zip(one, other, strict=False)]


def table(rounds: Rounds) -> list[list[str]]:
    """Return the rows of one size: every figure by peer, and against ours, with minimum / median / maximum."""
    others = [name for name in rounds if name not in (FLOOR, OURS)]
    figures = list(dict.fromkeys(figure for outcomes in rounds.values() for one in outcomes for figure in one.figures))
    rows = [["", *rounds, *(f"{name} : {OURS}" for name in others)]]
    for figure in figures:
        found = {name: values(outcomes, figure) for name, outcomes in rounds.items()}
        against = [ratios(found[name], found.get(OURS, [])) for name in others]
        rows.append([figure, *map(spread, found.values()), *map(spread, against)])
    base = values(rounds.get(FLOOR, ()), "seconds to available")
    for figure in AGAINST_FLOOR:
        against = [ratios(values(outcomes, figure), base) for outcomes in rounds.values()]
        rows.append([f"{figure}, × floor", *map(spread, against), *("–" for _ in others)])
    return rows


def requests(rounds: Rounds, patterns: int) -> list[list[str]]:
    """Return the requests per object of the create workload by verb and resource, of the last round."""
    counts = {name: outcomes[-1].requests for name, outcomes in rounds.items() if name != FLOOR and outcomes}
    kinds = sorted({kind for count in counts.values() for kind in count})
    rows = [[kind, *(number(count[kind] / patterns) for count in counts.values())] for kind in kinds]
    return [["requests per object", *counts], *rows]


def slope(sizes: Mapping[int, Rounds]) -> list[list[str]]:
    """Return how resident memory grows with each pattern between the smallest and the largest size, in KiB.

    Where there is one size, it is between one pattern and that size.
    """
    small, large = min(sizes), max(sizes)
    rows = [["memory", "KiB per pattern"]]
    for name in sizes[small]:
        first = "RSS before, MiB" if small == large else "RSS, MiB"
        ends = [values(sizes[small].get(name, ()), first), values(sizes[large].get(name, ()), "RSS, MiB")]
        if name != FLOOR and all(ends):
            grown = statistics.median(ends[1]) - statistics.median(ends[0])
            rows.append([name, number(grown * 1024 / (large - small or small))])
    return rows


def verdicts(sizes: Mapping[int, Rounds]) -> list[list[str]]:
    """Return every target with what was measured."""
    rows = [["target", "measured", "limit", "met"]]
    for target, found in judged(sizes):
        measured = spread(found)
        rows.append([target.title, measured, number(target.limit), _met(target, found)])
    return rows


def _met(target: Target, found: Sequence[float]) -> str:
    if not found:
        return "not measured"
    return "yes" if target.holds(statistics.median(found)) else "no"


def text(rows: Sequence[Sequence[str]]) -> str:
    """Lay rows out for a terminal."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Lay rows out as a Markdown table."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def machine() -> list[list[str]]:
    """Say where, when and of what this was measured."""
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kopf = [
        path.name.removesuffix(".dist-info").split("-")[1] for path in VENV.glob("lib/*/site-packages/kopf-*.dist-info")
    ]
    dirty = " with changes that are not committed" if _git("status", "--porcelain", "kubectl_prism") else ""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("aiohttp", "uvloop", "msgspec", "pydantic")]
    return [
        ["", ""],
        ["Date", datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")],
        ["Commit", _git("rev-parse", "--short=12", "HEAD") + dirty],
        ["Machine", f"{os.cpu_count()} cores, {model.partition(': ')[2]}, {memory:.0f} GiB, {platform.system()}"],
        ["Load before", ", ".join(f"{load:.2f}" for load in os.getloadavg())],
        ["Cluster", f"Kubernetes {KUBERNETES}, kwok {KWOK}"],
        ["Ours", f"Python {platform.python_version()}, {', '.join(versions)}"],
        ["Kopf", ", ".join(kopf) or "not installed"],
    ]


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip()
