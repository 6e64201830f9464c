"""What was seen, looked up once: whose an object is, which Deployment a pod is of, and what Events say.

Every area reads through it. Whatever an object holds, nothing here raises.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from math import inf
from typing import NamedTuple

from kubectl_prism.model import meta
from kubectl_prism.model.conditions import NOT_RECONCILED, READY, RECONCILING, STALLED
from kubectl_prism.model.finding import Link
from kubectl_prism.model.meta import Key, Manifest, Ref
from kubectl_prism.view import deployments, lenient
from kubectl_prism.view.age import parse
from kubectl_prism.view.findings.case import quoted
from kubectl_prism.view.findings.nodes import Node, node
from kubectl_prism.view.objects import KINDS, Objects

OPERATOR = "prism-operator"
_DEEPEST = 4


class Thing(NamedTuple):
    """An object with its reference."""

    ref: Ref
    obj: Manifest


class Said(NamedTuple):
    """A condition."""

    type: str
    status: str
    reason: str
    message: str

    def __str__(self) -> str:
        return ", ".join(part for part in (self.status, self.reason, self.message) if part)


def thing(kind: str, obj: Manifest) -> Thing:
    """Return an object of this kind with its reference."""
    metadata = lenient.mapping(obj.get("metadata"))
    return Thing(Ref(kind, lenient.text(metadata.get("namespace")), lenient.text(metadata.get("name"))), obj)


def condition(obj: Manifest, type: str) -> Said | None:
    """Return a condition of an object; None where it has none of this type."""
    for found in _conditions(obj):
        if found.get("type") == type:
            return _said(found)
    return None


def conditions(obj: Manifest) -> list[Said]:
    """Return the conditions of an object."""
    return [_said(found) for found in _conditions(obj)]


def _conditions(obj: Manifest) -> list[Manifest]:
    return lenient.mappings(lenient.mapping(obj.get("status")).get("conditions"))


def _said(found: Manifest) -> Said:
    return Said(*(lenient.text(found.get(field)) for field in Said._fields))


def is_settled(obj: Manifest) -> bool:
    """Tell at one look that an object is Ready at its present generation, and that no condition of it says otherwise.

    Of what is settled nothing is to be said; what is not may still be fine.
    """
    metadata, status = obj.get("metadata"), obj.get("status")
    if type(metadata) is not dict or type(status) is not dict or metadata.get("deletionTimestamp"):
        return False
    found = status.get("conditions")
    if type(found) is not list or not all(type(one) is dict for one in found):
        return False
    generation = lenient.number(metadata.get("generation"))
    told = [_is_good(one, generation) for one in found]
    return all(told) and any(one.get("type") == READY for one in found)


def _is_good(condition: Manifest, generation: int) -> bool:
    type, status = condition.get("type"), condition.get("status")
    if type in (RECONCILING, STALLED):
        return bool(status == "False")
    if type == READY and condition.get("reason") == NOT_RECONCILED["reason"]:
        return False
    return status == "True" and lenient.number(condition.get("observedGeneration")) >= generation


def spec(obj: Manifest) -> Manifest:
    """Return the spec, empty where there is none."""
    return lenient.mapping(obj.get("spec"))


def template(deployment: Manifest) -> Manifest:
    """Return the spec of a Deployment's pods."""
    return lenient.mapping(lenient.mapping(spec(deployment).get("template")).get("spec"))


