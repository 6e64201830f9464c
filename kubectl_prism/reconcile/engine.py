"""The reconciler, put together: a client, a store, the writers, the controllers of every kind and their manager.

`up` and `operator` run the same engine; they differ in what they show and when they stop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kubectl_prism.kube import decode
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.config import Cluster
from kubectl_prism.kube.leader import NAMESPACE, Elector, identity
from kubectl_prism.reconcile.apply import Applier
from kubectl_prism.reconcile.claims import Claims
from kubectl_prism.reconcile.events import Recorder, timestamp
from kubectl_prism.reconcile.fence import Fenced
from kubectl_prism.reconcile.kinds import SELECTORS, controllers
from kubectl_prism.reconcile.manager import Manager
from kubectl_prism.reconcile.metrics import Metrics
from kubectl_prism.reconcile.reach import Planes
from kubectl_prism.reconcile.tools import Tools
from kubectl_prism.store import Store


@dataclass(frozen=True, slots=True)
class Engine:
    """One reconciler: run `manager`, read `store`, ask `metrics`; `client` is open as long as the engine is."""

    client: Client
    store: Store
    manager: Manager
    metrics: Metrics
    elector: Elector


@asynccontextmanager
async def engine(
    cluster: Cluster,
    *,
    role: str = "engine",
    namespaces: Sequence[str] | None = None,
    extra_kinds: Sequence[str] = (),
    steal: bool = False,
    observe: Callable[[Elector], None] = lambda _elector: None,
) -> AsyncIterator[Engine]:
    """Open an engine over `cluster`; nothing is asked until its manager runs.

    `namespaces` limits what it reconciles, None is everything; `extra_kinds` are watched too, for who shows them.
    `role` says in the Lease what runs here, `steal` asks its holder for it, `observe` is called when that changes.
    """
    metrics = Metrics()
    decode.collect_seldom()
    store = Store()
    async with (
        Client(cluster, on_request=metrics.requested, on_retry=metrics.retried) as client,
        Planes(client, store, inside=cluster.inside) as planes,
    ):
        elector = Elector(
            client,
            identity=identity(role),
            namespace=namespaces[0] if namespaces else NAMESPACE,
            steal=steal,
            observe=observe,
        )
        fenced = Fenced(client, elector.fence)
        recorder = Recorder(fenced)
        applier = Applier(fenced, store, recorder=recorder)
        tools = Tools(client, store, applier, recorder, now=lambda: timestamp(recorder.now()), inside=cluster.inside)
        found = controllers(tools, planes, Claims(store))
        metrics.follow(found)
        manager = Manager(
            client,
            store,
            found,
            recorder=recorder,
            elector=elector,
            namespaces=namespaces,
            labels=SELECTORS,
            extra_kinds=extra_kinds,
        )
        metrics.watch(manager.watchdog)
        metrics.cache(manager.caches)
        metrics.elect(elector.ref.name, lambda: (elector.leads, elector.slow_renewals))
        yield Engine(client, store, manager, metrics, elector)
