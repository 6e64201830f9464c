"""The manager: what is watched, when workers start, and how everything ends."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

import pytest

from kubectl_prism.kube.client import Client
from kubectl_prism.kube.tempo import GATHER, PROMPT
from kubectl_prism.model.meta import Manifest
from kubectl_prism.reconcile.controller import Controller
from kubectl_prism.reconcile.manager import CHILDREN, Manager, selectors
from kubectl_prism.reconcile.queue import NEWS, RESYNC
from kubectl_prism.reconcile.request import Request, Result
from kubectl_prism.store import Store
from tests.reconcile.fake import Server


class Informer:
    """An informer whose first list comes when the test says so."""

    made: list[tuple[str, str | None, str | None]]
    gathers: dict[str, float]
    all: list[Informer]
    began: asyncio.Event

    def __init__(
        self,
        client: Client,
        store: Store,
        kind: str,
        *,
        gather: float,
        namespace: str | None = None,
        labels: str | None = None,
    ) -> None:
        self.kind = kind
        self.error: str | None = None
        self.synced = asyncio.Event()
        self.last_seen = 0.0
        self.faults = 0
        self.made.append((kind, namespace, labels))
        self.gathers[kind] = gather
        self.all.append(self)

    async def run(self) -> None:
        """Watch for ever."""
        self.began.set()
        await asyncio.Event().wait()


@pytest.fixture
def informer() -> type[Informer]:
    """Return an informer class with a record of its own."""
    return cast(
        "type[Informer]",
        type("Recorded", (Informer,), {"made": [], "gathers": {}, "all": [], "began": asyncio.Event()}),
    )


def stack(name: str = "s", generation: int = 1) -> Manifest:
    """Return a stack as the API server has it."""
    metadata = {"name": name, "namespace": "default", "uid": name, "generation": generation}
    return {
        "apiVersion": "prism.io/v1alpha1",
        "kind": "PrismStack",
        "metadata": {**metadata, "resourceVersion": str(generation)},
    }


async def nothing(request: Request) -> Result:
    """Reconcile without doing anything."""
    return Result()


def manager(informer: type[Informer], store: Store, *controllers: Controller, **options: Any) -> Manager:  # noqa: ANN401
    """Return a manager without a server."""
    return Manager(cast("Client", Server()), store, controllers, informer=informer, **options)


def test_children_are_watched_by_label_and_what_people_write_is_not() -> None:
    """A kind that anybody needs whole is watched whole."""
    controllers = [
        Controller("PrismStack", nothing, owns=["Deployment", "PrismPattern", "Secret"]),
        Controller("PrismPattern", nothing, owns=["Deployment"], watches={"Secret": lambda change: []}),
    ]
    assert selectors(controllers, ["Node"]) == {
        "PrismStack": None,
        "PrismPattern": None,
        "Secret": None,
        "Node": None,
        "Deployment": CHILDREN,
    }


async def test_there_is_one_informer_for_each_kind_and_namespace(informer: type[Informer]) -> None:
    """Kinds without namespaces have one; `labels` has the last word."""
    controller = Controller("PrismStack", nothing, owns=["Deployment"])
    engine = manager(
        informer, Store(), controller, namespaces=["a", "b"], extra_kinds=["Node", "Pod"], labels={"Pod": "stack"}
    )
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(engine.run())
        await informer.began.wait()
        engine.stop()
    assert sorted(informer.made, key=str) == [
        ("Deployment", "a", CHILDREN),
        ("Deployment", "b", CHILDREN),
        ("Node", None, None),
        ("Pod", "a", "stack"),
        ("Pod", "b", "stack"),
        ("PrismStack", "a", None),
        ("PrismStack", "b", None),
    ]
    assert informer.gathers == {"PrismStack": PROMPT, "Deployment": GATHER, "Node": GATHER, "Pod": GATHER}


async def test_no_reconcile_before_every_cache_is_synced(informer: type[Informer]) -> None:
    """The first list waits at low priority; what comes later is news."""
    reconciled: list[Request] = []
    first = asyncio.Event()

    async def reconcile(request: Request) -> Result:
        reconciled.append(request)
        first.set()
        return Result()

    store = Store()
    controller = Controller("PrismStack", reconcile, owns=["Deployment"], workers=1)
    engine = manager(informer, store, controller)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(engine.run())
        await informer.began.wait()
        store.put("PrismStack", stack())
        informer.all[0].synced.set()
        await asyncio.sleep(0)
        assert (controller.queue.priorities, engine.synced.is_set(), reconciled) == ([RESYNC], False, [])
        informer.all[1].synced.set()
        await engine.synced.wait()
        store.put("PrismStack", stack("late"))
        assert NEWS in controller.queue.priorities
        await first.wait()
        engine.stop()
    assert reconciled[0] == Request("PrismStack", "default", "late")


async def test_stopping_finishes_what_runs_and_begins_nothing(informer: type[Informer]) -> None:
    """The running reconcile ends by itself, the queued one is left to the next run."""
    began, may_end = asyncio.Event(), asyncio.Event()
    ended: list[str] = []

    async def reconcile(request: Request) -> Result:
        began.set()
        await may_end.wait()
        ended.append(request.name)
        return Result()

    store = Store()
    engine = manager(informer, store, Controller("PrismStack", reconcile, workers=1))
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(engine.run())
        await informer.began.wait()
        informer.all[0].synced.set()
        store.put("PrismStack", stack("a"))
        store.put("PrismStack", stack("b"))
        await began.wait()
        engine.stop()
        await asyncio.sleep(0)
        assert ended == []
        may_end.set()
    assert ended == ["a"]


async def test_what_does_not_end_in_time_is_cancelled(
    informer: type[Informer], caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody waits for ever, and the log says for whom."""
    began = asyncio.Event()

    async def reconcile(request: Request) -> Result:
        began.set()
        await asyncio.Event().wait()
        return Result()

    store = Store()
    engine = manager(informer, store, Controller("PrismStack", reconcile), drain=0.01)
    with caplog.at_level(logging.WARNING):
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            group.create_task(engine.run())
            await informer.began.wait()
            informer.all[0].synced.set()
            store.put("PrismStack", stack())
            await began.wait()
            engine.stop()
    assert "PrismStack controller did not finish within 0.01 s" in caplog.text


async def test_stopping_before_the_caches_are_synced_ends_at_once(informer: type[Informer]) -> None:
    """A server that never answers does not hold anybody."""
    engine = manager(informer, Store(), Controller("PrismStack", nothing))
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        running = group.create_task(engine.run())
        await informer.began.wait()
        engine.stop()
    assert running.done()
    assert not engine.synced.is_set()


async def test_cancelling_leaves_no_task_behind(informer: type[Informer]) -> None:
    """Everything that ran under the manager ends with it."""
    before = asyncio.all_tasks()
    engine = manager(informer, Store(), Controller("PrismStack", nothing))
    running = asyncio.create_task(engine.run())
    async with asyncio.timeout(10):
        await informer.began.wait()
        informer.all[0].synced.set()
        await engine.synced.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert asyncio.all_tasks() == before
