"""Which proxies a PrismNamespace means, which stack they are of, and whose an identifier on them is.

The older of two namespaces that claim one identifier has it; of two of one second, the one that the proxies took, and
where they took neither, the one with the smaller uid. Whom the proxies turn away keeps nobody else from asking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from kubectl_prism.model import meta
from kubectl_prism.model.documents import InvalidSpec, load_as
from kubectl_prism.model.meta import Key, Manifest
from kubectl_prism.model.stack import Stack
from kubectl_prism.reconcile import tenants
from kubectl_prism.reconcile.request import Request
from kubectl_prism.reconcile.triggers import is_news
from kubectl_prism.render import names
from kubectl_prism.store import Change, Store
from kubectl_prism.view.pods import is_ready


def stack(store: Store, obj: Manifest) -> Stack | None:
    """Return the stack whose proxies a namespace names; None where there is none, or it is going."""
    proxy = tenants.proxy(obj)
    for found in store.list("PrismStack", proxy.namespace):
        if names.proxy(meta.key(found).name) == proxy.name and not meta.is_deleting(found):
            try:
                return load_as(Stack, found)
            except InvalidSpec:
                return None
    return None


Standing = Literal["held", "waiting", "turned away"]
"""What is known of a namespace: its proxies took it, were not asked, or said that they hold it for another."""


class Claims:
    """Who claims which identifier on which proxies, kept up to date by the store's changes; close it in the end."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._claims: dict[tuple[Key, str], set[Key]] = {}
        self._unsubscribe = store.subscribe(self._notice)

    def close(self) -> None:
        """Stop listening to the store."""
        self._unsubscribe()

    def winner(self, obj: Manifest, standing: Callable[[Manifest], Standing]) -> Manifest | None:
        """Return the namespace that has what `obj` claims, or has it first; None where that is `obj`."""
        ours = _rank(obj, standing(obj))
        rivals = [other for other in self.rivals(obj) if not _is_over(other) and standing(other) != "turned away"]
        return min((other for other in rivals if _rank(other, standing(other)) < ours), key=_created, default=None)

    def rivals(self, obj: Manifest) -> Iterator[Manifest]:
        """Yield every other namespace that claims what `obj` does."""
        for key in sorted(self._claims.get(_claim(obj), ())):
            other = self._store.get("PrismNamespace", *key)
            if other is not None and meta.uid(other) != meta.uid(obj):
                yield other

    def of_namespace(self, change: Change) -> Iterator[Request]:
        """Yield a request for every namespace that claims what another claimed that goes."""
        old, new = change.old, change.new
        if old is not None and not _is_over(old) and (new is None or _is_over(new)):
            yield from (Request.of(other) for other in self.rivals(old))

    def _notice(self, change: Change) -> None:
        if change.kind != "PrismNamespace":
            return
        if change.old is not None:
            members = self._claims.get(_claim(change.old), set())
            members.discard(meta.key(change.old))
            if not members:
                self._claims.pop(_claim(change.old), None)
        if change.new is not None:
            self._claims.setdefault(_claim(change.new), set()).add(meta.key(change.new))


def of_stack(store: Store, change: Change) -> Iterator[Request]:
    """Yield a request for every namespace on the proxies of a stack that changed."""
    if is_news(change.old, change.new):
        yield from _on(store, change.new or change.old or {})


def of_pod(store: Store, change: Change) -> Iterator[Request]:
    """Yield a request for every namespace of a stack one of whose pods became ready."""
    is_now = change.new is not None and is_ready(change.new)
    if not is_now or (change.old is not None and is_ready(change.old)):
        return
    found = meta.labels(change.new or {})
    if found.get("component") in ("prism-proxy", "prism-admin"):
        for owner in store.list("PrismStack", meta.key(change.new or {}).namespace):
            if names.label_value(meta.key(owner).name) == found.get("stack"):
                yield from _on(store, owner)


def _on(store: Store, owner: Manifest) -> Iterator[Request]:
    key = meta.key(owner)
    proxies = Key(key.namespace, names.proxy(key.name))
    yield from (Request.of(found) for found in store.list("PrismNamespace") if tenants.proxy(found) == proxies)


def _claim(obj: Manifest) -> tuple[Key, str]:
    return tenants.proxy(obj), tenants.id(obj)


def _is_over(obj: Manifest) -> bool:
    """Tell whether a namespace claims nothing any more."""
    return meta.is_deleting(obj) or (obj.get("status") or {}).get("phase") == "Expired"


def _rank(obj: Manifest, standing: Standing) -> tuple[str, bool, str]:
    return _created(obj), standing != "held", meta.uid(obj)


def _created(obj: Manifest) -> str:
    return str((obj.get("metadata") or {}).get("creationTimestamp") or "")
