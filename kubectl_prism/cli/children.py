"""What the reconciler would make of a Prism object in this very cluster: what it wants, and what it would delete.

Called by `trial`. Secrets that backends name are read as the reconciler reads them; where the person may not, or they
are missing, what comes from them is said to be unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from kubectl_prism.kube.client import Client
from kubectl_prism.kube.errors import Forbidden, NotFound
from kubectl_prism.model import documents, meta
from kubectl_prism.model.backend import Backend
from kubectl_prism.model.meta import FIELD_MANAGER, Manifest, Ref
from kubectl_prism.model.pattern import Pattern
from kubectl_prism.model.stack import Stack
from kubectl_prism.reconcile import backend as reconciled_backend
from kubectl_prism.reconcile import pattern as reconciled_pattern
from kubectl_prism.reconcile import stack as reconciled_stack
from kubectl_prism.reconcile.credentials import RefError, resolve
from kubectl_prism.render import backend as backends
from kubectl_prism.render import labels, names
from kubectl_prism.render import pattern as patterns
from kubectl_prism.render import stack as stacks
from kubectl_prism.render.backend import BackendConnection

OURS = f"app.kubernetes.io/managed-by={FIELD_MANAGER}"
_OWNED = {
    "PrismStack": reconciled_stack.CHILD_KINDS,
    "PrismPattern": reconciled_pattern.CHILD_KINDS,
    "PrismBackend": reconciled_backend.CHILD_KINDS,
}


@dataclass(frozen=True, slots=True)
class Children:
    """What is wanted, what would be deleted, and sentences on what cannot be known."""

    wanted: tuple[Manifest, ...]
    gone: tuple[Manifest, ...] = ()
    unknown: tuple[str, ...] = ()


def is_parent(obj: Manifest) -> bool:
    """Tell whether the reconciler makes something of an object."""
    return obj["kind"] in ("PrismStack", "PrismPattern", "PrismBackend")


async def children(client: Client, obj: Manifest, made: Mapping[Ref, Manifest]) -> Children:
    """Return what `obj` leads to directly; `made` are objects that would be there by then."""
    match documents.load(obj):
        case Stack() as stack:
            wanted = stacks.children(stack)
        case Pattern() as pattern:
            wanted = patterns.objects(
                pattern, connection=await _connection(client, pattern, made), stack=_stack(pattern)
            )
        case Backend() as backend:
            try:
                values = await resolve(client, backend)
            except (RefError, Forbidden) as error:
                return Children((), unknown=(f"{meta.ref(obj)}: {error}; what comes from it is not compared",))
            wanted = backends.objects(backend, values, stack=_stack(backend))
        case _:
            return Children(())
    return Children(tuple(wanted), await _gone(client, obj, {meta.ref(child) for child in wanted}))


def _stack(model: Pattern | Backend) -> str | None:
    """Return the owning stack: by ownerReference, or by the label that a stack gives what it is about to own."""
    return labels.owning_stack(model.metadata) or (model.metadata.labels or {}).get("stack")


async def _gone(client: Client, owner: Manifest, wanted: Collection[Ref]) -> tuple[Manifest, ...]:
    """Return the children that `owner` wants no longer."""
    kinds = _OWNED[owner["kind"]]
    lists = await asyncio.gather(*(_listed(client, kind, meta.key(owner).namespace) for kind in kinds))
    mine = [obj for listed in lists for obj in listed if meta.is_owned_by(obj, owner)]
    return tuple(obj for obj in mine if meta.ref(obj) not in wanted)


async def _listed(client: Client, kind: str, namespace: str) -> list[Manifest]:
    try:
        return await client.list(kind, namespace, labels=OURS)
    except (NotFound, Forbidden):
        return []


async def _connection(client: Client, pattern: Pattern, made: Mapping[Ref, Manifest]) -> BackendConnection | None:
    reference = pattern.spec.backend_config
    home, name = pattern.metadata.namespace, names.child(reference.name if reference else pattern.spec.backend)
    config_map = await _there(client, Ref("ConfigMap", home, name), made)
    if config_map is None or meta.labels(config_map).get("component") != labels.BACKEND:
        return None
    return backends.connection(config_map, await _there(client, Ref("Secret", home, name), made))


async def _there(client: Client, ref: Ref, made: Mapping[Ref, Manifest]) -> Manifest | None:
    if ref in made:
        return made[ref]
    try:
        return await client.get(*ref)
    except (NotFound, Forbidden):
        return None
