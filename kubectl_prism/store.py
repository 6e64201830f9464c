"""What we have seen: the last known state of every watched object, in memory.

Informers write (`put`, `remove`, `replace`); reconcilers, views and the screen read. What a reader got never changes
under it: `list`, `owned` and `labelled` return tuples that later writes leave alone, and objects are immutable by
convention, so nobody may edit one. Nothing here does I/O, and nothing here knows whether a kind is synced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Key, Manifest

INDEXED = ("stack", "runner")
"""The labels by which objects are found fast: whose they are."""

Group = TypeVar("Group")
Member = TypeVar("Member")


@dataclass(frozen=True, slots=True)
class Change:
    """One object appeared (`old` is None), changed, or went away (`new` is None)."""

    kind: str
    old: Manifest | None
    new: Manifest | None


Subscriber = Callable[[Change], None]
Child = tuple[str, Key]
Place = tuple[str, str, str]
"""A namespace, a label and its value."""


@dataclass(slots=True)
class _Table:
    """One kind: its objects, its label index, and the snapshots handed out since the last write."""

    objects: dict[Key, Manifest] = field(default_factory=dict)
    by_label: dict[Place, dict[Key, Manifest]] = field(default_factory=dict)
    snapshots: dict[str | None, tuple[Manifest, ...]] = field(default_factory=dict)


class Store:
    """The objects of every kind, indexed by key, by controlling owner and by the labels that say whose they are."""

    def __init__(self) -> None:
        self._tables: dict[str, _Table] = {}
        self._children: dict[str, dict[Child, Manifest]] = {}
        self._subscribers: list[Subscriber] = []

    def get(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """Return one object, or None; `namespace` is empty for a kind that has none."""
        table = self._tables.get(kind)
        return table.objects.get(Key(namespace, name)) if table else None

    def list(self, kind: str, namespace: str | None = None) -> tuple[Manifest, ...]:
        """Return every object of a kind, in all namespaces when `namespace` is None."""
        table = self._tables.get(kind)
        if table is None:
            return ()
        snapshot = table.snapshots.get(namespace)
        if snapshot is None:
            objects = table.objects.items()
            snapshot = tuple(obj for key, obj in objects if namespace is None or key.namespace == namespace)
            table.snapshots[namespace] = snapshot
        return snapshot

    def owned(self, uid: str, kind: str | None = None) -> tuple[Manifest, ...]:
        """Return the objects whose controlling ownerReference carries `uid`, of one kind or of all."""
        children = self._children.get(uid, {})
        return tuple(obj for (child_kind, _), obj in children.items() if kind is None or child_kind == kind)

    def labelled(self, kind: str, namespace: str, label: str, value: str) -> tuple[Manifest, ...]:
        """Return the objects of a kind in `namespace` whose `label`, one of INDEXED, is `value`."""
        table = self._tables.get(kind)
        return tuple(table.by_label.get((namespace, label, value), {}).values()) if table else ()

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call `callback` after every change, in the order of subscription; return what ends that.

        The store is already in its new state when callbacks run. An exception of a callback reaches the writer, and
        the callbacks after it miss that change: a callback that may fail guards itself.
        """
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback) if callback in self._subscribers else None

    def put(self, kind: str, obj: Manifest) -> None:
        """Remember `obj`; silent when the resourceVersion is the known one."""
        self._publish(self._set(kind, obj))

    def remove(self, kind: str, namespace: str, name: str) -> None:
        """Forget an object; silent when it is not known."""
        self._publish(self._delete(kind, Key(namespace, name)))

    def replace(self, kind: str, objects: Iterable[Manifest], *, namespace: str | None = None) -> None:
        """Make `objects` all there is of a kind (within `namespace`, when given).

        What is missing from `objects` is reported as gone, first; a name that came back with another uid is reported
        as gone and then as new. Readers see the whole replacement from the first report on.
        """
        fresh = {meta.key(obj): obj for obj in objects}
        known = self._tables.setdefault(kind, _Table()).objects
        gone = [key for key in known if key not in fresh and namespace in (None, key.namespace)]
        changes = [change for key in gone for change in self._delete(kind, key)]
        changes += [change for obj in fresh.values() for change in self._set(kind, obj)]
        self._publish(changes)

    def _set(self, kind: str, obj: Manifest) -> tuple[Change, ...]:
        table = self._tables.setdefault(kind, _Table())
        key = meta.key(obj)
        old = table.objects.get(key)
        if old is not None and _is_same(old, obj):
            return ()
        if old is not None:
            self._unindex(kind, key, old)
        table.objects[key] = obj
        table.snapshots.clear()
        self._index(kind, key, obj)
        if old is not None and meta.uid(old) != meta.uid(obj):
            return Change(kind, old, None), Change(kind, None, obj)
        return (Change(kind, old, obj),)

    def _delete(self, kind: str, key: Key) -> tuple[Change, ...]:
        table = self._tables.get(kind)
        old = table.objects.pop(key, None) if table else None
        if table is None or old is None:
            return ()
        table.snapshots.clear()
        self._unindex(kind, key, old)
        return (Change(kind, old, None),)

    def _index(self, kind: str, key: Key, obj: Manifest) -> None:
        for place in _places(obj):
            self._tables[kind].by_label.setdefault(place, {})[key] = obj
        if owner := meta.owner_uid(obj):
            self._children.setdefault(owner, {})[kind, key] = obj

    def _unindex(self, kind: str, key: Key, obj: Manifest) -> None:
        for place in _places(obj):
            _discard(self._tables[kind].by_label, place, key)
        if owner := meta.owner_uid(obj):
            _discard(self._children, owner, (kind, key))

    def _publish(self, changes: Iterable[Change]) -> None:
        for change in changes:
            for callback in tuple(self._subscribers):
                callback(change)


def _is_same(old: Manifest, new: Manifest) -> bool:
    version = meta.resource_version(new)
    if not version:
        return old == new
    return meta.resource_version(old) == version and meta.uid(old) == meta.uid(new)


def _places(obj: Manifest) -> list[Place]:
    namespace, found = meta.key(obj).namespace, meta.labels(obj)
    return [(namespace, label, found[label]) for label in INDEXED if isinstance(found.get(label), str)]


def _discard(index: dict[Group, dict[Member, Manifest]], group: Group, member: Member) -> None:
    members = index[group]
    members.pop(member, None)
    if not members:
        del index[group]
