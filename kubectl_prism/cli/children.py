"""What the reconciler would make of a Prism object in this very cluster: what it wants, and what it would delete.

Called by `trial`. Connections of backends are taken from the ConfigMaps and Secrets that are there, as the reconciler
does; what depends on a Secret that only it reads is said to be unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from kubectl_prism.kube.client import Client
from kubectl_prism.kube.errors import Forbidden, NotFound
from kubectl_prism.model import documents, meta
from kubectl_prism.model.backend import Backend
from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.model.pattern import Pattern
from kubectl_prism.model.stack import Stack
from kubectl_prism.render import backend as backends
from kubectl_prism.render import names, offline
from kubectl_prism.render import pattern as patterns
from kubectl_prism.render import stack as stacks
from kubectl_prism.render.backend import BackendConnection, ConnectionValues

_MEMBERS = ("PrismPattern", "PrismBackend", "PrismNamespace")


@dataclass(frozen=True, slots=True)
class Children:
    """What is wanted, what would be deleted, and sentences on what cannot be known."""

    wanted: tuple[Manifest, ...]
    gone: tuple[Manifest, ...] = ()
    unknown: tuple[str, ...] = ()


def is_parent(obj: Manifest) -> bool:
    """Tell whether the reconciler makes something of an object."""
    return obj["kind"] in ("PrismStack", "PrismPattern", "PrismBackend")


async def children(client: Client, obj: Manifest, given: Collection[Ref]) -> Children:
    """Return what `obj` leads to directly; `given` are the objects of the file, which are tried on their own."""
    match documents.load(obj):
        case Stack() as stack:
            wanted = [child for child in stacks.children(stack) if meta.ref(child) not in given]
            fresh = not meta.uid(obj)
            wanted += offline.everything(stack)[len(stacks.children(stack)) :] if fresh else []
            return Children(tuple(wanted), await _gone(client, obj, {meta.ref(child) for child in wanted}))
        case Pattern() as pattern:
            connection = await _connection(client, pattern)
            return Children(tuple(patterns.objects(pattern, connection=connection)))
        case Backend() as backend if backend.spec.connection.secret_ref or backend.spec.tls.secret_ref:
            return Children((), unknown=(f"{meta.ref(obj)}: what comes from its Secret is not compared",))
        case Backend() as backend:
            values = ConnectionValues(url=backend.spec.connection.url)
            return Children(tuple(backends.objects(backend, values)))
        case _:
            return Children(())


async def _gone(client: Client, owner: Manifest, wanted: Collection[Ref]) -> tuple[Manifest, ...]:
    """Return the patterns, backends and namespaces of a stack that its spec asks for no longer."""
    if not meta.uid(owner):
        return ()
    lists = await asyncio.gather(*(_listed(client, kind, meta.key(owner).namespace) for kind in _MEMBERS))
    mine = [obj for listed in lists for obj in listed if meta.is_owned_by(obj, owner)]
    return tuple(obj for obj in mine if meta.ref(obj) not in wanted)


async def _listed(client: Client, kind: str, namespace: str) -> list[Manifest]:
    try:
        return await client.list(kind, namespace)
    except (NotFound, Forbidden):
        return []


async def _connection(client: Client, pattern: Pattern) -> BackendConnection | None:
    reference = pattern.spec.backend_config
    home, name = pattern.metadata.namespace, names.child(reference.name if reference else pattern.spec.backend)
    try:
        config_map = await client.get("ConfigMap", home, name)
    except (NotFound, Forbidden):
        return None
    controller = meta.controller_of(config_map) or {}
    if controller.get("kind") != "PrismBackend":
        return None
    try:
        secret = await client.get("Secret", home, name)
    except (NotFound, Forbidden):
        secret = None
    return backends.connection(config_map, secret)
