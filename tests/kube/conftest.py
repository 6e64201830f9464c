"""What the tests of this room share: a scripted server, clients of it, and clients of a real cluster."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from kubectl_prism.kube.client import Client
from kubectl_prism.kube.config import Cluster, Connection, load
from kubectl_prism.kube.informer import Informer
from tests.kube.fake import FakeServer

if TYPE_CHECKING:
    from tests.cluster import Cluster as RealCluster

Until = Callable[[Callable[[], object]], Any]


async def until(claim: Callable[[], object]) -> None:
    """Wait until `claim` holds, at most ten seconds."""
    async with asyncio.timeout(10):
        while not claim():  # noqa: ASYNC110 - what is waited for, a store or a counter, has no event to wait on
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def running(*informers: Informer) -> AsyncIterator[None]:
    """Run informers for the time of a block."""
    tasks = [asyncio.create_task(informer.run(), name=informer.kind) for informer in informers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    """A scripted API server on a free port."""
    fake = FakeServer()
    app = web.Application(client_max_size=1 << 23)
    app.router.add_route("*", "/{path:.*}", fake.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield fake
    await runner.cleanup()


@pytest.fixture
def target(server: FakeServer, tmp_path: Path) -> Cluster:
    """The scripted server, as a person with no kubeconfig names it."""
    return load(Connection(server=server.url, token="secret-token"), {"HOME": str(tmp_path)})


@pytest.fixture
async def client(target: Cluster) -> AsyncIterator[Client]:
    """A client of the scripted server."""
    async with Client(target) as opened:
        yield opened


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make informers retry soon, so that a test of many failures takes no minutes."""
    monkeypatch.setattr("kubectl_prism.kube.backoff.FIRST", 0.01)


@pytest.fixture
async def real(cluster: RealCluster) -> AsyncIterator[Client]:
    """Our client of the real cluster."""
    async with Client(load(Connection(kubeconfig=str(cluster.kubeconfig), context=cluster.context))) as opened:
        yield opened


@pytest.fixture
def official(cluster: RealCluster) -> Iterator[Any]:
    """The official client of the same cluster: it judges what ours did."""
    from kubernetes.client import ApiClient, Configuration
    from kubernetes.config import load_kube_config

    configuration = Configuration()
    load_kube_config(str(cluster.kubeconfig), cluster.context, client_configuration=configuration)
    with ApiClient(configuration) as api:
        yield api


@pytest.fixture
def namespace(official: Any) -> Iterator[str]:  # noqa: ANN401 (the official client ships no types)
    """A namespace of its own for each test."""
    from kubernetes.client import CoreV1Api

    name = f"kube-{uuid.uuid4().hex[:8]}"
    CoreV1Api(official).create_namespace({"metadata": {"name": name}})
    yield name
    CoreV1Api(official).delete_namespace(name)
