"""P7, P8, P14, P17 and P20: the API server and etcd are killed, stay away, freeze, run full, hold rubbish, come back.

So do the kinds that the API server serves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.cluster import install
from tests.faults import oracles
from tests.faults.conftest import References, Stages, stages_of
from tests.faults.oracles import Run
from tests.faults.plan import Cut, Gate, Hold, Rule
from tests.faults.replica import Replica
from tests.faults.servers import Servers, servers
from tests.faults.stage import FULL, Stage
from tests.faults.workloads import WORKLOADS
from tests.reconcile.kinds.world import eventually, kubectl

pytestmark = pytest.mark.timeout(900)

KINDS = ["PrismStack", "PrismPattern", "PrismBackend", "PrismNamespace"]
NAME = "backend" if FULL else "connection"
"""The workload: in the quick run one that ends without other controllers, which are slow to find the server again."""
AWAY = [5.0, 60.0, 300.0] if FULL else [5.0]
KILLS = 20 if FULL else 2
FROZEN = [2.0, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0] if FULL else [4.0]
PATIENCE = 240.0 if FULL else 60.0
"""Seconds that other controllers, too, have to find the server again."""
BACK = 10.0
"""Seconds after the server is ready within which all is as it should."""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Return a cluster whose servers may be harmed."""
    with servers(tmp_path_factory.mktemp("own")) as found:
        yield found


