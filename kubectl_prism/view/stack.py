"""A stack as a tree: stack → component → pods, each with its health, worst first.

Children are found by owner and by the selector of their Deployment, never by name, so a tree holds what is really
there; what the spec wants and nobody has made yet is a component that waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Key, Manifest
from kubectl_prism.view import deployments, lenient, pods
from kubectl_prism.view.age import age
from kubectl_prism.view.health import Health, Severity, health
from kubectl_prism.view.objects import Objects
from kubectl_prism.view.pods import PodRow

ComponentKind = Literal["proxy", "admin", "pattern", "backend", "namespace"]
_ORDER: tuple[ComponentKind, ...] = ("proxy", "admin", "pattern", "backend", "namespace")
_CUSTOM: tuple[tuple[ComponentKind, str, str], ...] = (
    ("pattern", "patterns", "PrismPattern"),
    ("backend", "backends", "PrismBackend"),
    ("namespace", "namespaces", "PrismNamespace"),
)
_MISSING = Health(Severity.WAITING, "Missing", "NotCreated", "is not created yet")


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a stack; `ready` counts pods as `available/wanted` and is empty where there are none to count."""

    kind: ComponentKind
    name: str
    health: Health
    ready: str = ""
    detail: str = ""
    age: str = ""
    pods: tuple[PodRow, ...] = ()


@dataclass(frozen=True, slots=True)
class StackTree:
    """A stack with its components, worst first; `name` is empty for what belongs to no stack."""

    namespace: str
    name: str
    health: Health
    age: str
    components: tuple[Component, ...]

    @property
    def severity(self) -> Severity:
        """The worst severity of the stack and its components."""
        return max([self.health.severity, *(component.health.severity for component in self.components)])

    @property
    def is_ready(self) -> bool:
        """The stack and its components are Ready, but for what nobody can check from here."""
        return self.severity <= Severity.UNKNOWN

    @property
    def simulated(self) -> bool:
        """At least one of its pods runs on a simulated node, so nothing really runs in it."""
        return any(pod.simulated for component in self.components for pod in component.pods)


def trees(objects: Objects, now: datetime) -> tuple[StackTree, ...]:
    """Return every stack, and for each namespace one tree without a name for what no stack owns; worst first."""
    owned = {meta.uid(stack) for stack in objects.stacks}
    found = [tree(stack, objects, now) for stack in objects.stacks]
    found += _unowned(objects, owned, now)
    return tuple(sorted(found, key=lambda tree: (-tree.severity, tree.namespace, tree.name == "", tree.name)))


def tree(stack: Manifest, objects: Objects, now: datetime) -> StackTree:
    """Return one stack with everything that belongs to it."""
    parts = [*_programs(stack, objects, now), *_members(stack, objects, now)]
    return StackTree(*meta.key(stack), health=health(stack), age=_age(stack, now), components=_sorted(parts))


def _programs(stack: Manifest, objects: Objects, now: datetime) -> Iterable[Component]:
    spec = lenient.mapping(stack.get("spec"))
    kinds: Sequence[tuple[ComponentKind, str]] = (("proxy", "prism-proxy"), ("admin", "prism-admin"))
    for kind, label in kinds:
        if kind == "admin" and lenient.mapping(spec.get("admin")).get("enabled") is False:
            continue
        made = [d for d in objects.owned(stack, "deployments") if meta.labels(d).get("component") == label]
        yield from (_program(kind, deployment, objects, now) for deployment in made)
        if not made:
            yield Component(kind, f"{meta.key(stack).name}-{kind}", _MISSING)


def _program(kind: ComponentKind, deployment: Manifest, objects: Objects, now: datetime) -> Component:
    rows = _pods(deployment, objects, now)
    judged = deployments.judged(deployment, rows)
    name = meta.key(deployment).name
    return Component(kind, name, judged, deployments.counts(deployment), age=_age(deployment, now), pods=rows)


def _members(stack: Manifest, objects: Objects, now: datetime) -> Iterable[Component]:
    for kind, field, _ in _CUSTOM:
        mine = objects.owned(stack, field)
        yield from (_member(kind, obj, objects, now) for obj in mine)
        names = {meta.key(obj).name for obj in mine}
        for wanted in lenient.mappings(lenient.mapping(stack.get("spec")).get(field)):
            if wanted.get("name") not in names:
                yield Component(kind, str(wanted.get("name")), _MISSING)


def _member(kind: ComponentKind, obj: Manifest, objects: Objects, now: datetime) -> Component:
    component = Component(kind, meta.key(obj).name, health(obj), detail=_detail(kind, obj), age=_age(obj, now))
    made = objects.owned(obj, "deployments") if kind == "pattern" else []
    if not made:
        return component
    rows = _pods(made[0], objects, now)
    # The pattern's own Ready is as old as its reconciler's last look; its Deployment says what is now.
    own = component.health
    judged = deployments.judged(made[0], rows) if own.is_ok else deployments.explained(own, made[0], rows)
    judged = own if judged.is_ok else judged
    return replace(component, health=judged, ready=deployments.counts(made[0]), pods=rows)


def _detail(kind: ComponentKind, obj: Manifest) -> str:
    spec = lenient.mapping(obj.get("spec"))
    match kind:
        case "pattern":
            return f"{spec.get('pattern')} on {spec.get('backend')}"
        case "backend":
            return str(spec.get("provider") or spec.get("type") or "")
        case _:
            return ""


def _unowned(objects: Objects, owners: set[str], now: datetime) -> list[StackTree]:
    homes: dict[str, list[Component]] = {}
    for kind, field, _ in _CUSTOM:
        for obj in getattr(objects, field):
            if (meta.controller_of(obj) or {}).get("uid") not in owners:
                homes.setdefault(meta.key(obj).namespace, []).append(_member(kind, obj, objects, now))
    fine = Health(Severity.OK, "")
    return [StackTree(namespace, "", fine, "", _sorted(parts)) for namespace, parts in homes.items()]


def _sorted(components: Iterable[Component]) -> tuple[Component, ...]:
    return tuple(sorted(components, key=lambda part: (-part.health.severity, _ORDER.index(part.kind), part.name)))


def _pods(deployment: Manifest, objects: Objects, now: datetime) -> tuple[PodRow, ...]:
    selected = deployments.selected(deployment, objects)
    nodes = objects.simulated_nodes
    rows = [pods.row(pod, now, simulated_nodes=nodes) for pod in selected]
    return tuple(sorted(rows, key=lambda row: (-row.health.severity, row.name)))


def _age(obj: Manifest, now: datetime) -> str:
    return age(lenient.mapping(obj.get("metadata")).get("creationTimestamp"), now)


def find(trees: Iterable[StackTree], key: Key) -> StackTree | None:
    """Return the tree of one stack."""
    return next((tree for tree in trees if Key(tree.namespace, tree.name) == key), None)
