"""Gathers what `status` shows, in a few lists at once; what we may not read is said and left out.

Called by `status` and, for its first look, by `watching`. Never writes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from kubectl_prism.cli.output import note
from kubectl_prism.errors import PrismError
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.config import Cluster
from kubectl_prism.kube.errors import Forbidden, NotFound
from kubectl_prism.model.meta import FIELD_MANAGER, Manifest
from kubectl_prism.model.resource import OUR_KINDS, resource
from kubectl_prism.view.objects import KINDS, SIMULATED_LABEL, Objects, observed
from kubectl_prism.view.stack import StackTree, trees

CHILDREN = f"app.kubernetes.io/managed-by={FIELD_MANAGER}"
LABELS = {"Deployment": CHILDREN, "Pod": CHILDREN, "Node": SIMULATED_LABEL}
"""What is read of kinds that are not ours: our children, and which nodes are simulated."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a person wants to see; `namespace` None means all of them."""

    namespace: str | None
    stack: str | None = None
    selector: str | None = None

    def trees(self, objects: Objects) -> tuple[StackTree, ...]:
        """Return the stacks among `objects` that are wanted, worst first, as they are now."""
        found = trees(objects, datetime.now(UTC))
        if self.stack:
            return tuple(tree for tree in found if tree.name == self.stack)
        return tuple(tree for tree in found if tree.name) if self.selector else found


async def once(cluster: Cluster, scope: Scope) -> tuple[StackTree, ...]:
    """Look once; PrismError where the CRDs are missing or stacks cannot be read."""
    async with Client(cluster) as client:
        found = await read(client, scope)
    return scope.trees(observed(lambda kind: found.get(kind, ()), unread=unread(found)))


def unread(readable: Container[str]) -> list[str]:
    """Return the kinds that a view reads and we may not."""
    return [kind for kind in KINDS.values() if kind not in readable]


async def read(client: Client, scope: Scope) -> Mapping[str, list[Manifest]]:
    """Return the objects of every kind that may be read; a kind that may not be is missing."""
    kinds = list(KINDS.values())
    results = await asyncio.gather(*(_list(client, kind, scope) for kind in kinds))
    return {kind: listed for kind, listed in zip(kinds, results, strict=True) if listed is not None}


async def _list(client: Client, kind: str, scope: Scope) -> list[Manifest] | None:
    namespace = scope.namespace if resource(kind).namespaced else None
    labels = scope.selector if kind == "PrismStack" else LABELS.get(kind)
    try:
        return await client.list(kind, namespace, labels=labels)
    except NotFound as error:
        if kind not in OUR_KINDS:
            raise
        raise PrismError(
            f"the Prism CRDs are not installed on {client.cluster.address} ({kind} is missing)",
            hint="`kubectl prism up` installs them, or: kubectl prism crds | kubectl apply --server-side -f -",
        ) from error
    except Forbidden as error:
        if kind == "PrismStack":
            raise
        if kind != "Node":  # only tells which nodes are simulated
            note(f"warning: {resource(kind).plural} are left out: {error.message}")
        return None
