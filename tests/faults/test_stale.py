"""P3: the operator is shown the past, by an API server whose connection to etcd is held up.

Lists and watches come from that server, writes go to the one that knows the present, as behind a load balancer.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kubernetes.config import new_client_from_config
from kubernetes.dynamic import DynamicClient

from kubectl_prism.kube.leader import NAMESPACE
from kubectl_prism.model.meta import FIELD_MANAGER
from tests.cluster import Cluster, install
from tests.faults import oracles
from tests.faults.etcd import Valve
from tests.faults.plan import Elsewhere, Rule
from tests.faults.proxy import Proxy
from tests.faults.replica import Replica, account
from tests.faults.servers import Servers, servers
from tests.faults.stage import QUIET
from tests.faults.workloads import CACHE, ORDERS, SCALED, UNCHECKED, USERS, Step
from tests.reconcile.kinds.world import Object, World, eventually, kubectl

pytestmark = [pytest.mark.timeout(600), pytest.mark.full]

HELD = 20.0
"""Seconds for which the server's connection to etcd is held up."""
WITHIN = 90.0
SERVED = {"service": {"port": 8080}}
KINDS = "prismstacks,prismpatterns,prismbackends,prismnamespaces,services,deployments.apps"


def _nothing(world: World) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Past:
    """What was, the last that the late server saw of it, and what became of it since.

    `kept` are the objects that live at the end and have to be left alone; `foreign` are those of them that never were
    ours. `end` makes that end directly.
    """

    before: Step
    seen: Step
    since: Step
    end: Step
    kept: Sequence[tuple[str, str]] = ()
    foreign: Sequence[tuple[str, str]] = ()


def _pattern(world: World, **spec: Any) -> None:  # noqa: ANN401 - JSON
    world.pattern("orders", **spec)


def _backend(world: World, number: int) -> None:
    world.backend("cache", connection={"url": f"redis://cache-{number}:6379"}, **UNCHECKED)


def _anew(world: World, kind: str, name: str, **spec: Any) -> None:  # noqa: ANN401 - JSON
    uid = world.get(kind, name)["metadata"]["uid"]
    world.delete(kind, name)
    world.gone(kind, name)
    eventually(lambda: uid not in _owners(world), within=WITHIN)
    {"PrismPattern": world.pattern, "PrismBackend": world.backend, "PrismStack": world.stack}[kind](name, **spec)


def _owners(world: World) -> set[str]:
    """Return the uids of all that own something."""
    references = (obj["metadata"].get("ownerReferences") or [] for kind in oracles.KINDS for obj in world.all(kind))
    return {one["uid"] for found in references for one in found}


def _somebodys_service(world: World) -> None:
    if world.find("Service", "orders"):
        world.delete("Service", "orders")
        world.gone("Service", "orders")
    world.create("Service", "orders", spec={"ports": [{"port": 80}], "selector": {"app": "another"}})


def _beside_somebodys_service(world: World) -> None:
    _pattern(world)
    _somebodys_service(world)


def _gone(world: World) -> None:
    world.delete("PrismPattern", "orders")
    world.gone("PrismPattern", "orders")


TWO = {"patterns": [ORDERS, USERS], "backends": [CACHE]}
ONE = {"patterns": [ORDERS], "backends": [CACHE]}

