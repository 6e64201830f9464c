"""One frozen look at the store, made for a page to be drawn from, with the clock and the history that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.resource import resource
from kubectl_prism.store import INDEXED, Store
from kubectl_prism.tui.source import Link, Place
from kubectl_prism.view.objects import KINDS, Objects
from kubectl_prism.view.spark import History


@dataclass(frozen=True, kw_only=True)
class Live(Objects):
    """The objects of a store, whose children and pods are looked up in its own indexes."""

    store: Store

    def owned(self, owner: Manifest, field: str) -> list[Manifest]:
        """Return what the object `owner` controls of the kind that the field of this name holds."""
        return list(self.store.owned(meta.uid(owner), KINDS[field]))

    def matching(self, namespace: str, labels: Mapping[str, object]) -> list[Manifest]:
        """Return the pods of a namespace that have all of `labels`; none where there are no labels."""
        for name in reversed(INDEXED):  # a runner has fewer pods than a stack
            if isinstance(value := labels.get(name), str):
                found = self.store.labelled("Pod", namespace, name, value)
                return [pod for pod in found if labels.items() <= meta.labels(pod).items()]
        return super().matching(namespace, labels)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What a page is drawn from."""

    objects: Objects
    leases: tuple[Manifest, ...]
    events: tuple[Manifest, ...]
    now: datetime
    place: Place
    link: Link
    history: History = field(default_factory=History)


def look(store: Store, *, now: datetime, place: Place, link: Link, history: History) -> Snapshot:
    """Return the store as it is now, as far as the place goes."""

    def listed(kind: str) -> tuple[Manifest, ...]:
        return store.list(kind, place.namespace if resource(kind).namespaced else None)

    return Snapshot(
        objects=Live(
            store=store,
            **{field: listed(kind) for field, kind in KINDS.items()},
            unread=frozenset(kind for kind in (*KINDS.values(), "Lease") if resource(kind).plural in link.missing),
        ),
        leases=listed("Lease"),
        events=listed("Event"),
        now=now,
        place=place,
        link=link,
        history=history,
    )
