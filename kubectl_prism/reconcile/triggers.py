"""Which requests a change makes: for the object itself, for its owner, for whoever else refers to it.

Pure; `controller` calls it for every change the store reports. It decides what is news and what is only the echo of a
status write.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from kubectl_prism.model.meta import Manifest, controller_of, key, uid
from kubectl_prism.reconcile.request import Request
from kubectl_prism.store import Change, Store

Mapper = Callable[[Change], Iterable[Request]]
"""Maps a change of another kind to requests; pure, and lenient: it meets objects of any shape."""

_ECHO = ("managedFields", "resourceVersion")
_WATCHED = ("uid", "deletionTimestamp", "finalizers", "labels", "ownerReferences")
_REVISION = "deployment.kubernetes.io/revision"
"""By this annotation a Deployment's controller reports, as others do by a status."""


def is_news(old: Manifest | None, new: Manifest | None) -> bool:
    """Tell whether more than status, managedFields, resourceVersion and a Deployment's revision changed."""
    if old is None or new is None:
        return True
    before, after = old.get("metadata") or {}, new.get("metadata") or {}
    if before.get("generation") and after.get("generation"):
        return (
            before["generation"] != after["generation"]
            or any(before.get(field) != after.get(field) for field in _WATCHED)
            or _annotations(before) != _annotations(after)
        )
    return _without_echo(old, before) != _without_echo(new, after)


def of_owner(change: Change, kind: str, store: Store) -> Iterator[Request]:
    """Yield the request for the controller of the changed object, before and after, where it is a `kind`.

    A child of an owner that is gone and came again under the same name (another uid) is no news to the new one, except
    that it went: that may be the name the new owner waits for.
    """
    seen: set[tuple[str, str]] = set()
    for obj in (change.old, change.new):
        reference = controller_of(obj) if obj is not None else None
        if obj is None or reference is None or reference.get("kind") != kind:
            continue
        name, owner_uid = reference.get("name") or "", reference.get("uid") or ""
        namespace = key(obj).namespace
        owner = store.get(kind, namespace, name)
        is_of_another_life = owner is not None and uid(owner) != owner_uid
        if (is_of_another_life and change.new is not None) or (name, owner_uid) in seen:
            continue
        seen.add((name, owner_uid))
        yield Request(kind, namespace, name)


def requests(
    change: Change, *, kind: str, owns: Collection[str], watches: Mapping[str, Mapper], store: Store
) -> set[Request]:
    """Return every request that `change` makes for the controller of `kind`."""
    found: set[Request] = set()
    if change.kind == kind and is_news(change.old, change.new):
        found.add(Request(kind, *key(change.new or change.old or {})))
    if change.kind in owns:
        found.update(of_owner(change, kind, store))
    if (mapper := watches.get(change.kind)) is not None:
        found.update(mapper(change))
    return found


def _annotations(metadata: Manifest) -> Manifest:
    return {name: value for name, value in (metadata.get("annotations") or {}).items() if name != _REVISION}


def _without_echo(obj: Manifest, metadata: Manifest) -> Manifest:
    kept = {field: value for field, value in obj.items() if field not in ("status", "metadata")}
    kept["metadata"] = {field: value for field, value in metadata.items() if field not in _ECHO}
    return kept
