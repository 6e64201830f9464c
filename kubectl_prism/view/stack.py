"""A stack as a tree: stack → component → pods, each with its health, worst first.

Children are found by owner and by the selector of their Deployment, never by name, so a tree holds what is really
there; what the spec wants and nobody has made yet is a component that waits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Literal, NamedTuple

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Key, Manifest
from kubectl_prism.view import deployments, lenient, pods
from kubectl_prism.view.age import age
from kubectl_prism.view.health import Health, Severity, health
from kubectl_prism.view.memory import Memory
from kubectl_prism.view.objects import KINDS, Objects
from kubectl_prism.view.pieces import Pieces, in_pieces
from kubectl_prism.view.pods import PodRow

ComponentKind = Literal["proxy", "admin", "pattern", "backend", "namespace"]
_ORDER: tuple[ComponentKind, ...] = ("proxy", "admin", "pattern", "backend", "namespace")
_CUSTOM: tuple[tuple[ComponentKind, str], ...] = (
    ("pattern", "patterns"),
    ("backend", "backends"),
    ("namespace", "namespaces"),
)
_PROGRAMS: tuple[tuple[ComponentKind, str], ...] = (("proxy", "prism-proxy"), ("admin", "prism-admin"))
_MISSING = Health(Severity.WAITING, "Missing", "NotCreated", "is not created yet")
_UNREAD = Health(Severity.UNKNOWN, "Unknown", "NotReadable", "may not be read, so nothing is known of it")


class Component(NamedTuple):
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
    def verdict(self) -> Health:
        """How the whole is, in one word: as its stack says, unless its parts know worse."""
        if not self.name:
            first = next((component.health for component in self.components), self.health)
            return Health(self.severity, "Ready" if self.is_ready else first.word)
        if self.health.is_ok and not self.is_ready:
            unseen = "the reconciler has not judged this yet, or is not running"
            return Health(self.severity, "Degraded", message=unseen)
        return self.health

    @property
    def simulated(self) -> bool:
        """At least one of its pods runs on a simulated node, so nothing really runs in it."""
        return any(pod.simulated for component in self.components for pod in component.pods)


@in_pieces
def trees(
    objects: Objects, now: datetime, *, is_brief: bool = False, memory: Brief | None = None
) -> Pieces[tuple[StackTree, ...]]:
    """Return every stack, and for each namespace one tree without a name for what no stack owns; worst first.

    A brief tree judges the same and leaves out what a summary does not need: the pods, age and details of what is OK.
    `memory` is of earlier brief looks.
    """
    memory = Memory() if memory is None else memory
    memory.turn()
    look = _Look(objects, now, memory, is_brief)
    found = _unowned(look)
    for stack in objects.stacks:
        grown = yield from _tree(stack, look)
        found.append(grown)
    return tuple(sorted(found, key=lambda tree: (-tree.severity, tree.namespace, tree.name == "", tree.name)))


@in_pieces
def tree(stack: Manifest, objects: Objects, now: datetime) -> Pieces[StackTree]:
    """Return one stack with everything that belongs to it."""
    return (yield from _tree(stack, _Look(objects, now, Memory())))


Brief = Memory[Component | None]
"""What brief looks remember of patterns, backends and namespaces: None of what has to be looked at each time."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What is looked at, when, and whether only for what is not OK."""

    objects: Objects
    now: datetime
    memory: Brief
    is_brief: bool = False

    def pods(self, deployment: Manifest) -> tuple[PodRow, ...]:
        """Return the pods of a Deployment, worst first."""
        nodes = self.objects.simulated_nodes
        selected = deployments.selected(deployment, self.objects)
        rows = [pods.row(pod, self.now, simulated_nodes=nodes) for pod in selected]
        return tuple(sorted(rows, key=lambda row: (-row.health.severity, row.name)))

    def age(self, obj: Manifest) -> str:
        """Return the age of an object."""
        return age(lenient.mapping(obj.get("metadata")).get("creationTimestamp"), self.now)


def _tree(stack: Manifest, look: _Look) -> Pieces[StackTree]:
    parts = []
    for part in chain(_programs(stack, look), _members(stack, look)):
        parts.append(part)
        yield
    return StackTree(*meta.key(stack), health=health(stack), age=look.age(stack), components=_sorted(parts))


def programs(stack: Manifest, objects: Objects) -> Iterable[tuple[ComponentKind, list[Manifest]]]:
    """Return the Deployments of the stack's proxies and admins, none where one is missing that is wanted."""
    made = objects.owned(stack, "deployments")
    for kind, label in _PROGRAMS:
        if kind == "admin" and lenient.mapping(lenient.mapping(stack.get("spec")).get("admin")).get("enabled") is False:
            continue
        yield kind, [deployment for deployment in made if meta.labels(deployment).get("component") == label]


