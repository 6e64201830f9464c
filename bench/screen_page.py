"""The page that a run of `bench.screen` writes, and what it prints: the same tables in two clothes."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from bench import report
from bench.sums import percentile

if TYPE_CHECKING:
    from bench.keys import Pressed
    from bench.screen import First, Load

Rows = Sequence[Sequence[str]]
Lay = Callable[[Rows], str]

TIMES, MORE = 1.2, 0.15
ANSWER = 100.0
DRAWINGS = 10.0
ANSWERS = ("times", "p50, ms", "max, ms", "without waits p50, ms", "max, ms")

INTRODUCTION = """# Performance of the dashboard

`make bench` measures this and writes this page; nobody types a number. The dashboard runs in a pseudo-terminal of 200
columns and 60 lines, in a session of its own, on the machine that everything else of the measurement runs on too.
"""

MEANING = """## What is measured

- *First frame*: from the start of the process until the names of the pages were written; of the empty application,
  which is Textual with one line of text, until that line was. Both are started in turn.
- The cluster is a real API server with objects whose status the bench tells; what would reconcile them is held still.
  Tenants, patterns and pods change in turn, by another process.
- *Answer*: from sending a key until the dashboard wrote what only this key brings: another page set off, another name
  under the cursor, a letter in the filter. Each piece that is written is looked at by itself, on a screen of cells.
- *Waits for a processor* are those of the dashboard's main thread, by the kernel: what others on the machine took.
- *Drawings a second*: what is written without a pause of 20 ms counts once, while no key is pressed.
- Requests are counted by the API server's audit log, from the start of the dashboard to the end of the keys. A watch
  begins with what is there, so that nothing is listed. One that brings nothing for 75 s is opened anew where it was:
  that of Events, for which the API server sends no bookmarks, and now and then one whose bookmark it left out. *In use*
  are those that are still being answered at the end.
"""


def page(first: First | None, load: Load | None) -> str:
    """Return docs/performance-screen.md."""
    return "\n".join([INTRODUCTION, *_parts(first, load, report.markdown), MEANING])


def terminal(first: First | None, load: Load | None) -> str:
    """Return what a run prints."""
    return "\n".join(_parts(first, load, report.text))


def _parts(first: First | None, load: Load | None, lay: Lay) -> Iterator[str]:
    yield lay([row for row in report.machine() if row[0] != "Kopf"]) + "\n"
    yield "## Targets\n"
    yield lay([["target", "measured", "limit", "met"], *_targets(first, load)]) + "\n"
    if first is not None:
        yield "## First frame\n"
        yield lay([["seconds, minimum / median / maximum", ""], *_first(first)]) + "\n"
    if load is not None:
        yield f"## {load.objects} objects, {load.changes:.0f} changes a second\n"
        yield lay([["", ""], *_load(load)]) + "\n"
        yield lay([["key", *ANSWERS], *_keys(load.pressed)]) + "\n"
        visits = [one for one in load.visits if one.key.name.startswith("page ")]
        yield lay([["page that was not seen before", *ANSWERS], *_keys(visits)]) + "\n"
        yield lay([["request", "times"], *([what, str(count)] for what, count in sorted(load.requests.items()))]) + "\n"


def _targets(first: First | None, load: Load | None) -> Iterator[list[str]]:
    if first is not None:
        limit = TIMES * statistics.median(first.empty) + MORE
        yield _judged("first frame, s (1.2 × empty + 0.15)", statistics.median(first.ours), limit)
    if load is not None:
        took = [one.took for one in load.pressed]
        yield _judged("answer to a key, p99, ms", percentile(took, 0.99), ANSWER)
        own = [one.own for one in load.pressed]
        yield _judged("the same without waits for a processor, ms", percentile(own, 0.99), ANSWER)
        yield _judged("drawings a second without a key", max(load.draws.values()), DRAWINGS)
        lists = sum(count for what, count in load.requests.items() if what.startswith(("list ", "get ")))
        yield _judged("lists and gets", lists, 0)
        yield _judged("watches in use of a kind, at most", max(load.in_use.values(), default=math.nan), 1)


def _judged(title: str, value: float, limit: float) -> list[str]:
    return [title, report.number(value), report.number(limit), "yes" if value <= limit else "no"]


def _first(first: First) -> Iterator[list[str]]:
    yield ["empty application", report.spread(first.empty)]
    yield ["ours", report.spread(first.ours)]
    yield ["ours : empty", report.spread(report.ratios(first.ours, first.empty))]


def _load(load: Load) -> Iterator[list[str]]:
    took = [one.took for one in load.pressed]
    yield ["keys", str(len(took))]
    own = [one.own for one in load.pressed]
    for name, values in (("answer", took), ("answer without waits for a processor", own)):
        for share in (0.5, 0.9, 0.99):
            yield [f"{name}, p{share * 100:.0f}, ms", report.number(percentile(values, share))]
        yield [f"{name}, max, ms", report.number(max(values, default=math.nan))]
    for name, rate in load.draws.items():
        yield [f"drawings a second at rest on {name}", report.number(rate)]
        yield [f"CPU at rest on {name}, % of a core", report.number(load.rest_cpu[name])]
    yield ["CPU while keys are pressed, % of a core", report.number(load.cpu * 100)]
    yield ["RSS, MiB", report.number(load.memory)]


def _keys(pressed: Sequence[Pressed]) -> Iterator[list[str]]:
    for name in dict.fromkeys(one.key.name for one in pressed):
        of_name = [one for one in pressed if one.key.name == name]
        told = [[one.took for one in of_name], [one.own for one in of_name]]
        figures = [figure for values in told for figure in (percentile(values, 0.5), max(values))]
        yield [name, str(len(of_name)), *map(report.number, figures)]
