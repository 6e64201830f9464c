"""The whole engine on a real API server: a small controller converges, repairs, prunes, and then is quiet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from kubectl_prism.kube.client import Client
from kubectl_prism.model import conditions
from kubectl_prism.model.meta import Manifest, labels, ref
from kubectl_prism.reconcile.apply import Applier
from kubectl_prism.reconcile.controller import Controller
from kubectl_prism.reconcile.events import NORMAL, Recorder
from kubectl_prism.reconcile.manager import CHILDREN, Manager
from kubectl_prism.reconcile.request import Request, Result
from kubectl_prism.store import Store
from tests.reconcile.conftest import Official, Requests

MANAGED = dict([CHILDREN.split("=")])


class Engine:
    """Makes one ConfigMap for each pair of a backend's tags, and says so in the status."""

    def __init__(self, client: Client, namespace: str) -> None:
        self.store = Store()
        self.recorder = Recorder(client)
        self.applier = Applier(client, self.store, recorder=self.recorder)
        self.controller = Controller("PrismBackend", self.reconcile, owns=["ConfigMap"])
        self.reconciles = 0
        self.manager = Manager(client, self.store, [self.controller], recorder=self.recorder, namespaces=[namespace])

    async def reconcile(self, request: Request) -> Result:
        """Make what the tags say."""
        self.reconciles += 1
        backend = self.store.get(*request.ref)
        if backend is None:
            return Result()
        wanted = [self.child(backend, name, value) for name, value in labels(backend).items()]
        for intent in wanted:
            await self.applier.apply(backend, intent)
        await self.applier.prune(backend, map(ref, wanted), ["ConfigMap"])
        marks = conditions.ready("Counted", f"{len(wanted)} children")
        found = conditions.merge([], marks, generation=1, now="2030-01-01T00:00:00Z")
        if await self.applier.status(backend, {"observedGeneration": len(wanted), "conditions": found}):
            self.recorder.event(backend, NORMAL, "Counted", f"{len(wanted)} children")
        return Result()

    def child(self, backend: Manifest, name: str, value: str) -> Manifest:
        """Return the intent for one child."""
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": backend["metadata"]["namespace"], "labels": MANAGED},
            "data": {"value": value},
        }

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until the store shows what should be, and no reconcile is due or running."""
        changed = asyncio.Event()
        unsubscribe = self.store.subscribe(lambda change: changed.set())
        async with asyncio.timeout(30):
            while not (holds() and self.controller.queue.depth() == self.controller.queue.active == 0):
                changed.clear()
                try:
                    async with asyncio.timeout(0.1):
                        await changed.wait()
                except TimeoutError:
                    continue
        unsubscribe()

    def children(self) -> dict[str, str]:
        """Return the children that the store shows."""
        return {obj["metadata"]["name"]: obj["data"]["value"] for obj in self.store.list("ConfigMap")}


@pytest.fixture
async def engine(client: Client, official: Official) -> AsyncIterator[Engine]:
    """Return a running engine in a namespace of its own."""
    found = Engine(client, official.namespace)
    async with asyncio.TaskGroup() as group:
        group.create_task(found.manager.run())
        yield found
        found.manager.stop()


def backends(official: Official) -> tuple[Any, tuple[str, str, str, str]]:
    """Return the official API of custom objects, and where backends are in it."""
    return official.custom, ("prism.io", "v1alpha1", official.namespace, "prismbackends")


async def test_it_converges_repairs_prunes_and_is_quiet(engine: Engine, official: Official, requests: Requests) -> None:
    """The official client changes the world, our store shows it put right, and nothing is written twice."""
    api, where = backends(official)
    body = {
        "apiVersion": "prism.io/v1alpha1",
        "kind": "PrismBackend",
        "metadata": {"name": "b", "labels": {"one": "1", "two": "2"}},
        "spec": {"type": "memstore"},
    }
    await asyncio.to_thread(lambda: api.create_namespaced_custom_object(*where, body))
    await engine.until(lambda: engine.children() == {"one": "1", "two": "2"})
    core, namespace = official.core, official.namespace
    assert sorted(requests.took()) == ["apply PrismBackend", "create ConfigMap", "create ConfigMap"]

    await asyncio.to_thread(
        core.patch_namespaced_config_map, "one", namespace, {"data": {"value": "x"}}, field_manager="somebody"
    )
    await engine.until(lambda: engine.children() == {"one": "x", "two": "2"} or bool(requests.writes))
    await engine.until(lambda: engine.children() == {"one": "1", "two": "2"})
    assert requests.took() == ["apply ConfigMap"]

    before = core.read_namespaced_config_map("two", namespace).metadata.uid
    await asyncio.to_thread(core.delete_namespaced_config_map, "two", namespace)
    await engine.until(
        lambda: any(
            obj["metadata"]["name"] == "two" and obj["metadata"]["uid"] != before
            for obj in engine.store.list("ConfigMap")
        )
    )
    assert requests.took() == ["create ConfigMap"]

    changed = {"metadata": {"labels": {"one": None, "two": "3"}}}
    await asyncio.to_thread(lambda: api.patch_namespaced_custom_object(*where, "b", changed))
    await engine.until(lambda: engine.children() == {"two": "3"})
    names = {item.metadata.name for item in core.list_namespaced_config_map(namespace, label_selector=CHILDREN).items}
    assert names == {"two"}
    requests.took()

    reconciles = engine.reconciles
    for obj in engine.store.list("PrismBackend"):
        for _ in range(50):
            engine.controller.queue.add(Request.of(obj))
            await engine.until(lambda: True)
    assert engine.reconciles > reconciles
    assert requests.took() == []


async def test_a_new_engine_over_a_right_world_writes_nothing(
    engine: Engine, client: Client, official: Official, requests: Requests
) -> None:
    """A restart costs reads only."""
    api, where = backends(official)
    body = {
        "apiVersion": "prism.io/v1alpha1",
        "kind": "PrismBackend",
        "metadata": {"name": "b", "labels": {"one": "1", "two": "2"}},
        "spec": {"type": "memstore"},
    }
    await asyncio.to_thread(lambda: api.create_namespaced_custom_object(*where, body))
    await engine.until(lambda: engine.children() == {"one": "1", "two": "2"})
    engine.manager.stop()
    requests.took()
    second = Engine(client, official.namespace)
    async with asyncio.TaskGroup() as group:
        group.create_task(second.manager.run())
        await second.manager.synced.wait()
        await second.until(lambda: second.reconciles > 0)
        second.manager.stop()
    assert second.children() == {"one": "1", "two": "2"}
    assert requests.took() == []
