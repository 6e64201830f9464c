"""PrismNamespaces on the sandbox's proxies: provisioned, held to their quotas, measured, ended in time and released."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from kubectl_prism.proxy import quotas
from kubectl_prism.proxy.errors import Away
from kubectl_prism.proxy.proto import quota_pb2 as pb
from kubectl_prism.reconcile import namespace as reconciler
from tests.faults.replica import Replica
from tests.reconcile.kinds.answers import Answers, asked, forwarded
from tests.reconcile.kinds.process import Operator
from tests.reconcile.kinds.running import Running
from tests.reconcile.kinds.world import Object, World, conditions, eventually, message

FOLLOWS = 2 * reconciler.SYNC
"""Seconds within which a status follows what is used."""
PROXY = {"proxyRef": {"name": "dev-proxy"}}
QUOTAS = {"maxKeys": 10, "maxConnections": 2, "rateLimit": {"requestsPerSecond": 50, "burstSize": 100}}


@pytest.fixture
def tenants(world: World, answers: Answers) -> World:
    """Return a world with a stack whose proxies are ready."""
    world.stack("dev")
    world.ready("PrismStack", "dev")
    return world


def held(world: World) -> dict[str, pb.Namespace]:
    """Return what the proxies hold, as they say themselves, once they do."""

    def look() -> tuple[pb.ListResponse, ...]:
        with contextlib.suppress(Away), forwarded(world, "service/dev-proxy", 9090) as port:
            return (asked(port, lambda lines, proxy: lines.call(proxy, quotas.LIST, pb.ListRequest())),)
        return ()

    (found,) = eventually(look)
    return {one.id: one for one in found.namespaces}


def create(world: World, name: str, **spec: object) -> Object:
    return world.create("PrismNamespace", name, spec={**PROXY, **spec})


def test_a_namespace_is_provisioned_and_enforced(tenants: World) -> None:
    """It becomes Active on the proxies with what its spec says, and what the conditions claim is so there."""
    create(tenants, "acme", namespaceId="acme-prod", displayName="Acme", quotas=QUOTAS, tags={"team": "payments"})
    found = tenants.becomes("PrismNamespace", "acme", "Ready=True", phase="Active", proxyStatus="simulated proxy")
    assert conditions(found)["Provisioned"] == "True NamespaceCreated"
    assert conditions(found)["QuotasEnforced"] == "True QuotasApplied"
    assert found["status"]["metrics"] == {"currentKeys": 0, "currentConnections": 0, "requestRate": 0}
    there = held(tenants)["acme-prod"]
    assert (there.owner, there.display_name, dict(there.tags)) == (
        found["metadata"]["uid"],
        "Acme",
        {"team": "payments"},
    )
    assert (there.limits.max_keys, there.limits.max_connections) == (10, 2)
    assert (there.limits.rate_limit.requests_per_second, there.limits.rate_limit.burst_size) == (50, 100)


def test_without_quotas_nothing_is_claimed_to_be_limited(tenants: World) -> None:
    """A namespace without quotas has none to enforce, and says so."""
    create(tenants, "free")
    found = tenants.becomes("PrismNamespace", "free", "Ready=True", phase="Active")
    assert conditions(found)["QuotasEnforced"] == "True NoQuotas"
    assert not held(tenants)["free"].limits.HasField("max_keys")


def test_a_changed_quota_takes_hold(tenants: World) -> None:
    """The proxies hold the new limits without a restart; what the spec no longer says is no limit any more."""
    create(tenants, "acme", quotas=QUOTAS)
    tenants.becomes("PrismNamespace", "acme", "Ready=True", phase="Active")
    tenants.specify("PrismNamespace", "acme", quotas={"maxKeys": 99, "maxConnections": None})
    tenants.becomes("PrismNamespace", "acme", "Ready=True", phase="Active")
    limits = held(tenants)["acme"].limits
    assert (limits.max_keys, limits.HasField("max_connections")) == (99, False)


class Made(NamedTuple):
    """What came of some traffic, of requests or connections, in so many seconds."""

    through: int
    refused: int
    took: float


def loaded(world: World, name: str, *flags: str) -> dict[str, Made]:
    """Make traffic for a tenant; return what came of its requests and connections."""
    said = world.prism("sandbox", "load", name, *flags)
    found = {line.split()[0]: line.split()[1:] for line in said.splitlines()[1:]}
    assert [failed for _, _, failed, _ in found.values()] == ["0", "0"]
    return {what: Made(int(through), int(refused), float(took)) for what, (through, refused, _, took) in found.items()}


def test_the_rate_is_held_to(tenants: World) -> None:
    """What is let through is the burst and the rate, within 5 %, and more is refused; a pause may cost of the burst."""
    create(tenants, "acme", quotas={"rateLimit": {"requestsPerSecond": 100, "burstSize": 200}})
    tenants.becomes("PrismNamespace", "acme", "QuotasEnforced=True")
    made = loaded(tenants, "acme", "--rps=400", "--for=10")["requests"]
    assert 0.95 * 100 * 10 <= made.through <= 200 + 1.05 * 100 * made.took
    assert made.through + made.refused == 4000
    rate = eventually(lambda: _metric(tenants, "requestRate") > 0 and _metric(tenants, "requestRate"), within=FOLLOWS)
    assert rate <= 120 + 5
    tenants.specify("PrismNamespace", "acme", quotas={"rateLimit": {"requestsPerSecond": 50, "burstSize": 50}})
    eventually(lambda: held(tenants)["acme"].limits.rate_limit.requests_per_second == 50)
    made = loaded(tenants, "acme", "--rps=200", "--for=4")["requests"]
    assert 0.95 * 50 * 4 <= made.through <= 50 + 1.05 * 50 * made.took


def test_keys_and_connections_stop_exactly_at_their_limit(tenants: World) -> None:
    """With 200 clients at once, as many get in and as many keys are stored as may be; the status follows."""
    create(tenants, "acme", quotas={"maxKeys": 30, "maxConnections": 70})
    tenants.becomes("PrismNamespace", "acme", "QuotasEnforced=True")
    made = loaded(tenants, "acme", "--connections=200", "--keys=200", "--rps=200", "--for=1")
    assert {what: one[:2] for what, one in made.items()} == {"requests": (30, 170), "connections": (70, 130)}
    assert held(tenants)["acme"].usage.keys == 30
    eventually(lambda: _metric(tenants, "currentKeys") == 30, within=FOLLOWS)
    eventually(lambda: _metric(tenants, "currentConnections") == 0, within=FOLLOWS)


def _metric(world: World, name: str) -> float:
    return float((world.get("PrismNamespace", "acme")["status"].get("metrics") or {}).get(name) or 0)


def test_it_waits_for_its_proxies(world: World, answers: Answers) -> None:
    """Without a stack it says what is missing, and becomes Active when the proxies come."""
    create(world, "early")
    found = world.becomes("PrismNamespace", "early", "Ready=False ProxyNotFound", phase="Pending")
    assert message(found) == f"no PrismStack in namespace {world.namespace} has proxies called dev-proxy"
    assert conditions(found)["Provisioned"] == "Unknown ProxyNotFound"
    world.stack("dev")
    world.becomes("PrismNamespace", "early", "Ready=True", phase="Active")


def test_the_older_of_two_has_the_name(tenants: World) -> None:
    """Two that claim one identifier: the younger is Stalled and takes nothing, until the older goes."""
    create(tenants, "older", namespaceId="shared", quotas={"maxKeys": 1})
    tenants.becomes("PrismNamespace", "older", "Ready=True")
    create(tenants, "younger", namespaceId="shared", quotas={"maxKeys": 2})
    found = tenants.stalled("PrismNamespace", "younger", "NamespaceIdTaken")
    assert message(found).startswith(f"PrismNamespace {tenants.namespace}/older, which is older, has shared")
    assert held(tenants)["shared"].limits.max_keys == 1
    tenants.delete("PrismNamespace", "older")
    tenants.becomes("PrismNamespace", "younger", "Ready=True", phase="Active")
    assert held(tenants)["shared"].limits.max_keys == 2


def test_of_some_at_once_one_has_the_name(tenants: World) -> None:
    """Of some that are created in one second exactly one is Active, the others are Stalled, and it stays so."""
    names = [f"rival-{number}" for number in range(6)]
    for name in names:
        create(tenants, name, namespaceId="wanted")

    def settled() -> Object:
        found = [tenants.get("PrismNamespace", name) for name in names]
        assert sorted(one["status"].get("phase", "") for one in found) == ["Active", *["Failed"] * 5]
        stalled = {conditions(one)["Stalled"] for one in found if one["status"]["phase"] == "Failed"}
        assert stalled == {"True NamespaceIdTaken"}
        return next(one for one in found if one["status"]["phase"] == "Active")

    winner = eventually(settled)
    assert held(tenants)["wanted"].owner == winner["metadata"]["uid"]
    time.sleep(2 * reconciler.SYNC)
    assert settled()["metadata"]["uid"] == winner["metadata"]["uid"]


def test_a_deleted_namespace_is_released(tenants: World) -> None:
    """The proxies hold it no more by the time the object is gone."""
    create(tenants, "acme")
    tenants.becomes("PrismNamespace", "acme", "Ready=True")
    assert tenants.get("PrismNamespace", "acme")["metadata"]["finalizers"] == ["prism.io/release"]
    tenants.delete("PrismNamespace", "acme")
    tenants.gone("PrismNamespace", "acme")
    assert "acme" not in held(tenants)


def test_what_was_never_provisioned_goes_at_once(world: World) -> None:
    """Nobody has to be asked about a namespace of proxies that could never be asked for it."""
    create(world, "early")
    world.becomes("PrismNamespace", "early", "Ready=False ProxyNotFound")
    assert "finalizers" not in world.get("PrismNamespace", "early")["metadata"]
    world.delete("PrismNamespace", "early")
    world.gone("PrismNamespace", "early")


def test_deletion_ends_though_the_proxies_are_away(tenants: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nobody can be asked it waits and says so; then it goes, and an Event says what may remain."""
    monkeypatch.setattr(reconciler, "GIVE_UP", 5.0)
    create(tenants, "acme")
    tenants.becomes("PrismNamespace", "acme", "Ready=True")
    tenants.specify("PrismStack", "dev", proxy={"replicas": 0})
    eventually(lambda: not tenants.all("Pod", "component=prism-proxy"))
    tenants.delete("PrismNamespace", "acme")
    found = tenants.becomes("PrismNamespace", "acme", "Ready=False Releasing", phase="Terminating")
    assert message(found) == "no proxy is ready"
    tenants.gone("PrismNamespace", "acme")
    told = tenants.told("acme", "NotReleased")
    assert told == ["no proxy is ready for 5 s: what it holds of acme remains there"]