def _programs(stack: Manifest, look: _Look) -> Iterable[Component]:
    for kind, made in programs(stack, look.objects):
        yield from (_program(kind, deployment, look) for deployment in made)
        if not made:
            yield _unmade(kind, f"{meta.key(stack).name}-{kind}", "deployments", look)


def _program(kind: ComponentKind, deployment: Manifest, look: _Look) -> Component:
    judged, rows = _judged(deployment, look)
    name = meta.key(deployment).name
    return Component(kind, name, judged, deployments.counts(deployment), age=look.age(deployment), pods=rows)


def _judged(deployment: Manifest, look: _Look) -> tuple[Health, tuple[PodRow, ...]]:
    """Judge a Deployment by its pods; one that is OK without them is OK, so a brief look leaves them out."""
    if look.is_brief and (alone := deployments.judged(deployment, ())).is_ok:
        return alone, ()
    rows = look.pods(deployment)
    return deployments.judged(deployment, rows), rows


def _members(stack: Manifest, look: _Look) -> Iterable[Component]:
    for kind, field in _CUSTOM:
        names = set()
        for obj in look.objects.owned(stack, field):
            made = _member(kind, obj, look)
            names.add(made.name)
            yield made
        for wanted in lenient.mappings(lenient.mapping(stack.get("spec")).get(field)):
            if (name := str(wanted.get("name"))) not in names:
                yield _unmade(kind, name, field, look)


def _unmade(kind: ComponentKind, name: str, field: str, look: _Look) -> Component:
    """Return what the spec wants and is not to be seen: not made, or of a kind that we may not read."""
    return Component(kind, name, _UNREAD if KINDS[field] in look.objects.unread else _MISSING)


def _member(kind: ComponentKind, obj: Manifest, look: _Look) -> Component:
    made = runner(obj, look.objects) if kind == "pattern" else None
    if look.is_brief:
        found = look.memory.recall(partial(_fine, kind, obj, made), obj, made)
        return _whole(kind, obj, made, look) if found is None else found
    return _whole(kind, obj, made, look)


def _fine(kind: ComponentKind, obj: Manifest, made: Manifest | None) -> Component | None:
    """Return a brief component, which is the same at any time; None where its pods have to be looked at."""
    own, name = health(obj), meta.key(obj).name
    if made is None:
        return Component(kind, name, own)
    if own.is_ok and deployments.judged(made, ()).is_ok:
        return Component(kind, name, own, deployments.counts(made))
    return None


def _whole(kind: ComponentKind, obj: Manifest, made: Manifest | None, look: _Look) -> Component:
    own, name = health(obj), meta.key(obj).name
    detail, since = ("", "") if look.is_brief else (_detail(kind, obj), look.age(obj))
    if made is None:
        return Component(kind, name, own, detail=detail, age=since)
    # The pattern's own Ready is as old as its reconciler's last look; its Deployment says what is now.
    if own.is_ok:
        judged, rows = _judged(made, look)
    else:
        rows = look.pods(made)
        judged = deployments.explained(own, made, rows)
    return Component(kind, name, own if judged.is_ok else judged, deployments.counts(made), detail, since, rows)


def runner(pattern: Manifest, objects: Objects) -> Manifest | None:
    """Return the Deployment of a pattern, where it has one."""
    return next(iter(objects.owned(pattern, "deployments")), None)


def _detail(kind: ComponentKind, obj: Manifest) -> str:
    spec = lenient.mapping(obj.get("spec"))
    match kind:
        case "pattern":
            return f"{spec.get('pattern')} on {spec.get('backend')}"
        case "backend":
            return str(spec.get("provider") or spec.get("type") or "")
        case _:
            return ""


def _unowned(look: _Look) -> list[StackTree]:
    homes: dict[str, list[Component]] = {}
    for kind, field in _CUSTOM:
        for obj in unowned(look.objects, field):
            homes.setdefault(meta.key(obj).namespace, []).append(_member(kind, obj, look))
    fine = Health(Severity.OK, "")
    return [StackTree(namespace, "", fine, "", _sorted(parts)) for namespace, parts in homes.items()]


def unowned(objects: Objects, field: str) -> list[Manifest]:
    """Return the objects, of the kind that the field of this name holds, that no stack owns."""
    stacks = {meta.uid(stack): stack for stack in objects.stacks}
    found: tuple[Manifest, ...] = getattr(objects, field)
    if sum(len(objects.owned(stack, field)) for stack in stacks.values()) == len(found):
        return []  # as it mostly is; told without a look at each of thousands
    return [obj for obj in found if (meta.controller_of(obj) or {}).get("uid") not in stacks]


def _sorted(components: Iterable[Component]) -> tuple[Component, ...]:
    return tuple(sorted(components, key=lambda part: (-part.health.severity, _ORDER.index(part.kind), part.name)))


def find(trees: Iterable[StackTree], key: Key) -> StackTree | None:
    """Return the tree of one stack."""
    return next((tree for tree in trees if Key(tree.namespace, tree.name) == key), None)
