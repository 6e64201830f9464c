"""The page of leaders: who holds each Lease, how fresh that is, and who would take over. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.view import deployments, pods
from kubectl_prism.view.age import duration, parse
from kubectl_prism.view.bar import bar
from kubectl_prism.view.cells import aged, counted, stated
from kubectl_prism.view.health import Severity
from kubectl_prism.view.leader import Leadership
from kubectl_prism.view.objects import Objects
from kubectl_prism.view.stack import programs
from kubectl_prism.view.table import Cell, Column, Row
from kubectl_prism.view.verdict import node_of
from kubectl_prism.view.wishes import ZONE

COLUMNS = (
    Column("LEASE"),
    Column("FOR"),
    Column("STATUS"),
    Column("HOLDER"),
    Column("NODE", wide=True),
    Column("ZONE", wide=True),
    Column("SINCE", wide=True, right=True),
    Column("RENEWED"),
    Column("TRANSITIONS", wide=True, right=True),
)
LATE = 2 / 3
"""The share of a Lease's duration after which its holder is late: client-go gives up leading about then."""


def rows(found: Iterable[Leadership], now: datetime) -> list[Row]:
    """Return a row for every Lease that admins or reconcilers elect by, in the order given."""
    return [_row(one, now) for one in found]


def standbys(stack: Manifest, objects: Objects, *, leader: str = "") -> list[str]:
    """Return who would take over: the ready admin pods of a stack but for the pod `leader`, with node and zone."""
    zones = {meta.key(node).name: str(meta.labels(node).get(ZONE) or "") for node in objects.nodes}
    admins = [made for kind, made in programs(stack, objects) if kind == "admin"]
    found = [pod for made in admins for deployment in made for pod in deployments.selected(deployment, objects)]
    return [
        _standby(pod, zones.get(node_of(pod), ""))
        for pod in sorted(found, key=meta.key)
        if pods.is_ready(pod) and meta.key(pod).name != leader
    ]


def elector(one: Leadership, objects: Objects) -> Manifest | None:
    """Return the stack whose admins elect by a Lease; None for the Lease of a reconciler."""
    home = [stack for stack in objects.stacks if meta.key(stack).namespace == one.lease.namespace]
    return next((stack for stack in home if f"stack {meta.key(stack).name}" == one.owner), None)


def _row(one: Leadership, now: datetime) -> Row:
    ref = Ref("Lease", *one.lease)
    cells = (
        Cell(str(one.lease)),
        Cell(one.owner),
        stated(one.health),
        Cell(one.holder or "<none>"),
        Cell(f"{one.node} (simulated)" if one.simulated else one.node),
        Cell(one.zone),
        aged(one.acquired, now, otherwise="") if one.holder else Cell(""),
        _renewed(one, now),
        counted(one.transitions),
    )
    return Row(f"{ref} for {one.owner}", ref, cells, one.health.severity)


def _renewed(one: Leadership, now: datetime) -> Cell:
    """Return how much of its duration a Lease has gone without being renewed, as a bar that fills up."""
    time = parse(one.renewal)
    if time is None or not one.holder:
        return Cell("")
    silent = max(0.0, (now - time).total_seconds())
    share = silent / one.lasts if one.lasts > 0 else 1.0
    severity = Severity.BAD if share > 1 else Severity.WAITING if share > LATE else Severity.OK
    return Cell(f"{duration(silent)}/{one.lasts:g}s {bar(share)}", severity, silent)


def _standby(pod: Manifest, zone: str) -> str:
    node = node_of(pod)
    place = f" on {node}" if node else ""
    return f"{meta.key(pod).name}{place}{f' in {zone}' if zone else ''}"