PASTS: Mapping[str, Past] = {
    "pattern made anew": Past(
        before=lambda world: _pattern(world, config={"ttl": "1h"}),
        seen=lambda world: world.specify("PrismPattern", "orders", config={"ttl": "2h"}, **SERVED),
        since=lambda world: _anew(world, "PrismPattern", "orders", config={"ttl": "3h"}),
        end=lambda world: _pattern(world, config={"ttl": "3h"}),
        kept=[("PrismPattern", "orders")],
    ),
    "pattern gone": Past(
        before=_pattern,
        seen=lambda world: world.specify("PrismPattern", "orders", **SERVED),
        since=_gone,
        end=_nothing,
    ),
    "backend made anew": Past(
        before=lambda world: _backend(world, 1),
        seen=lambda world: world.specify("PrismBackend", "cache", connection={"url": "redis://cache-2:6379"}),
        since=lambda world: _anew(world, "PrismBackend", "cache", connection={"url": "redis://cache-3:6379"}),
        end=lambda world: _backend(world, 3),
        kept=[("PrismBackend", "cache")],
    ),
    "stack made anew": Past(
        before=lambda world: world.stack("shop", **TWO),
        seen=lambda world: world.specify("PrismStack", "shop", **ONE),
        since=lambda world: _anew(world, "PrismStack", "shop", **TWO),
        end=lambda world: world.stack("shop", **TWO),
        kept=[("PrismStack", "shop")],
    ),
    "child dropped, and its name taken": Past(
        before=lambda world: _pattern(world, **SERVED),
        seen=lambda world: world.specify("PrismPattern", "orders", service=None),
        since=_somebodys_service,
        end=_beside_somebodys_service,
        kept=[("PrismPattern", "orders"), ("Service", "orders")],
        foreign=[("Service", "orders")],
    ),
    "pattern dropped, and wanted again": Past(
        before=lambda world: world.stack("shop", **TWO),
        seen=lambda world: world.specify("PrismStack", "shop", **ONE),
        since=lambda world: world.specify("PrismStack", "shop", **TWO),
        end=lambda world: world.stack("shop", **TWO),
        kept=[("PrismPattern", "users"), ("Deployment", "users")],
    ),
    "autoscaler dropped, and wanted again": Past(
        before=lambda world: _pattern(world, autoscaling=SCALED),
        seen=lambda world: world.specify("PrismPattern", "orders", autoscaling=None),
        since=lambda world: world.specify("PrismPattern", "orders", autoscaling=SCALED),
        end=lambda world: _pattern(world, autoscaling=SCALED),
        kept=[("HorizontalPodAutoscaler", "orders"), ("Deployment", "orders")],
    ),
}


@dataclass
class Late:
    """A cluster with a second API server at `server`, which is late whenever its valve is shut."""

    own: Servers
    server: str
    valve: Valve
    proxy: Proxy
    access: Cluster
    client: Any
    folder: Path

    def world(self) -> World:
        """Return a fresh namespace."""
        world = World(self.client, self.own.cluster, f"stale-{uuid.uuid4().hex[:8]}")
        world.create("Namespace", world.namespace)
        return world

    def catches_up(self) -> None:
        """Wait until the late server has seen what there is now."""
        kubectl(self.own.cluster, f"--server={self.server}", "get", KINDS, "--all-namespaces", "--output=name")

    def operator(self) -> Replica:
        """Return an operator of all namespaces."""
        return Replica(self.access, namespace=None, folder=self.folder)

    def writes(self, began: float) -> int:
        """Return how many writes were tried since a monotonic second."""
        return len([one for one in self.proxy.since(began) if one.is_write])


@dataclass
class Measured:
    """What a case measured."""

    figures: dict[str, float]


@pytest.fixture
def stage() -> Measured:
    """Return where figures go."""
    return Measured({})


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Late]:
    """Return the cluster."""
    folder = tmp_path_factory.mktemp("stale")
    with ExitStack() as stack:
        own = stack.enter_context(servers(folder))
        at = own.cluster
        api = stack.enter_context(new_client_from_config(str(at.kubeconfig), context=at.context))
        install(api)
        server, valve = stack.enter_context(own.another())
        proxy = stack.enter_context(Proxy(at.server, own.certificates))
        access = account(at, address=proxy.address, certificates=own.certificates, folder=folder)
        dynamic = DynamicClient(api, cache_file=str(folder / "discovery.json"))
        (logs := folder / "logs").mkdir()
        late = Late(own, server, valve, proxy, access, dynamic, logs)
        World(dynamic, at, NAMESPACE).create("Namespace", NAMESPACE)
        yield late


def from_the_past(server: str) -> list[Rule]:
    """Return rules by which lists are whatever a server remembers, and watches go on from there."""
    remembered = Elsewhere(server, {"resourceVersion": "0", "resourceVersionMatch": "NotOlderThan"})
    lists = Rule(remembered, listing=True, count=None)
    return [lists, Rule(Elsewhere(server), verb=["watch", "list"], count=None)]


@pytest.mark.perturbation("P3", "restarted onto lists and watches of the past")
def test_who_begins_with_the_past_takes_nothing_from_the_present(stage: Measured, late: Late) -> None:
    """Started on caches from before a deletion, the operator deletes and changes nothing that was made since."""
    worlds = {name: late.world() for name in PASTS}
    with late.operator() as replica:
        prepared(late, worlds)
        assert replica.stop() == 0
        played(worlds, "seen")
        late.catches_up()
        with late.proxy.rules(*from_the_past(late.server)):
            with late.valve.shut():
                ends = time.monotonic() + HELD
                uids = changed(worlds)
                began = time.monotonic()
                replica.start()
                eventually(lambda: replica.is_idle)
                eventually(lambda: time.monotonic() > ends, within=HELD + 1)
                stage.figures["writes tried from the past"] = late.writes(began)
                assert late.writes(began) > 0
            judged(late, replica, worlds, uids, stage)