def test_its_ttl_ends_it(tenants: World) -> None:
    """A short one is told to end soon, then it is Expired and released; the object stays."""
    create(tenants, "brief", ttl="6s")
    tenants.becomes("PrismNamespace", "brief", "Ready=True", phase="Active")
    found = tenants.becomes("PrismNamespace", "brief", "Ready=False Expired", "Stalled=True", phase="Expired")
    assert message(found) == "its ttl of 6s is over"
    assert tenants.told("brief", "ExpiresSoon")[0].endswith("(spec.ttl)")
    assert "brief" not in held(tenants)
    assert tenants.get("PrismNamespace", "brief")["metadata"].get("finalizers") is None


def test_the_way_to_the_proxies_outlives_their_pods(tenants: World) -> None:
    """With the pod gone through which they were reached, a change reaches the next one, and nothing was lost."""
    create(tenants, "acme", quotas={"maxKeys": 1})
    tenants.becomes("PrismNamespace", "acme", "Ready=True", phase="Active")
    before = tenants.names("Pod", "component=prism-proxy")
    for pod in before:
        tenants.delete("Pod", pod)
    eventually(lambda: tenants.names("Pod", "component=prism-proxy").isdisjoint(before))
    tenants.specify("PrismNamespace", "acme", quotas={"maxKeys": 2})
    eventually(lambda: held(tenants)["acme"].limits.max_keys == 2)
    tenants.becomes("PrismNamespace", "acme", "Ready=True", phase="Active")


