"""Gathers what `leader` shows, once or again and again; what we may not read is left out where it only decorates."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from kubectl_prism.kube.client import Client
from kubectl_prism.kube.config import Cluster
from kubectl_prism.kube.errors import Forbidden, NotFound
from kubectl_prism.kube.leader import NAME, NAMESPACE
from kubectl_prism.model.meta import Key, Manifest
from kubectl_prism.view.leader import Leadership, Seen, leaderships

ADMINS = "component=prism-admin"
EVERY = 1.0
"""Seconds between two looks: a Lease is renewed every other second, so a watch would tell as often."""


async def once(cluster: Cluster, namespace: str | None) -> list[Leadership]:
    """Look once, in one namespace or in all; PrismError where stacks or Leases cannot be read."""
    async with Client(cluster) as client:
        return leaderships(await _seen(client, namespace), datetime.now(UTC))


async def follow(cluster: Cluster, namespace: str | None, show: Callable[[Sequence[Leadership]], None]) -> None:
    """Show it whenever somebody else leads or a Lease turns bad, until cancelled."""
    said: object = None
    async with Client(cluster) as client:
        while True:
            found = leaderships(await _seen(client, namespace), datetime.now(UTC))
            words = [(one.lease, one.owner, one.health.word, one.holder, one.node, one.transitions) for one in found]
            if words != said:
                show(found)
                said = words
            await asyncio.sleep(EVERY)


async def _seen(client: Client, namespace: str | None) -> Seen:
    stacks, leases, pods, nodes, ours = await asyncio.gather(
        client.list("PrismStack", namespace),
        client.list("Lease", namespace),
        client.list("Pod", namespace, labels=ADMINS),
        _nodes(client),
        _reconcilers(client, namespace),
    )
    return Seen(tuple(stacks), (*leases, *ours), tuple(pods), tuple(nodes))


async def _nodes(client: Client) -> list[Manifest]:
    try:
        return await client.list("Node", None)
    except Forbidden:
        return []


async def _reconcilers(client: Client, namespace: str | None) -> list[Manifest]:
    """Return the Lease of a reconciler of all namespaces, unless it is looked at anyway."""
    if namespace in (None, NAMESPACE):
        return []
    try:
        return [await client.get("Lease", *Key(NAMESPACE, NAME))]
    except (NotFound, Forbidden):
        return []