@pytest.fixture(scope="module")
def stages(own: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    """Return what opens a stage on that cluster."""
    with stages_of(own, tmp_path_factory.mktemp("own-faults")) as found:
        yield found


@pytest.fixture(scope="module")
def references(stages: Stages) -> Mapping[str, Run]:
    """Return the unperturbed runs on that cluster."""
    return References(stages)


@pytest.fixture
def stage(own: Servers, stages: Stages) -> Iterator[Stage]:
    """Return a fresh namespace on that cluster, whose servers are mended before and after."""
    own.mend()
    with stages() as found:
        found.forgets, found.patience = False, PATIENCE
        try:
            yield found
        finally:
            own.mend()


def harmed(stage: Stage, own: Servers, reference: Run, harm: Callable[[Replica], None]) -> Replica:
    """Play a workload whose change falls into `harm`, which ends with the server ready; hold O1 to O6 and the time."""
    with stage.operator() as replica:
        stage.prepare(WORKLOADS[NAME])
        began = time.monotonic()
        harm(replica)
        own.returns()
        back = time.monotonic()
        run = stage.converges(replica, reference, began)
        assert last_write(stage, began) - back <= BACK
        stage.figures["seconds until the last write"] = max(0.0, last_write(stage, began) - back)
        stage.holds(replica, run, reference)
    return replica


def last_write(stage: Stage, began: float) -> float:
    """Return when desired state was last written; what comes later, other controllers need for their part."""
    found = [one for one in stage.proxy.since(began) if one.is_write and not one.subresource]
    return max((one.began for one in found if 200 <= one.status < 300), default=began)


def away(stage: Stage, replica: Replica, seconds: float) -> None:
    """Let the time pass in which the server is away, the operator being started again where it ends; hold O7."""
    began = time.monotonic()

    def is_over() -> bool:
        if replica.has_ended:
            replica.revive()
        return time.monotonic() - began > seconds

    eventually(is_over, within=seconds + 5)
    asked = oracles.rate(stage.proxy.since(began), seconds)
    stage.figures["requests a second while away"] = asked
    assert asked <= oracles.REQUESTS_A_SECOND


@pytest.mark.perturbation("P7", "API server killed, away for a while")
@pytest.mark.parametrize("seconds", AWAY)
def test_a_server_that_is_away_is_not_stormed_and_found_again(
    stage: Stage, own: Servers, references: Mapping[str, Run], seconds: float
) -> None:
    """While the server is away there are at most 20 requests a second; ten seconds after it is back all is done."""

    def harm(replica: Replica) -> None:
        WORKLOADS[NAME].change(stage.world)
        own.api.kill()
        with stage.proxy.down():
            away(stage, replica, seconds)
            own.api.start()
            own.returns()

    harmed(stage, own, references[NAME], harm)


@pytest.mark.perturbation("P7", "API server killed again and again")
def test_a_server_that_dies_again_and_again_is_outlived(
    stage: Stage, own: Servers, references: Mapping[str, Run]
) -> None:
    """Killed as soon as it is ready, many times, the server finds the operator at the same end."""

    def harm(replica: Replica) -> None:
        WORKLOADS[NAME].change(stage.world)
        for _ in range(KILLS):
            own.api.kill()
            own.api.start()
            own.returns()
        stage.figures["runs"] = KILLS

    harmed(stage, own, references[NAME], harm)


@pytest.mark.perturbation("P6", "410 after the API server was started again")
def test_a_watch_from_before_a_restart_goes_on_after_it(stage: Stage, own: Servers) -> None:
    """What is deleted while the server's memory of events goes with a restart is seen all the same, and made again."""
    resource = ["deployments"]
    with stage.operator() as replica:
        stage.prepare(WORKLOADS["backend"])
        WORKLOADS["backend"].change(stage.world)
        stage.rests()
        began, gate = time.monotonic(), Gate()
        cut = Rule(Cut(), verb=["watch"], resource=resource, event=1)
        hold = Rule(Hold(gate), verb=["watch"], resource=resource)
        with stage.proxy.rules(cut, hold):
            stage.world.patch("Deployment", "orders", {"metadata": {"labels": {"example.com/touched": "yes"}}})
            eventually(gate.reached.is_set)
            stage.world.delete("Deployment", "orders")
            stage.world.gone("Deployment", "orders")
            own.api.kill()
            own.api.start()
            own.returns()
        eventually(lambda: stage.world.find("Deployment", "orders"))
        eventually(lambda: replica.is_idle)
        made, removed, _ = oracles.counted(stage.asked(began))
        assert (made, removed) == ({"deployments/orders": 1}, {})
        assert len([one for one in stage.asked(began) if one.is_listing and one.resource == "deployments"]) == 1
        oracles.ends_well(replica)


@pytest.mark.perturbation("P8", "API server frozen")
@pytest.mark.parametrize("seconds", FROZEN)
def test_a_frozen_server_is_waited_for(
    stage: Stage, own: Servers, references: Mapping[str, Run], seconds: float
) -> None:
    """A server that keeps its connections and answers nothing is neither stormed nor waited for without an end."""

    def harm(replica: Replica) -> None:
        WORKLOADS[NAME].change(stage.world)
        own.api.freeze()
        try:
            away(stage, replica, seconds)
        finally:
            own.api.thaw()

    harmed(stage, own, references[NAME], harm)


@pytest.mark.perturbation("P20", "etcd killed or frozen")
@pytest.mark.parametrize("seconds", [1.0, 3.0, 8.0, 30.0] if FULL else [3.0])
@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_a_store_that_goes_and_comes_is_waited_for(
    stage: Stage, own: Servers, references: Mapping[str, Run], how: str, seconds: float
) -> None:
    """While etcd is away writes fail or hang; once it is back everything is done, and nothing twice."""

    def harm(replica: Replica) -> None:
        WORKLOADS[NAME].change(stage.world)
        if how == "killed":
            own.etcd.kill()
        else:
            own.etcd.freeze()
        try:
            away(stage, replica, seconds)
        finally:
            (own.etcd.start if how == "killed" else own.etcd.thaw)()

    harmed(stage, own, references[NAME], harm)


@pytest.mark.perturbation("P20", "etcd full")
@pytest.mark.parametrize("seconds", [2.0, 15.0, 60.0] if FULL else [2.0])
def test_a_store_that_is_full_is_read_and_written_again_when_it_has_space(
    stage: Stage, own: Servers, references: Mapping[str, Run], seconds: float
) -> None:
    """While etcd refuses every write the operator lives and reads on; ten seconds after it has space all is done."""

    def harm(replica: Replica) -> None:
        WORKLOADS[NAME].change(stage.world)
        began = time.monotonic()
        with own.store.full():
            away(stage, replica, seconds)
            assert [one for one in stage.asked(began) if one.is_write and one.status >= 500]
            assert replica.exits == []

    harmed(stage, own, references[NAME], harm)


@pytest.mark.perturbation("P14", "an object in etcd that the API server cannot read")
@pytest.mark.full
def test_a_kind_that_the_server_cannot_list_costs_no_other_kind(stage: Stage, own: Servers) -> None:
    """While bytes that are no JSON keep the server from giving a kind out, the others are looked after."""
    world = stage.world
    with stage.operator() as replica:
        world.backend("cache", connection={"url": "redis://cache:6379"})
        world.pattern("orders")
        world.ready("PrismPattern", "orders")
        own.store.put("prismpatterns", world.namespace, "rubbish", b"\xff\xfe is no JSON")
        try:
            eventually(lambda: not _is_listed(own))
            world.specify("PrismBackend", "cache", connection={"url": "redis://other:6379"}, provider="redis")
            world.ready("PrismBackend", "cache")
            assert replica.exits == []
        finally:
            own.store.remove("prismpatterns", world.namespace, "rubbish")
        began = time.monotonic()
        eventually(lambda: _is_listed(own))
        world.specify("PrismPattern", "orders", config={"ttl": "1h"})
        world.ready("PrismPattern", "orders")
        stage.figures["seconds until a kind that can be read again is looked after"] = time.monotonic() - began
        oracles.ends_well(replica)


def _is_listed(own: Servers, plural: str = "prismpatterns.prism.io") -> bool:
    try:
        kubectl(own.cluster, "get", plural, "--all-namespaces")
    except AssertionError:
        return False
    return True


@pytest.mark.perturbation("P17", "a CRD deleted and made again under running objects")
@pytest.mark.parametrize("kind", KINDS if FULL else KINDS[1:2])
@pytest.mark.parametrize("time_again", range(4 if FULL else 1))
def test_a_kind_that_goes_and_comes_takes_nothing_with_it_but_its_own(
    stage: Stage, own: Servers, references: Mapping[str, Run], kind: str, time_again: int
) -> None:
    """While one of our kinds is not served the others are looked after; made again, it is served as before."""
    world, other = stage.world, "PrismBackend" if kind != "PrismBackend" else "PrismPattern"
    make = {"PrismBackend": world.backend, "PrismPattern": world.pattern}[other]
    with stage.operator() as replica:
        WORKLOADS["stack"].change(world)
        stage.rests()
        plural = f"{kind.lower()}s.prism.io"
        kubectl(own.cluster, "delete", "crd", plural, "--wait=true")
        try:
            make("another")
            world.ready(other, "another")
            world.delete(other, "another")
            assert replica.exits == []
        finally:
            install(world.client.client)
            eventually(lambda: _is_listed(own, plural))
        began = time.monotonic()
        if kind == "PrismStack":
            stage.rests()
            WORKLOADS["stack"].change(world)
        eventually(lambda: oracles.equals(world, references["stack"].state), within=PATIENCE)
        stage.figures["seconds until a kind that is served again is looked after"] = time.monotonic() - began
        assert oracles.leftovers(world) == []
        oracles.ends_well(replica)
