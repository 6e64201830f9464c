"""The page that a run writes, and what it prints: the same tables in two clothes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from bench import report
from bench.report import Rounds

Rows = Sequence[Sequence[str]]
Lay = Callable[[Rows], str]

INTRODUCTION = """# Performance

`make bench` measures this and writes this page; nobody types a number. Several programs do the same work on one machine
in one run, each in a cluster of its own that is removed afterwards, in turns:

- **floor**: a bare client creates the Deployments and Services that the patterns would get, without any operator. That
  is what the cluster itself costs.
- **ours**: `kubectl-prism operator`.
- **kopf**: an operator for PrismPattern written with [Kopf](https://kopf.readthedocs.io), as its documentation teaches.
  It makes a smaller Deployment and a Service, repairs them and writes conditions; ours makes a ConfigMap besides.

The cluster, the operator and the measuring program share the machine, so times say how much work there is in all, and
only ratios mean something elsewhere. Several rounds show as minimum / median / maximum.
"""

MEANING = """## What is measured

- Requests are counted by the API server's audit log, for every operator alike. Requests for Leases are left out.
- CPU is user and system time of the operator's process, RSS its resident memory, by the kernel.
- *First write* is the time from the API server receiving a change to it receiving the operator's first write to the
  pattern or its Deployment, by its own clock. *Seen* is the time from sending the change until another watcher sees the
  Deployment changed: both ways through the API server are in it.
- Drift: another field manager changes the image of every second Deployment and the replicas of the others, all at once.
- *Until all are looked at* ends when our operator says by its metrics that it has reconciled every pattern and has
  nothing left to do. *To a missed change* is from the start of the process until a pattern that changed meanwhile has
  its Deployment changed; with it all operators can be compared.
- Resyncs and loop stalls are measured on our engine in a process of the bench. Changes during a resync happen while
  resyncs follow one another without a pause.
- While the API server is down, another socket takes its port, counts connections and closes each after its hello.
  An operator that has ended by then is started again when the API server is back, as Kubernetes would.
"""


def page(machine: Rows, sizes: Mapping[int, Rounds]) -> str:
    """Return docs/performance.md."""
    parts = [INTRODUCTION, *_parts(machine, sizes, report.markdown), MEANING]
    return "\n".join(parts)


def terminal(machine: Rows, sizes: Mapping[int, Rounds]) -> str:
    """Return what a run prints."""
    return "\n".join(_parts(machine, sizes, report.text))


def _parts(machine: Rows, sizes: Mapping[int, Rounds], lay: Lay) -> Iterator[str]:
    yield lay(machine) + "\n"
    yield "## Targets\n"
    yield lay(report.verdicts(sizes)) + "\n"
    for size, rounds in sizes.items():
        yield f"## {size} patterns\n"
        yield lay(report.table(rounds)) + "\n"
        yield lay(report.requests(rounds, size)) + "\n"
        for failure in (one.failure for outcomes in rounds.values() for one in outcomes if one.failure):
            yield f"A session ended early. {failure}\n"
    yield "## Memory by pattern\n"
    yield lay(report.slope(sizes)) + "\n"
