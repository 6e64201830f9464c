"""Runs the engine: one informer per watched kind and namespace, one controller per reconciled kind, one task group.

The command that runs the engine builds it, starts `run` and calls `stop`. Workers start once every cache is synced, so
no reconcile ever takes an object that was not listed yet for one that is gone, and once the elector leads: who stands
by has everything in memory and does nothing. A resync every ten hours or so makes good for changes nobody reported.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import Protocol

from kubectl_prism.kube.client import Client
from kubectl_prism.kube.informer import Informer
from kubectl_prism.kube.leader import Elector
from kubectl_prism.kube.tempo import GATHER, PROMPT
from kubectl_prism.model.meta import FIELD_MANAGER, key
from kubectl_prism.model.resource import resource
from kubectl_prism.reconcile.controller import Controller
from kubectl_prism.reconcile.events import Recorder
from kubectl_prism.reconcile.metrics import Cache
from kubectl_prism.reconcile.queue import NEWS, RESYNC
from kubectl_prism.reconcile.request import Request
from kubectl_prism.reconcile.watchdog import Watchdog
from kubectl_prism.store import Change, Store

log = logging.getLogger(__name__)

CHILDREN = f"app.kubernetes.io/managed-by={FIELD_MANAGER}"
"""The label selector of every object that the engine makes: only these are listed and watched."""

DRAIN = 20.0
FLUSH = 2.0
RESYNC_EVERY = 36_000.0


class Watcher(Protocol):
    """One informer: `run` lists and watches for ever, `synced` is set after the first list, `error` says what fails.

    `last_seen` is the monotonic second of the last byte, `faults` counts objects that could not be read.
    """

    kind: str
    synced: asyncio.Event
    error: str | None
    last_seen: float
    faults: int

    async def run(self) -> None:
        """List and watch until cancelled."""
        ...


class Manager:
    """Everything that runs while the engine runs.

    `namespaces` limits what is watched, None is everything. Children are watched by their label; a controller's own
    kind, mapped kinds (`watches`) and `extra_kinds` without; `labels` decides otherwise for single kinds (None: all).
    `informer` is called as `informer(client, store, kind, namespace=…, labels=…, gather=…)`; a kind that the API server
    does not serve counts as synced and empty until it does. Without an `elector` it leads at once.
    """

    def __init__(
        self,
        client: Client,
        store: Store,
        controllers: Sequence[Controller],
        *,
        informer: Callable[..., Watcher] = Informer,
        recorder: Recorder | None = None,
        elector: Elector | None = None,
        namespaces: Sequence[str] | None = None,
        labels: Mapping[str, str | None] | None = None,
        extra_kinds: Iterable[str] = (),
        drain: float = DRAIN,
    ) -> None:
        self.client = client
        self.store = store
        self.controllers = tuple(controllers)
        self.informer = informer
        self.recorder = recorder
        self.elector = elector
        self.namespaces = None if namespaces is None else tuple(namespaces)
        self.drain = drain
        self.selectors = {**selectors(self.controllers, extra_kinds), **(labels or {})}
        self.watchdog = Watchdog(self.controllers)
        self.synced = asyncio.Event()
        self._stopping = asyncio.Event()
        self._running: list[asyncio.Task[None]] = []
        self._watchers: list[Watcher] = []

    @property
    def error(self) -> str | None:
        """What keeps a cache from being up to date, or None."""
        return next((watcher.error for watcher in self._watchers if watcher.error), None)

    def caches(self) -> Iterator[Cache]:
        """Yield what is in memory of each kind."""
        for kind in sorted(self.selectors):
            watchers = [watcher for watcher in self._watchers if watcher.kind == kind]
            oldest = min((watcher.last_seen for watcher in watchers), default=-inf)
            unreadable = sum(watcher.faults for watcher in watchers)
            yield Cache(kind, len(self.store.list(kind)), time.monotonic() - oldest, unreadable)

    def stop(self) -> None:
        """End `run` gracefully: nothing new is begun, what runs is finished within `drain` seconds."""
        self._stopping.set()

    async def run(self) -> None:
        """Run the engine until `stop`; a task that fails brings everything down."""
        unsubscribe = self.store.subscribe(self._notice)
        try:
            async with asyncio.TaskGroup() as group:
                engine = group.create_task(self._engine(), name="engine")
                await self._stopping.wait()
                await self._finish()
                engine.cancel()
        finally:
            unsubscribe()
            if self.elector is not None:
                await self.elector.release()

    async def _engine(self) -> None:
        async with asyncio.TaskGroup() as group:
            if self.recorder is not None:
                group.create_task(self.recorder.run(), name="events")
            group.create_task(self.watchdog.run(), name="watchdog")
            self._watchers = [watcher for kind in sorted(self.selectors) for watcher in self._informers(kind)]
            for watcher in self._watchers:
                group.create_task(watcher.run(), name=f"{watcher.kind} informer")
            leading = group.create_task(self._lead(), name="leader")
            for watcher in self._watchers:
                await watcher.synced.wait()
            self.synced.set()
            group.create_task(self._resync(), name="resync")
            await leading

    async def _lead(self) -> None:
        """Reconcile whenever we lead; where we no longer do, stop what was begun, and stand by again."""
        if self.elector is None:
            await self.synced.wait()
            await self._work()
            return
        while True:
            await self.elector.acquire()
            await self.synced.wait()
            working = asyncio.create_task(self._work(), name="work")
            keeping = asyncio.create_task(self.elector.keep(), name="elector")
            try:
                await asyncio.wait((working, keeping), return_when=asyncio.FIRST_COMPLETED)
                if working.done():
                    working.result()
                why = await keeping
            finally:
                working.cancel()
                keeping.cancel()
                await asyncio.wait((working, keeping))
            log.warning("no longer the holder of the %s: %s; standing by", self.elector.ref, why)
            await self.elector.release()
            self._enqueue_all()

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            self._running = [
                group.create_task(controller.run(), name=f"{controller.kind} controller")
                for controller in self.controllers
            ]

    def _informers(self, kind: str) -> Iterator[Watcher]:
        namespaces = self.namespaces if self.namespaces is not None and resource(kind).namespaced else (None,)
        gather = PROMPT if any(kind == controller.kind for controller in self.controllers) else GATHER
        for namespace in namespaces:
            yield self.informer(
                self.client, self.store, kind, namespace=namespace, labels=self.selectors[kind], gather=gather
            )

    def _notice(self, change: Change) -> None:
        priority = NEWS if self.synced.is_set() else RESYNC
        for controller in self.controllers:
            if change.kind in controller.kinds:
                controller.notice(change, store=self.store, priority=priority)

    async def _resync(self) -> None:
        while True:
            await asyncio.sleep(RESYNC_EVERY * random.uniform(0.9, 1.1))  # noqa: S311 - spreads load, keeps no secret
            self._enqueue_all()

    def _enqueue_all(self) -> None:
        """Ask for a look at every object, when nobody waits for anything else."""
        for controller in self.controllers:
            for obj in self.store.list(controller.kind):
                controller.queue.add(Request(controller.kind, *key(obj)), RESYNC)

    async def _finish(self) -> None:
        """Stop the intake, wait for what runs, and get the last Events out."""
        for controller in self.controllers:
            controller.queue.shutdown()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=self.drain)
            for task in late:
                log.warning("%s did not finish within %g s and is cancelled", task.get_name(), self.drain)
        if self.recorder is not None:
            await self.recorder.flush(FLUSH)


def selectors(controllers: Iterable[Controller], extra_kinds: Iterable[str] = ()) -> dict[str, str | None]:
    """Return every kind to watch with its label selector: `CHILDREN` for what is only owned, None for all objects."""
    whole = set(extra_kinds)
    owned: set[str] = set()
    for controller in controllers:
        whole |= {controller.kind, *controller.watches}
        owned |= set(controller.owns)
    return {kind: None if kind in whole else CHILDREN for kind in whole | owned}
