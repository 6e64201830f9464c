"""What the tests of this room share: hypothesis' settings, and one namespace of a real cluster for each test."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from kubectl_prism.kube.client import Client
from kubectl_prism.kube.config import Connection, load
from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.store import Store
from tests.cluster import Cluster, install

# A loaded machine is slow without anything being wrong.
settings.register_profile("prism", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("prism")


@dataclass(frozen=True)
class Official:
    """The official client, which judges what ours did, in one namespace of its own."""

    api: Any
    namespace: str

    @property
    def core(self) -> Any:  # noqa: ANN401 - the official client ships no types
        """The core API."""
        from kubernetes.client import CoreV1Api

        return CoreV1Api(self.api)

    @property
    def apps(self) -> Any:  # noqa: ANN401 - the official client ships no types
        """The API of Deployments."""
        from kubernetes.client import AppsV1Api

        return AppsV1Api(self.api)

    @property
    def custom(self) -> Any:  # noqa: ANN401 - the official client ships no types
        """The API of our own kinds."""
        from kubernetes.client import CustomObjectsApi

        return CustomObjectsApi(self.api)


@dataclass(frozen=True)
class Requests:
    """Counts what our client asked."""

    writes: list[str]

    def __call__(self, verb: str, kind: str, status: int, seconds: float) -> None:
        """Note a request; Events are nobody's desired state."""
        if verb not in ("get", "list", "watch") and kind != "Event":
            self.writes.append(f"{verb} {kind}")

    def took(self) -> list[str]:
        """Return the writes since the last time."""
        found = list(self.writes)
        self.writes.clear()
        return found


@pytest.fixture(scope="session")
def official_api(cluster: Cluster) -> Iterator[Any]:
    """Return the official client of the test cluster, our kinds installed."""
    from kubernetes.config import new_client_from_config

    with new_client_from_config(str(cluster.kubeconfig), context=cluster.context) as api:
        install(api)
        yield api


@pytest.fixture
def official(official_api: Any) -> Iterator[Official]:  # noqa: ANN401 - the official client ships no types
    """Return the official client with a fresh namespace."""
    found = Official(official_api, f"engine-{uuid.uuid4().hex[:8]}")
    found.core.create_namespace({"metadata": {"name": found.namespace}})
    yield found
    found.core.delete_namespace(found.namespace)


@pytest.fixture
def requests() -> Requests:
    """Return what counts our client's writes."""
    return Requests([])


@pytest.fixture
async def client(cluster: Cluster, requests: Requests) -> AsyncIterator[Client]:
    """Return our client."""
    where = load(Connection(kubeconfig=str(cluster.kubeconfig), context=cluster.context))
    async with Client(where, on_request=requests) as found:
        yield found


async def look(client: Client, store: Store, *refs: Ref) -> None:
    """Let the store see these objects as an informer would: as they are now, without managedFields."""
    for ref in refs:
        obj: Manifest = await client.get(*ref)
        obj["metadata"].pop("managedFields", None)
        store.put(ref.kind, obj)
