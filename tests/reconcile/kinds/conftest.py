"""What the tests of this room share: an engine that runs beside each file's tests, and a namespace for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.dynamic import DynamicClient

from tests.cluster import Cluster
from tests.reconcile.kinds.answers import Answers
from tests.reconcile.kinds.running import Running
from tests.reconcile.kinds.world import World


@pytest.fixture(scope="package")
def dynamic(official_api: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401 - it ships no types
    """Return the official client for objects of any kind."""
    return DynamicClient(official_api, cache_file=str(Path(tmp_path_factory.mktemp("discovery"), "cache.json")))


@pytest.fixture(scope="module")
def engine(cluster: Cluster, dynamic: Any, request: pytest.FixtureRequest) -> Iterator[Running]:  # noqa: ANN401
    """Return the engine over all namespaces; a file that says INSIDE has one that counts as running in the cluster."""
    with Running(cluster, inside=getattr(request.module, "INSIDE", False)) as running:
        yield running


@pytest.fixture(scope="module")
def answers(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    """Return what answers for the cluster's pods."""
    with Answers(cluster, tmp_path_factory.mktemp("answers") / "kept") as found:
        yield found


@pytest.fixture
def bare(cluster: Cluster, dynamic: Any) -> Iterator[World]:  # noqa: ANN401 - it ships no types
    """Return a fresh namespace that nobody reconciles, unless the test has an engine."""
    found = World(dynamic, cluster, f"kinds-{uuid.uuid4().hex[:8]}")
    found.create("Namespace", found.namespace)
    yield found
    found.abandon()


@pytest.fixture
def world(bare: World, engine: Running) -> World:
    """Return a fresh namespace beside a running engine."""
    engine.check()
    return bare