def test_a_reconciler_that_is_killed_loses_and_doubles_nothing(bare: World, answers: Answers, tmp_path: Path) -> None:
    """Killed right after the proxies were told, the next one says what is so, and the proxies hold it once."""
    with Replica(bare.cluster, namespace=bare.namespace, folder=tmp_path) as first:
        bare.stack("dev")
        bare.ready("PrismStack", "dev")
        for number in range(5):
            create(bare, f"tenant-{number}")
        eventually(lambda: len(held(bare)) > 0)
        first.kill()
    with Operator(bare.cluster, namespace=bare.namespace, folder=tmp_path):
        for number in range(5):
            bare.becomes("PrismNamespace", f"tenant-{number}", "Ready=True", within=60, phase="Active")
        owners = {one["metadata"]["uid"] for one in bare.all("PrismNamespace")}
        assert {one.owner for one in held(bare).values()} == owners
        for number in range(5):
            bare.delete("PrismNamespace", f"tenant-{number}")
        eventually(lambda: not bare.all("PrismNamespace"))
        assert not held(bare)


def test_proxies_that_forgot_are_told_again(tenants: World, answers: Answers, engine: Running) -> None:
    """Restarted with empty state they hold the namespace again, with the same owner."""
    uid = create(tenants, "acme", quotas=QUOTAS)["metadata"]["uid"]
    tenants.becomes("PrismNamespace", "acme", "Ready=True", phase="Active")
    answers.stop()
    answers.forget()
    answers.start()

    eventually(lambda: [one.owner for one in held(tenants).values()] == [uid])
