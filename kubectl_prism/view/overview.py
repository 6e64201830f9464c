"""The first page: a row for every stack, and one for each Kubernetes namespace with what belongs to no stack.

The words are those of `stack.trees` and `waits`: both read the same trees, here brief ones, so that thousands of pods
that are fine cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Key, Manifest, Ref
from kubectl_prism.view import deployments, lenient
from kubectl_prism.view.bar import bar
from kubectl_prism.view.cells import aged, one_line, shared, stated
from kubectl_prism.view.health import Severity, worst
from kubectl_prism.view.objects import Objects
from kubectl_prism.view.pieces import Pieces, in_pieces
from kubectl_prism.view.stack import Brief, Component, ComponentKind, StackTree, programs, runner, trees, unowned
from kubectl_prism.view.table import BLANK, Cell, Column, Row
from kubectl_prism.view.waits import tree_reasons

COLUMNS = (
    Column("NAME"),
    Column("STATUS"),
    Column("READY"),
    Column("PROXIES", wide=True, right=True),
    Column("ADMINS", wide=True, right=True),
    Column("PATTERNS", wide=True, right=True),
    Column("BACKENDS", wide=True, right=True),
    Column("NAMESPACES", wide=True, right=True),
    Column("WAITS FOR"),
    Column("AGE", right=True),
)
_PROGRAMS: tuple[ComponentKind, ...] = ("proxy", "admin")
_MEMBERS: tuple[ComponentKind, ...] = ("pattern", "backend", "namespace")


@in_pieces
def rows(objects: Objects, now: datetime, memory: Brief | None = None) -> Pieces[list[Row]]:
    """Return the rows, the worst first; `memory` is of earlier looks."""
    born = {meta.key(stack): _born(stack) for stack in objects.stacks}
    found = []
    for tree in (yield from trees.pieces(objects, now, is_brief=True, memory=memory)):
        found.append(_row(tree, born, now))
        yield
    return found


@in_pieces
def ready(objects: Objects) -> Pieces[Mapping[str, tuple[int, int]]]:
    """Return how many pods are available and how many are wanted, by the key of the row."""
    found = {}
    for stack in objects.stacks:
        found[_key(*meta.key(stack))] = _sum(_deployments(stack, objects))
        yield
    homes: dict[str, list[Manifest | None]] = {}
    for field in ("patterns", "backends", "namespaces"):
        for obj in unowned(objects, field):
            runs = runner(obj, objects) if field == "patterns" else None
            homes.setdefault(meta.key(obj).namespace, []).append(runs)
    return found | {_key(namespace, ""): _sum(runners) for namespace, runners in homes.items()}


def _deployments(stack: Manifest, objects: Objects) -> Iterable[Manifest | None]:
    for _, made in programs(stack, objects):
        yield from made
    yield from (runner(pattern, objects) for pattern in objects.owned(stack, "patterns"))


def _sum(found: Iterable[Manifest | None]) -> tuple[int, int]:
    available = wanted = 0
    for deployment in found:
        if deployment is not None:
            one, all = deployments.numbers(deployment)
            available, wanted = available + one, wanted + all
    return available, wanted


def _key(namespace: str, stack: str) -> str:
    return str(Ref("PrismStack", namespace, stack)) if stack else f"Namespace {namespace}"


def _row(tree: StackTree, born: Mapping[Key, object], now: datetime) -> Row:
    place = Key(tree.namespace, tree.name)
    parts: dict[ComponentKind, list[Component]] = {kind: [] for kind in (*_PROGRAMS, *_MEMBERS)}
    for component in tree.components:
        parts[component.kind].append(component)
    cells = (
        Cell(str(place) if tree.name else f"{tree.namespace} (no stack)"),
        stated(tree.verdict),
        _ready(tree.components),
        *(_program(parts[kind]) for kind in _PROGRAMS),
        *(_member(parts[kind]) for kind in _MEMBERS),
        Cell(one_line(next(iter(tree_reasons(tree)), ""))),
        aged(born.get(place), now) if tree.name else BLANK,
    )
    return Row(_key(*place), Ref("PrismStack", *place) if tree.name else None, cells, tree.severity)


def _ready(parts: Iterable[Component]) -> Cell:
    available, wanted = _pods(parts)
    if not wanted:
        return Cell("-")
    share = available / wanted
    return Cell(f"{available}/{wanted} {bar(share)}", order=share)


def _program(parts: Sequence[Component]) -> Cell:
    severity = _worst(parts)
    if parts and not any(part.ready for part in parts):
        return Cell(parts[0].health.word.lower(), severity, 0.0)
    return shared(*_pods(parts), severity)


def _pods(parts: Iterable[Component]) -> tuple[int, int]:
    available = wanted = 0
    for part in parts:
        if part.ready:
            one, _, all = part.ready.partition("/")
            available, wanted = available + int(one), wanted + int(all)
    return available, wanted


def _member(parts: Sequence[Component]) -> Cell:
    return shared(sum(part.health.is_ok for part in parts), len(parts), _worst(parts))


def _worst(parts: Iterable[Component]) -> Severity:
    return worst(*(part.health.severity for part in parts))


def _born(stack: Manifest) -> object:
    return lenient.mapping(stack.get("metadata")).get("creationTimestamp")
