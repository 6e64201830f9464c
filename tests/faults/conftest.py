"""What every case has: a proxy before the worker's cluster, a namespace of its own, and the unperturbed runs.

Each report carries how its case ended and what it measured, from the workers too. A full run becomes
docs/reliability.md; see `report`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from kubernetes.config import new_client_from_config
from kubernetes.dynamic import DynamicClient
from xdist.scheduler import LoadScopeScheduling

from tests.cluster import Cluster, install
from tests.faults.oracles import Run
from tests.faults.proxy import Proxy
from tests.faults.replica import account
from tests.faults.report import Result, page
from tests.faults.servers import Servers
from tests.faults.stage import FULL, QUIET, Stage, opened
from tests.faults.workloads import WORKLOADS

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "reliability.md"
Stages = Callable[[], AbstractContextManager[Stage]]
TOGETHER = ("test_replicas", "test_servers", "test_stale")
"""Modules with a cluster of their own, which one worker starts once."""
LAST = "test_replicas"
"""The module that needs the whole machine: it begins when the other workers run out of cases."""
SHORT = 180.0
"""Seconds that a case may take which says nothing else."""
PROPERTY = "faults"


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


@pytest.fixture(scope="session")
def official_api(cluster: Cluster) -> Iterator[Any]:
    """Return the official client of the shared cluster, our kinds installed."""
    with new_client_from_config(str(cluster.kubeconfig), context=cluster.context) as api:
        install(api)
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


@contextmanager
def stages_of(own: Servers, folder: Path) -> Iterator[Stages]:
    """Yield what opens a stage on a cluster of a module's own, our kinds installed; files go to `folder`."""
    with (
        new_client_from_config(str(own.cluster.kubeconfig), context=own.cluster.context) as api,
        Proxy(own.cluster.server, own.certificates) as proxy,
    ):
        install(api)
        dynamic: Any = DynamicClient(api, cache_file=str(folder / "discovery.json"))
        access = account(own.cluster, address=proxy.address, certificates=own.certificates, folder=folder)
        yield lambda: opened(dynamic, own.cluster, proxy, access, folder)


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
    """Name the marker, and gather results where they arrive."""
    config.addinivalue_line("markers", "perturbation(number, text): which line of the table a case belongs to")
    config.addinivalue_line("markers", "full: only the full run has the time for it")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Gathered())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In the full run begin with what takes longest; in the quick one leave out what is marked `full`."""
    if not FULL:
        left_out = [item for item in items if item.get_closest_marker("full")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
        return
    items.sort(key=_turn)


class Together(LoadScopeScheduling):  # type: ignore[misc] # it ships no types
    """Gives the cases of the modules in TOGETHER to one worker each, and every other case to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return scope(nodeid)


def scope(nodeid: str) -> str:
    """Return what a case is handed out with: its module, or nothing but itself."""
    path = nodeid.partition("::")[0]
    return path if Path(path).stem in TOGETHER else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together | None:  # noqa: ANN401 - it has no type
    """Return who hands out the cases of a full run; marks of groups are lost on pytest 9.2."""
    return Together(config, log) if FULL else None


def _turn(item: pytest.Item) -> tuple[bool, float]:
    longest = item.get_closest_marker("timeout")
    return item.path.stem == LAST, -float(longest.args[0] if longest else SHORT)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Write into the report to which perturbation the case belongs and what any of its fixtures measured."""
    found: pytest.TestReport = yield  # type: ignore[assignment]
    marker = item.get_closest_marker("perturbation")
    if marker is not None and (found.when == "call" or found.failed):
        measured = [getattr(one, "figures", {}) for one in getattr(item, "funcargs", {}).values()]
        figures = {name: value for one in measured for name, value in one.items()}
        found.user_properties.append((PROPERTY, [*marker.args, figures]))
    return found  # type: ignore[return-value]


class Gathered:
    """Gathers the results where all reports arrive, from workers too, and writes the page of a whole run."""

    def __init__(self) -> None:
        self.results: dict[str, Result] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a case ended; what failed in any of its phases has failed."""
        for name, value in report.user_properties:
            if name != PROPERTY:
                continue
            number, text, figures = cast("tuple[str, str, dict[str, float]]", value)
            known = self.results.get(report.nodeid)
            is_good = report.passed and (known is None or known.passed)
            self.results[report.nodeid] = Result(number, text, is_good, report.nodeid, figures)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the page where every case had its turn."""
        has_ended = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        if FULL and has_ended and self.results and _is_whole(session.config):
            PAGE.write_text(page(list(self.results.values()), quiet=QUIET))


def _is_whole(config: pytest.Config) -> bool:
    """Tell whether nothing was left out by the command line."""
    chosen = [config.getoption(name, None) for name in ("keyword", "markexpr", "deselect", "lf", "maxfail")]
    return not any(chosen) and [(config.invocation_params.dir / one).resolve() for one in config.args] == [HERE]
