"""What every case has: a proxy before the shared cluster, a namespace of its own, and the unperturbed runs.

In the full run the results become docs/reliability.md; see `report`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import ApiException, ApiextensionsV1Api
from kubernetes.config import new_client_from_config
from kubernetes.dynamic import DynamicClient

import kubectl_prism
from tests.cluster import Cluster
from tests.faults import report
from tests.faults.oracles import Run
from tests.faults.proxy import Proxy
from tests.faults.replica import account
from tests.faults.stage import FULL, Stage, opened
from tests.faults.workloads import WORKLOADS

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
Stages = Callable[[], AbstractContextManager[Stage]]
_RESULTS = pytest.StashKey[list[report.Result]]()


class References(dict[str, Run]):
    """The unperturbed run of each workload, played when it is first asked for."""

    def __init__(self, stages: Stages) -> None:
        super().__init__()
        self._stages = stages

    def __missing__(self, name: str) -> Run:
        """Play the workload."""
        with self._stages() as stage:
            self[name] = stage.unperturbed(WORKLOADS[name])
        return self[name]


def crds(api: Any) -> None:  # noqa: ANN401 - it ships no types
    """Put our kinds on a cluster, unless they are there."""
    for path in sorted((Path(kubectl_prism.__file__).parent / "manifests" / "crds").glob("*.yaml")):
        try:
            ApiextensionsV1Api(api).create_custom_resource_definition(yaml.safe_load(path.read_text()))
        except ApiException as error:
            if error.status != 409:
                raise


@pytest.fixture(scope="session")
def official_api(cluster: Cluster) -> Iterator[Any]:
    """Return the official client of the shared cluster, our kinds installed."""
    with new_client_from_config(str(cluster.kubeconfig), context=cluster.context) as api:
        crds(api)
        yield api


@pytest.fixture(scope="session")
def certificates(cluster: Cluster) -> Path:
    """Return the folder of the cluster's keys and certificates."""
    return cluster.kubeconfig.parent / "clusters" / cluster.name / "pki"


@pytest.fixture(scope="session")
def proxy(cluster: Cluster, certificates: Path) -> Iterator[Proxy]:
    """Return the proxy before the shared cluster."""
    with Proxy(cluster.server, certificates) as found:
        yield found


@pytest.fixture(scope="session")
def stages(
    cluster: Cluster,
    proxy: Proxy,
    certificates: Path,
    official_api: Any,  # noqa: ANN401 - it ships no types
    tmp_path_factory: pytest.TempPathFactory,
) -> Stages:
    """Return what opens a stage with a fresh namespace."""
    folder = tmp_path_factory.mktemp("faults")
    dynamic = DynamicClient(official_api, cache_file=str(folder / "discovery.json"))
    access = account(cluster, address=proxy.address, certificates=certificates, folder=folder)
    return lambda: opened(dynamic, cluster, proxy, access, folder)


@pytest.fixture
def stage(stages: Stages) -> Iterator[Stage]:
    """Return a fresh namespace with the proxy before it."""
    with stages() as found:
        yield found


@pytest.fixture(scope="session")
def references(stages: Stages) -> Mapping[str, Run]:
    """Return the unperturbed runs by workload."""
    return References(stages)


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker, and keep results from the beginning."""
    config.addinivalue_line("markers", "perturbation(number, text): which line of the table a case belongs to")
    config.stash[_RESULTS] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Note how each case ended and what it measured."""
    found: pytest.TestReport = yield  # type: ignore[assignment]
    marker = item.get_closest_marker("perturbation")
    if marker is not None and (found.when == "call" or found.failed):
        stage = getattr(item, "funcargs", {}).get("stage")
        figures = dict(stage.figures) if stage else {}
        number, text = marker.args
        item.config.stash[_RESULTS].append(report.Result(number, text, found.passed, found.nodeid, figures))
    return found  # type: ignore[return-value]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the page after a full run."""
    results = session.config.stash.get(_RESULTS, [])
    if FULL and results:
        PAGE.write_text(report.page(results))
