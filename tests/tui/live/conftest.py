"""What the tests of the dashboard on a real cluster share: one operator, one proxy, a namespace for each file."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes.config import new_client_from_config
from kubernetes.dynamic import DynamicClient

from tests.cluster import Cluster, install
from tests.faults.proxy import Proxy
from tests.reconcile.kinds.process import Operator
from tests.reconcile.kinds.world import World
from tests.tui.live.access import Access


@pytest.fixture(scope="package")
def dynamic(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return the official client for objects of any kind, our kinds installed."""
    with new_client_from_config(str(cluster.kubeconfig), context=cluster.context) as api:
        install(api)
        yield DynamicClient(api, cache_file=str(tmp_path_factory.mktemp("discovery") / "cache.json"))


@pytest.fixture(scope="package")
def operator(cluster: Cluster, dynamic: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:  # noqa: ANN401
    """Return the reconciler of all namespaces, a process of its own."""
    with Operator(cluster, namespace=None, folder=tmp_path_factory.mktemp("operator")) as found:
        yield found


@pytest.fixture(scope="module")
def world(cluster: Cluster, dynamic: Any, operator: Operator) -> Iterator[World]:  # noqa: ANN401 - it ships no types
    """Return a fresh namespace that is reconciled."""
    found = World(dynamic, cluster, f"live-{uuid.uuid4().hex[:6]}")
    found.create("Namespace", found.namespace)
    yield found
    found.abandon()


@pytest.fixture(scope="package")
def proxy(cluster: Cluster) -> Iterator[Proxy]:
    """Return the proxy between the screen and the API server, which remembers what is asked."""
    with Proxy(cluster.server, cluster.kubeconfig.parent / "clusters" / cluster.name / "pki") as found:
        yield found


@pytest.fixture(scope="module")
def access(world: World, proxy: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Access:
    """Return what makes users of the namespace that come through the proxy."""
    return Access(world, proxy, tmp_path_factory.mktemp("access"))