@pytest.mark.perturbation("P3", "watches that fall behind")
def test_who_is_behind_takes_nothing_from_the_present(stage: Measured, late: Late) -> None:
    """Where the watches of a running operator are held up, it deletes and changes nothing that was made meanwhile."""
    worlds = {name: late.world() for name in PASTS}
    with late.proxy.rules(Rule(Elsewhere(late.server), verb=["watch", "list"], count=None)), late.operator() as replica:
        prepared(late, worlds)
        with late.valve.shut():
            ends = time.monotonic() + HELD
            played(worlds, "seen")
            uids = changed(worlds)
            eventually(lambda: time.monotonic() > ends, within=HELD + 1)
        judged(late, replica, worlds, uids, stage)


@pytest.mark.perturbation("P3", "restarted onto a server that is behind")
def test_who_has_only_a_late_server_waits_for_the_present(stage: Measured, late: Late) -> None:
    """Asked for a list without a version, a server that cannot reach etcd gives none: nothing is done until it can."""
    worlds = {name: late.world() for name in PASTS}
    with late.operator() as replica:
        prepared(late, worlds)
        assert replica.stop() == 0
        played(worlds, "seen")
        late.catches_up()
        with late.proxy.rules(Rule(Elsewhere(late.server), count=None)):
            with late.valve.shut():
                ends = time.monotonic() + HELD
                uids = changed(worlds)
                began = time.monotonic()
                replica.start()
                eventually(lambda: time.monotonic() > ends, within=HELD + 1)
                assert late.writes(began) == 0
            judged(late, replica, worlds, uids, stage)


def prepared(late: Late, worlds: Mapping[str, World]) -> None:
    """Make what was, and wait until it is as it should be."""
    played(worlds, "before")
    for world in worlds.values():
        eventually(partial(oracles.is_ready, world), within=WITHIN)
    late.catches_up()


def played(worlds: Mapping[str, World], step: str) -> None:
    """Take one step in every world."""
    for name, world in worlds.items():
        getattr(PASTS[name], step)(world)


def changed(worlds: Mapping[str, World]) -> dict[str, list[str]]:
    """Do what the late server does not see; return the uids of what has to be left alone."""
    played(worlds, "since")
    return {name: [_uid(worlds[name], *one) for one in PASTS[name].kept] for name in worlds}


def judged(
    late: Late, replica: Replica, worlds: Mapping[str, World], uids: Mapping[str, list[str]], stage: Measured
) -> None:
    """Wait until every world is as if it had been made so directly, and hold that nothing wrong was done to it."""
    over = time.monotonic()
    twins = {name: late.world() for name in worlds}
    played(twins, "end")
    for one in (*worlds.values(), *twins.values()):
        eventually(partial(oracles.is_ready, one), within=WITHIN)
    eventually(lambda: replica.is_idle, within=WITHIN)
    for name, world in worlds.items():
        eventually(partial(_are_alike, world, twins[name]), within=WITHIN)
    stage.figures |= {"seconds to converge": time.monotonic() - over, "runs": len(worlds)}
    assert [wrong for name in worlds for wrong in wrongs(worlds[name], PASTS[name], uids[name])] == []
    for world in worlds.values():
        oracles.same("what is left over", oracles.leftovers(world), [])
    oracles.stays(next(iter(worlds.values())), seconds=QUIET)
    oracles.ends_well(replica)
    for world in (*worlds.values(), *twins.values()):
        world.abandon()


def wrongs(world: World, past: Past, uids: Sequence[str]) -> list[str]:
    """Return what was done to objects that have to be left alone, whose uids were these."""
    pairs = zip(past.kept, uids, strict=True)
    anew = [f"{kind} {name} was made anew" for (kind, name), uid in pairs if _uid(world, kind, name) != uid]
    return anew + [f"{kind} {name} was written" for kind, name in past.foreign if _is_written(world.get(kind, name))]


def _are_alike(world: World, twin: World) -> bool:
    return oracles.equals(world, oracles.state(twin))


def _uid(world: World, kind: str, name: str) -> str:
    return str(world.get(kind, name)["metadata"]["uid"])


def _is_written(obj: Object) -> bool:
    return FIELD_MANAGER in {one["manager"] for one in obj["metadata"].get("managedFields") or []}
