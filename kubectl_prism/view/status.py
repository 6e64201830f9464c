"""`kubectl prism status` as text and as data: one line for each stack, component and pod, worst first.

A long stack shows what is not Ready in full and of the rest a few lines; `wide` shows everything. `Paint` colours a
cell by its severity; the word in it says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from kubectl_prism.model.meta import API_VERSION, Manifest
from kubectl_prism.view.health import Health, Severity
from kubectl_prism.view.pods import PodRow
from kubectl_prism.view.stack import Component, StackTree

Paint = Callable[[str, Severity], str]

HEADERS = ("NAME", "STATUS", "READY", "AGE", "REASON")
FEW = 12
"""As many pods, and as many Ready components, of one stack are shown without being asked for."""


def _plain(text: str, _severity: Severity) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the screen; `depth` 0 is a stack, 1 a component, 2 a pod."""

    depth: int
    name: str
    health: Health
    ready: str = ""
    age: str = ""
    note: str = ""


def lines(trees: Sequence[StackTree], paint: Paint = _plain, *, wide: bool = False) -> list[str]:
    """Return the lines of the screen, a summary last."""
    shown = [line for tree in trees for line in tree_lines(tree, wide=wide)]
    cells = [(f"{'  ' * line.depth}{line.name}", line.health.word, line.ready, line.age, line.note) for line in shown]
    widths = [max(map(len, column)) for column in zip(HEADERS, *cells, strict=True)]
    painted = [
        _columns((row[0], paint(row[1], line.health.severity), *row[2:]), widths, row)
        for row, line in zip(cells, shown, strict=True)
    ]
    return [_columns(HEADERS, widths, HEADERS), *painted, "", summary(trees)]


def tree_lines(tree: StackTree, *, wide: bool = False) -> Iterator[Line]:
    """Return the lines of one stack."""
    yield _head(tree)
    shows_pods = wide or sum(len(component.pods) for component in tree.components) <= FEW
    is_shown = [wide or index < FEW or not part.health.is_ok for index, part in enumerate(tree.components)]
    for component, shown in zip(tree.components, is_shown, strict=True):
        if shown:
            yield _component_line(component)
            yield from (_pod_line(pod) for pod in component.pods if shows_pods or not pod.health.is_ok)
    if hidden := is_shown.count(False):
        yield Line(1, f"… and {hidden} more", Health(Severity.OK, "Ready"), note="-o wide shows them")


def summary(trees: Iterable[StackTree]) -> str:
    """Return the counts in one sentence, which also says when pods are simulated."""
    found = list(trees)
    components = [component for tree in found for component in tree.components]
    pods = [pod for component in components for pod in component.pods]
    bad = sum(not component.health.is_fine for component in components)
    waiting = sum(bool(tree.name) and not tree.is_ready for tree in found)
    counted = [
        _count(sum(bool(tree.name) for tree in found), "stack", waiting),
        _count(len(components), "component", bad),
        _count(len(pods), "pod", sum(not pod.health.is_ok for pod in pods)),
    ]
    simulated = "; pods are simulated: nothing runs in them" if any(pod.simulated for pod in pods) else ""
    return ", ".join(counted) + simulated


def data(trees: Iterable[StackTree]) -> Manifest:
    """Return the same as data, for `-o json` and its kin: the keys are stable."""
    found = list(trees)
    return {
        "apiVersion": API_VERSION,
        "kind": "StatusList",
        "ready": all(tree.is_ready for tree in found),
        "items": [_tree_data(tree) for tree in found],
    }


def _head(tree: StackTree) -> Line:
    health = tree.verdict
    if not tree.name:
        return Line(0, f"{tree.namespace} (no stack)", health)
    return Line(0, f"{tree.namespace}/{tree.name}", health, age=tree.age, note=_note(health))


def _component_line(component: Component) -> Line:
    note = _note(component.health) or component.detail
    return Line(1, f"{component.kind} {component.name}", component.health, component.ready, component.age, note)


def _pod_line(pod: PodRow) -> Line:
    place = f"on {pod.node}" + (" (simulated)" if pod.simulated else "") if pod.node else ""
    restarts = f"{pod.restarts} restarts" if pod.restarts else ""
    note = ", ".join(part for part in (_note(pod.health), place, restarts) if part)
    return Line(2, f"pod {pod.name}", pod.health, pod.ready, pod.age, note)


def _note(health: Health) -> str:
    return "" if health.is_ok else " ".join(health.explanation.split())


def _columns(cells: Sequence[str], widths: Sequence[int], plain: Sequence[str]) -> str:
    padded = [cell + " " * (width - len(bare)) for cell, width, bare in zip(cells, widths, plain, strict=True)]
    return "   ".join(padded).rstrip()


def _count(total: int, noun: str, failing: int) -> str:
    words = f"{total} {noun}" if total == 1 else f"{total} {noun}s"
    return f"{words} ({failing} not ready)" if failing else words


def _tree_data(tree: StackTree) -> Manifest:
    return {
        "kind": "PrismStack" if tree.name else "",
        "namespace": tree.namespace,
        "name": tree.name,
        **_health_data(tree.health if tree.name else Health(tree.severity, "")),
        "allReady": tree.is_ready,
        "simulated": tree.simulated,
        "components": [
            {
                "kind": component.kind,
                "name": component.name,
                **_health_data(component.health),
                "pods": component.ready,
                "detail": component.detail,
                "podList": [_pod_data(pod) for pod in component.pods],
            }
            for component in tree.components
        ],
    }


def _pod_data(pod: PodRow) -> Manifest:
    return {
        "name": pod.name,
        **_health_data(pod.health),
        "containers": pod.ready,
        "restarts": pod.restarts,
        "node": pod.node,
        "simulated": pod.simulated,
    }


def _health_data(health: Health) -> Manifest:
    return {
        "ready": health.is_ok,
        "severity": health.severity.name.lower(),
        "status": health.word,
        "reason": health.reason,
        "message": health.message,
    }
