"""What the dashboard is handed: a cluster that is watched, or the engine of `up`, behind the screen's own Protocol.

One watch for each kind that is shown. Writes only what a person confirmed, as a field manager of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from math import inf
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from kubectl_prism.cli.observing import CHILDREN
from kubectl_prism.errors import PrismError
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.config import Cluster
from kubectl_prism.kube.errors import NotFound
from kubectl_prism.kube.informer import Informer
from kubectl_prism.kube.leader import NAME
from kubectl_prism.model import lease, meta
from kubectl_prism.model.change import Change
from kubectl_prism.model.meta import Key, Manifest, Ref
from kubectl_prism.model.resource import resource
from kubectl_prism.store import Store
from kubectl_prism.tui.source import Link, Place, Show
from kubectl_prism.view.objects import KINDS

if TYPE_CHECKING:
    from kubectl_prism.reconcile.engine import Engine

LABELS = {"Deployment": CHILDREN, "Pod": CHILDREN}
"""What is watched of kinds that are not ours: our children."""
WATCHED = (*KINDS.values(), "Lease", "Event")
MANAGER = "kubectl-prism-tui"
MERGE_PATCH = "application/merge-patch+json"
TAIL = 200
"""The lines of each pod's log that are shown at first."""
PORT = 8080
"""Where an operator in the cluster tells its metrics."""


class Asked:
    """A source over one client, whoever fills the store."""

    def __init__(self, client: Client, store: Store, place: Place) -> None:
        self.place = place
        self.store = store
        self._client = client

    async def get(self, ref: Ref) -> Manifest:
        """Return an object whole."""
        return await self._client.get(*ref)

    async def logs(self, pods: Sequence[Key], show: Show) -> None:
        """Show the last lines of these pods and what they write from now on, until cancelled."""
        from kubectl_prism.cli import tailing

        wanted = tailing.Wanted(
            stack=None, components=(), selector=None, follow=True, since=None, tail=TAIL if len(pods) < TAIL else 1
        )
        async with asyncio.TaskGroup() as group:
            for pod in pods:
                told = tailing.followed(self._client, pod, wanted, show, warn=lambda text, pod=pod: show(pod, text))  # type: ignore[misc]
                group.create_task(told, name=f"log of {pod}")

    async def change(self, change: Change) -> None:
        """Do what a person confirmed, to the object that they saw and no other."""
        if self.place.readonly:
            raise PrismError(f"nothing is written here: {self.place.readonly}")
        kind, namespace, name = change.ref
        if change.verb == "delete":
            await self._client.delete(kind, namespace, name, uid=change.uid or None)
            return
        body = {**change.patch}
        if change.uid and not change.subresource:
            body["metadata"] = {**body.get("metadata", {}), "uid": change.uid}
        await self._client.request(
            "PATCH",
            resource(kind).path(namespace, name, change.subresource or None),
            query={"fieldManager": MANAGER},
            body=msgspec.json.encode(body),
            content_type=MERGE_PATCH,
        )

    async def reconciler(self) -> Mapping[str, float] | None:
        """Return what the operator in the cluster tells, through the API server; None where it runs elsewhere."""
        held = [
            (str(lease.spec(found).get("renewTime") or ""), meta.key(found).namespace, pod)
            for found in self.store.list("Lease")
            if meta.key(found).name == NAME and (pod := _pod(found))
        ]
        if not held:
            return None
        _, namespace, pod = max(held)
        path = f"{resource('Pod').path(namespace, quote(pod) + f':{PORT}', 'proxy')}/metrics"
        try:
            answer = await self._client.request("GET", path)
        except NotFound:
            return None
        return samples(answer.body.decode())


class Watching(Asked):
    """A source that watches a cluster for itself."""

    def __init__(self, client: Client, place: Place) -> None:
        super().__init__(client, Store(), place)
        self.informers = [self._informer(kind) for kind in WATCHED]

    def link(self) -> Link:
        """Return how well the cluster tells what happens."""
        return link(self.informers)

    def _informer(self, kind: str) -> Informer:
        namespace = self.place.namespace if resource(kind).namespaced else None
        return Informer(self._client, self.store, kind, namespace=namespace, labels=LABELS.get(kind))


class Reconciling(Asked):
    """A source over the engine that runs in this process."""

    def __init__(self, running: Engine, place: Place) -> None:
        super().__init__(running.client, running.store, place)
        self._running = running

    def link(self) -> Link:
        """Return how well the engine hears from the cluster."""
        manager = self._running.manager
        silent = max((cache.age for cache in manager.caches()), default=inf)
        trouble = manager.error or ""
        return Link(
            synced=manager.synced.is_set(), silent=silent if trouble and silent < inf else None, trouble=trouble
        )

    async def reconciler(self) -> Mapping[str, float]:
        """Return what the engine counts."""
        return samples(self._running.metrics.text().decode())


def _pod(held: Manifest) -> str:
    """Return the pod that a reconciler's Lease names, an empty string where nobody holds it or it names none."""
    return lease.holder(held).identity.partition("@")[2].rpartition("_")[0]


def link(informers: Sequence[Informer]) -> Link:
    """Return what informers say of the way to the cluster."""
    missing = {resource(one.kind).plural: one.error or "" for one in informers if one.is_forbidden}
    absent = [resource(one.kind).full_name for one in informers if not one.is_served]
    troubled = [one for one in informers if one.error and not one.is_forbidden]
    heard = max((one.last_seen for one in informers), default=0.0)
    age = time.monotonic() - heard
    trouble = next((str(one.error) for one in troubled), "")
    if absent and not trouble:
        missing |= dict.fromkeys(absent, "the API server does not know this kind: `kubectl prism up` installs it")
    return Link(
        synced=all(one.synced.is_set() or one.is_forbidden for one in informers),
        silent=age if trouble and age < inf else None,
        trouble=trouble,
        missing=missing,
    )


@asynccontextmanager
async def watching(cluster: Cluster, place: Place) -> AsyncIterator[Watching]:
    """Watch a cluster for the time of a block."""
    async with Client(cluster) as client:
        source = Watching(client, place)
        tasks = [asyncio.create_task(one.run(), name=f"inform {one.kind}") for one in source.informers]
        try:
            yield source
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def samples(text: str) -> Mapping[str, float]:
    """Return the samples of a page of metrics by their names."""
    found = {}
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        if name and not line.startswith("#"):
            found[name] = float(value)
    return found
