"""The elector on a real API server, against the official client's own elector: never two holders of one Lease."""

from __future__ import annotations

import asyncio
import threading
import uuid
from typing import Any

import pytest
from kubernetes.client import CoordinationV1Api
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock

from kubectl_prism.kube.client import Client
from kubectl_prism.kube.config import Connection, load
from kubectl_prism.kube.leader import Elector, Timing
from tests.cluster import Cluster

TIMING = Timing(lease=4.0, renew=3.0, retry=0.5)


class Theirs:
    """The official client's elector in a thread; `leads` is set while its work runs."""

    def __init__(self, api: Any, name: str, namespace: str) -> None:  # noqa: ANN401 - it ships no types
        self.leads = threading.Event()
        self.may_end = threading.Event()
        lock = LeaseLock(name, namespace, "theirs")
        lock.api_instance = CoordinationV1Api(api)
        config = electionconfig.Config(
            lock,
            lease_duration=4,
            renew_deadline=3,
            retry_period=1,
            onstarted_leading=self._work,
            onstopped_leading=None,
        )
        self._thread = threading.Thread(target=leaderelection.LeaderElection(config).run, name="theirs", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Let the work come to its end, and wait for the thread: it would renew the Lease as long as the test runs."""
        self.may_end.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _work(self) -> None:
        self.leads.set()
        self.may_end.wait()
        self.leads.clear()
        raise RuntimeError("this ends their elector, and nothing else does")


@pytest.mark.timeout(60)
async def test_the_official_elector_and_ours_respect_each_other(cluster: Cluster, official: Any) -> None:  # noqa: ANN401 - it ships no types
    """Ours holds and theirs waits; ours is released and theirs leads; then ours waits and knows who leads."""
    name = f"interop-{uuid.uuid4().hex[:8]}"
    connection = Connection(kubeconfig=str(cluster.kubeconfig), context=cluster.context)
    async with Client(load(connection)) as client:
        ours = Elector(client, identity="ours", namespace="default", name=name, timing=TIMING)
        await ours.acquire()
        running = asyncio.ensure_future(ours.keep())
        theirs = Theirs(official, name, "default")
        await asyncio.to_thread(theirs.leads.wait, 6)
        assert (ours.leads, theirs.leads.is_set()) == (True, False)
        running.cancel()
        await ours.release()
        assert await asyncio.to_thread(theirs.leads.wait, 10)
        seen = asyncio.Event()
        again = Elector(
            client, identity="again", namespace="default", name=name, timing=TIMING, observe=lambda _: seen.set()
        )
        waiting = asyncio.ensure_future(again.acquire())
        await seen.wait()
        assert (again.leads, again.holder.identity, theirs.leads.is_set()) == (False, "theirs", True)
        waiting.cancel()
        await asyncio.to_thread(theirs.end)
