"""Reads, makes and deletes PrismNamespaces for `namespaces`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from kubectl_prism.errors import PrismError
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.config import Cluster
from kubectl_prism.kube.errors import NotFound
from kubectl_prism.model import documents, meta
from kubectl_prism.model.meta import API_VERSION, Manifest
from kubectl_prism.view import tenants as view
from kubectl_prism.view.health import health
from kubectl_prism.view.tenants import TenantRow

KIND = "PrismNamespace"
OURS = "kubectl-prism"
LOOK = 0.5


async def rows(cluster: Cluster, namespace: str | None) -> list[TenantRow]:
    """Return every tenant in one namespace or in all, the worst first."""
    async with Client(cluster) as client:
        return view.tenants(await client.list(KIND, namespace), datetime.now(UTC))


async def described(cluster: Cluster, name: str) -> tuple[TenantRow, list[str]]:
    """Return one tenant, and all about it in lines; PrismError where there is none."""
    async with Client(cluster) as client:
        obj = await found(client, name)
        events = await client.list("Event", cluster.namespace)
    told = [event for event in events if (event.get("involvedObject") or {}).get("uid") == meta.uid(obj)]
    now = datetime.now(UTC)
    return view.row(obj, now), view.described(obj, told, now)


def manifest(name: str, spec: Manifest) -> Manifest:
    """Return a PrismNamespace; InvalidSpec names the field that cannot be."""
    made = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "spec": spec}
    documents.load(made)
    return made


async def create(cluster: Cluster, wanted: Manifest) -> None:
    """Make a tenant; AlreadyExists where there is one of that name."""
    metadata = {**wanted["metadata"], "namespace": cluster.namespace}
    async with Client(cluster) as client:
        await client.create({**wanted, "metadata": metadata}, manager=OURS)


async def delete(cluster: Cluster, name: str, say: Callable[[str], None]) -> None:
    """Delete a tenant, and say what is waited for until it is gone."""
    async with Client(cluster) as client:
        obj = await found(client, name)
        await client.delete(KIND, cluster.namespace, name, uid=meta.uid(obj))
        said = ""
        while True:
            try:
                obj = await client.get(KIND, cluster.namespace, name)
            except NotFound:
                return
            if (why := health(obj).message or "waiting for the reconciler") != said:
                say(f"{name}: {why}")
                said = why
            await asyncio.sleep(LOOK)


async def found(client: Client, name: str) -> Manifest:
    """Return the tenant of this name; PrismError where there is none."""
    try:
        return await client.get(KIND, client.cluster.namespace, name)
    except NotFound as error:
        place = f"in namespace {client.cluster.namespace}"
        raise PrismError(
            f"there is no PrismNamespace {name} {place}", hint="`kubectl prism namespaces list -A` shows all"
        ) from error