@dataclass(frozen=True)
class Scene:
    """Everything that findings are made of, at one moment."""

    objects: Objects
    leases: tuple[Manifest, ...]
    events: tuple[Manifest, ...]
    now: datetime

    @cached_property
    def stacks(self) -> list[Thing]:
        """The PrismStacks."""
        return self._all("stacks")

    @cached_property
    def patterns(self) -> list[Thing]:
        """The PrismPatterns."""
        return self._all("patterns")

    @cached_property
    def backends(self) -> list[Thing]:
        """The PrismBackends."""
        return self._all("backends")

    @cached_property
    def namespaces(self) -> list[Thing]:
        """The PrismNamespaces."""
        return self._all("namespaces")

    @cached_property
    def deployments(self) -> list[Thing]:
        """The Deployments."""
        return self._all("deployments")

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """The nodes by name, in the order of the alphabet."""
        found = [node(obj) for obj in lenient.mappings(self.objects.nodes)]
        return {one.name: one for one in sorted(found, key=lambda one: one.name)}

    @cached_property
    def lease(self) -> Mapping[Key, Manifest]:
        """The Leases by where they are."""
        return {thing("Lease", obj).ref.key: obj for obj in lenient.mappings(self.leases)}

    @cached_property
    def unsettled(self) -> list[Thing]:
        """The objects of our four kinds that are not settled: few of thousands, by the kind and then by name."""
        return [
            one for field in ("stacks", "patterns", "backends", "namespaces") for one in self._all(field, is_settled)
        ]

    def age(self, obj: Manifest) -> float:
        """Return how old an object is, in seconds; what does not tell is old."""
        return self.since(lenient.mapping(obj.get("metadata")).get("creationTimestamp"))

    def since(self, timestamp: object) -> float:
        """Return how long ago a time was, in seconds; endless where that is no time."""
        time = parse(timestamp)
        return inf if time is None else (self.now - time).total_seconds()

    def line(self, found: Thing) -> list[Thing]:
        """Return what controls an object, the outermost first, and the object itself last."""
        line = [found]
        while len(line) < _DEEPEST and (owner := self._owners.get(lenient.text(meta.owner_uid(line[0].obj)))):
            line.insert(0, owner)
        return line

    def children(self, owner: Thing, field: str) -> list[Thing]:
        """Return what an object controls of one of our kinds, or of Deployments."""
        if field not in self._children:
            self._children[field] = _by_owner(getattr(self, field))
        return self._children[field].get(lenient.text(meta.uid(owner.obj)), [])

    def deployment(self, pod: Thing) -> Thing | None:
        """Return the Deployment whose selector matches a pod."""
        labels = meta.labels(pod.obj)
        for names, by_values in self._selectors.items():
            values = tuple(lenient.text(labels.get(name)) for name in names)
            if found := by_values.get((pod.ref.namespace, values)):
                return found
        return None

    def users(self, backend: Ref) -> list[Thing]:
        """Return the patterns that use a backend, in the order of the alphabet."""
        return self._users.get(backend.key, [])

    def heard(self, ref: Ref) -> tuple[str, ...]:
        """Return the last warning about an object, as evidence; none where there is none."""
        events = self._warnings.get(ref, [])
        return tuple(_told(ref, event) for event in sorted(events, key=_event_order)[-1:])

    def links(self, found: Thing) -> tuple[Link, ...]:
        """Return the chain from what controls an object down to the object itself."""
        return tuple(Link(one.ref, _state(one)) for one in self.line(found))

    def _all(self, field: str, but: Callable[[Manifest], bool] = lambda _obj: False) -> list[Thing]:
        found = (obj for obj in lenient.mappings(getattr(self.objects, field)) if not but(obj))
        return sorted((thing(KINDS[field], obj) for obj in found), key=lambda one: one.ref)

    @cached_property
    def _owners(self) -> Mapping[str, Thing]:
        found = {lenient.text(meta.uid(one.obj)): one for one in (*self.stacks, *self.patterns)}
        return {uid: one for uid, one in found.items() if uid}

    @cached_property
    def _children(self) -> dict[str, Mapping[str, list[Thing]]]:
        """The children by the uid of their owner, of every field that was asked for."""
        return {}

    @cached_property
    def _selectors(self) -> Mapping[tuple[str, ...], dict[tuple[str, tuple[str, ...]], Thing]]:
        """Deployments by the labels that they select by, and those by their values: few sets of labels are in use."""
        found: defaultdict[tuple[str, ...], dict[tuple[str, tuple[str, ...]], Thing]] = defaultdict(dict)
        for one in reversed(self.deployments):
            selector = lenient.mapping(lenient.mapping(spec(one.obj).get("selector")).get("matchLabels"))
            names = tuple(sorted(name for name in selector if isinstance(name, str)))
            values = tuple(lenient.text(selector[name]) for name in names)
            if names and all(values):
                found[names][one.ref.namespace, values] = one
        return {names: found[names] for names in sorted(found)}

    @cached_property
    def _users(self) -> Mapping[Key, list[Thing]]:
        found: defaultdict[Key, list[Thing]] = defaultdict(list)
        for one in self.patterns:
            name = lenient.mapping(spec(one.obj).get("backendConfig")).get("name") or spec(one.obj).get("backend")
            found[Key(one.ref.namespace, lenient.text(name))].append(one)
        return found

    @cached_property
    def _warnings(self) -> Mapping[Ref, list[Manifest]]:
        found: defaultdict[Ref, list[Manifest]] = defaultdict(list)
        for event in lenient.mappings(self.events):
            if event.get("type") == "Warning":
                found[involved(event)].append(event)
        return found


def _by_owner(things: Iterable[Thing]) -> Mapping[str, list[Thing]]:
    found: defaultdict[str, list[Thing]] = defaultdict(list)
    for one in things:
        if uid := lenient.text(meta.owner_uid(one.obj)):
            found[uid].append(one)
    return found


def involved(event: Manifest) -> Ref:
    """Return the object that an Event speaks of."""
    about = lenient.mapping(event.get("involvedObject"))
    return Ref(*(lenient.text(about.get(field)) for field in ("kind", "namespace", "name")))


def last_seen(event: Manifest) -> str:
    """Return when an Event was meant last, an empty string where it does not tell."""
    series = lenient.mapping(event.get("series"))
    return lenient.text(event.get("lastTimestamp") or series.get("lastObservedTime") or event.get("eventTime"))


def _event_order(event: Manifest) -> tuple[str, str, str]:
    return last_seen(event), lenient.text(event.get("reason")), lenient.text(event.get("message"))


def _told(ref: Ref, event: Manifest) -> str:
    reason, message = lenient.text(event.get("reason")), lenient.text(event.get("message"))
    count = lenient.number(event.get("count"))
    return quoted(f"Event {reason} of {ref}" + (f", {count} times" if count > 1 else ""), message)


def _state(one: Thing) -> str:
    if one.ref.kind == "Deployment":
        return f"{deployments.counts(one.obj)} pods available"
    ready = condition(one.obj, "Ready")
    if ready is None or not ready.status:
        return "nobody has looked at it yet"
    return "Ready" if ready.status == "True" else f"not Ready: {ready.reason or ready.status}"
