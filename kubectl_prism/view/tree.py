"""One stack as the rows of a table: stack → component → Deployment → pods, each with where it runs and what ails it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.view.health import Health, Severity, health
from kubectl_prism.view.objects import Objects
from kubectl_prism.view.pieces import Pieces, in_pieces
from kubectl_prism.view.pods import PodRow
from kubectl_prism.view.stack import Component, StackTree
from kubectl_prism.view.stack import tree as stack_tree
from kubectl_prism.view.table import Cell, Column, Row
from kubectl_prism.view.wishes import ZONE

COLUMNS = (
    Column("NAME"),
    Column("STATUS"),
    Column("READY"),
    Column("RESTARTS", wide=True, right=True),
    Column("NODE", wide=True),
    Column("ZONE", wide=True),
    Column("AGE", right=True),
    Column("REASON"),
)

KINDS = {"pattern": "PrismPattern", "backend": "PrismBackend", "namespace": "PrismNamespace"}
"""The kind of a component's object; the stack's own programs are Deployments."""


def chosen(objects: Objects, wanted: Ref | None) -> Manifest | None:
    """Return the stack that is wanted, or the worst where it is not there; None where there is none."""
    found = sorted(objects.stacks, key=lambda stack: (-health(stack).severity, meta.key(stack)))
    keys = [meta.key(stack) for stack in found]
    if wanted is not None and wanted.key in keys:
        return found[keys.index(wanted.key)]
    return found[0] if found else None


@in_pieces
def rows(stack: Manifest, objects: Objects, now: datetime, *, folded: Collection[str] = ()) -> Pieces[list[Row]]:
    """Return the rows of a stack from the top; of a row whose key is in `folded`, none that are below it."""
    grown = yield from stack_tree.pieces(stack, objects, now)
    zones = {meta.key(node).name: str(meta.labels(node).get(ZONE) or "") for node in objects.nodes}
    found = []
    for row in _stack(grown, zones, folded):
        found.append(row)
        yield
    return found


def _stack(tree: StackTree, zones: dict[str, str], folded: Collection[str]) -> Iterator[Row]:
    ref = Ref("PrismStack", tree.namespace, tree.name)
    yield _row(0, "", ref, tree.verdict, age=tree.age, is_folded=str(ref) in folded)
    if str(ref) not in folded:
        for part in tree.components:
            yield from _component(part, tree, zones, folded)


def _component(part: Component, tree: StackTree, zones: dict[str, str], folded: Collection[str]) -> Iterator[Row]:
    kind = KINDS.get(part.kind, "Deployment")
    ref = Ref(kind, tree.namespace, part.name)
    is_folded = str(ref) in folded
    yield _row(1, part.kind, ref, part.health, ready=part.ready, age=part.age, detail=part.detail, is_folded=is_folded)
    if is_folded:
        return
    depth = 2
    if kind == "PrismPattern" and part.ready:
        made = Ref("Deployment", tree.namespace, part.name)
        worst = max((pod.health for pod in part.pods), key=lambda health: health.severity, default=part.health)
        yield _row(2, "deployment", made, worst if part.pods else part.health, ready=part.ready)
        depth = 3
    for pod in sorted(part.pods, key=lambda pod: (-pod.health.severity, pod.name)):
        yield _pod(depth, pod, zones)


def _pod(depth: int, pod: PodRow, zones: dict[str, str]) -> Row:
    ref = Ref("Pod", pod.namespace, pod.name)
    node = f"{pod.node} (sim)" if pod.simulated else pod.node
    zone = zones.get(pod.node, "")
    return _row(
        depth, "pod", ref, pod.health, ready=pod.ready, age=pod.age, node=node, zone=zone, restarts=pod.restarts
    )


def _row(
    depth: int,
    kind: str,
    ref: Ref,
    health: Health,
    *,
    ready: str = "",
    age: str = "",
    node: str = "",
    zone: str = "",
    restarts: int | None = None,
    detail: str = "",
    is_folded: bool = False,
) -> Row:
    name = f"{'  ' * depth}{kind} {ref.name}" if kind else ref.name
    reason = " ".join(health.explanation.split()) if not health.is_ok else detail
    cells = (
        Cell(f"{name} …" if is_folded else name),
        Cell(health.word, health.severity),
        Cell(ready),
        Cell("" if restarts is None else str(restarts), Severity.WAITING if restarts else None, restarts),
        Cell(node),
        Cell(zone),
        Cell(age),
        Cell(reason),
    )
    return Row(key=str(ref), ref=ref, cells=cells, severity=health.severity)
