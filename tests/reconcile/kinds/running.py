"""The engine under test, in a thread of its own, so that tests can wait for the world with the official client."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType

from kubectl_prism.kube.config import Connection, load
from kubectl_prism.reconcile.controller import Reconcile
from kubectl_prism.reconcile.engine import Engine, engine
from kubectl_prism.reconcile.request import Postponed, Request, Result
from tests.cluster import Cluster
from tests.reconcile.kinds.world import eventually

READS = ("get", "list", "watch")
WITHIN = 60.0
GOODBYE = 0.25
"""Seconds in which the connections that were closed say so to the server, before the loop is gone."""


class Running:
    """One engine; `with Running(cluster) as running` returns once it is synced, and stops it in the end."""

    def __init__(self, cluster: Cluster, *, inside: bool = False, namespaces: Sequence[str] | None = None) -> None:
        connection = Connection(kubeconfig=str(cluster.kubeconfig), context=cluster.context)
        self._cluster = dataclasses.replace(load(connection), inside=inside)
        self._namespaces = namespaces
        self._synced = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine under test", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._engine: Engine | None = None
        self._error: BaseException | None = None
        self._reconciles: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()

    def __enter__(self) -> Running:
        """Start the engine."""
        self._thread.start()
        assert self._synced.wait(WITHIN), "the engine never synced"
        self.check()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the engine as a signal would, and see that it ended well."""
        if self._loop and self._engine and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._engine.manager.stop)
        self._thread.join(WITHIN)
        assert not self._thread.is_alive(), "the engine did not stop"
        self.check()

    def check(self) -> None:
        """Raise what ended the engine, if anything did."""
        if self._error is not None:
            raise self._error

    def writes(self) -> int:
        """Return how many requests other than reads, and other than for its Lease, the engine has sent so far."""
        samples = (sample for family in self._running.metrics.registry.collect() for sample in family.samples)
        requests = [sample for sample in samples if sample.name == "rest_client_requests_total"]
        return int(
            sum(one.value for one in requests if one.labels["verb"] not in READS and one.labels["kind"] != "Lease")
        )

    def failures(self, namespace: str) -> int:
        """Return how many reconciles of objects in a namespace ended in an error so far."""
        return self._failures[namespace]

    def reconciles(self, namespace: str) -> int:
        """Return how many reconciles of objects in a namespace have begun so far."""
        return self._reconciles[namespace]

    def rests(self, namespace: str) -> None:
        """Wait until no reconcile in a namespace has begun for a second: what comes after is not left over."""
        before, since = self.reconciles(namespace), time.monotonic()

        def is_long_enough() -> bool:
            nonlocal before, since
            if (now := self.reconciles(namespace)) != before:
                before, since = now, time.monotonic()
            return time.monotonic() - since > 1

        eventually(is_long_enough)

    @property
    def _running(self) -> Engine:
        assert self._engine is not None
        return self._engine

    def _counted(self, reconcile: Reconcile) -> Reconcile:
        async def counted(request: Request) -> Result:
            self._reconciles[request.namespace] += 1
            try:
                return await reconcile(request)
            except Postponed:
                raise
            except BaseException:
                self._failures[request.namespace] += 1
                raise

        return counted

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - told to the test, which fails by it
            self._error = error
        finally:
            self._synced.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with engine(self._cluster, namespaces=self._namespaces) as found:
            for controller in found.manager.controllers:
                controller.reconcile = self._counted(controller.reconcile)
            self._engine = found
            running = asyncio.ensure_future(found.manager.run())
            synced = asyncio.ensure_future(found.manager.synced.wait())
            await asyncio.wait((running, synced), return_when=asyncio.FIRST_COMPLETED)
            self._synced.set()
            synced.cancel()
            await running
        await asyncio.sleep(GOODBYE)
