"""PrismNamespaces of stacks whose admins have the real one's manners, or whose programs answer nothing of use."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from kubectl_prism.proxy import quotas
from kubectl_prism.proxy.proto import control_plane_pb2 as pb
from kubectl_prism.proxy.serving import Handler
from kubectl_prism.proxy.wire import Method
from kubectl_prism.sandbox.answers.admin_service import AdminService, Record
from tests.reconcile.kinds.doubles import Doubles, ready
from tests.reconcile.kinds.world import World, conditions, eventually, is_ready, message

MANY = 100


async def _other(request: pb.ProxyHeartbeat) -> pb.HeartbeatAck:
    return pb.HeartbeatAck(success=True)


OTHER = Handler(Method("/some.Other/Call", pb.ProxyHeartbeat, pb.HeartbeatAck), _other)
"""What a server serves that knows nothing of namespaces."""


@pytest.fixture
def doubles() -> Iterator[Doubles]:
    with Doubles() as found:
        yield found


@pytest.fixture
def stack(world: World) -> World:
    """Return a world with a stack of one proxy and two admins, for which nobody answers yet."""
    world.stack("dev", admin={"replicas": 2})
    world.becomes("PrismStack", "dev", "Ready=True")
    ready(world, "prism-admin", 2)
    return world


def create(world: World, name: str, **spec: object) -> None:
    world.create("PrismNamespace", name, spec={"proxyRef": {"name": "dev-proxy"}, **spec})


def test_prism_admin_records_and_nothing_more_is_claimed(stack: World, doubles: Doubles) -> None:
    """Provisioned on the admin that leads; whether quotas are enforced nobody knows, and deletion leaves an entry."""
    record, leader = Record(), [0]
    admins = [
        doubles.serve(*AdminService(record, leads=lambda number=number: leader[0] == number).handlers())  # type: ignore[misc]
        for number in range(2)
    ]
    doubles.stand_in(stack, "prism-proxy", 9090, doubles.serve(OTHER))
    doubles.stand_in(stack, "prism-admin", 8981, *admins)
    create(stack, "acme", quotas={"maxKeys": 10}, tags={"team": "payments"})
    found = stack.becomes("PrismNamespace", "acme", "Ready=True", phase="Active", proxyStatus="prism-admin")
    assert conditions(found)["QuotasEnforced"] == "Unknown NotReported"
    assert "metrics" not in found["status"]
    assert [*record.proxies] == [f"{stack.namespace}/dev-proxy"]
    kept = dict(record.namespaces["acme"].config.metadata)
    assert (kept["prism.io/quota.max-keys"], kept["prism.io/tag.team"]) == ("10", "payments")

    leader[0] = 1
    stack.specify("PrismNamespace", "acme", quotas={"maxKeys": 20})
    eventually(lambda: record.namespaces["acme"].config.metadata["prism.io/quota.max-keys"] == "20")
    stack.becomes("PrismNamespace", "acme", "Ready=True", phase="Active")

    stack.delete("PrismNamespace", "acme")
    stack.gone("PrismNamespace", "acme")
    assert stack.told("acme", "NotReleased") == ["prism-admin cannot release namespaces: its entry acme remains"]


def test_many_cost_few_calls(stack: World, doubles: Doubles) -> None:
    """Many namespaces are recorded with at most three calls each, and none once they are."""
    record = Record()
    doubles.stand_in(stack, "prism-proxy", 9090, doubles.serve(OTHER))
    doubles.stand_in(stack, "prism-admin", 8981, doubles.serve(*AdminService(record, leads=lambda: True).handlers()))
    for number in range(MANY):
        create(stack, f"tenant-{number}")
    eventually(lambda: len(record.namespaces) == MANY)
    eventually(lambda: all(is_ready(one) for one in stack.all("PrismNamespace")))
    assert doubles.calls["RegisterProxy"] <= 20  # those that were asked for before there was one
    assert doubles.calls.total() <= 3 * MANY
    before = doubles.calls.total()
    stack.specify("PrismNamespace", "tenant-0", displayName="Other")
    eventually(lambda: record.namespaces["tenant-0"].config.metadata["prism.io/display-name"] == "Other")
    assert doubles.calls.total() == before + 1


def test_who_speaks_no_protocol_is_named(stack: World, doubles: Doubles) -> None:
    """Where neither proxies nor admins know namespaces only a person can help; with the right program it goes on."""
    other = doubles.serve(OTHER)
    doubles.stand_in(stack, "prism-proxy", 9090, other)
    doubles.stand_in(stack, "prism-admin", 8981, other)
    create(stack, "acme")
    found = stack.becomes("PrismNamespace", "acme", "Stalled=True NoControlPlane", phase="Failed")
    assert message(found) == "neither the proxies nor the admins speak a protocol for namespaces"


def test_a_silent_proxy_is_waited_for(stack: World, doubles: Doubles) -> None:
    """A proxy that takes calls and says nothing keeps no other namespace; when it speaks, it is asked again."""
    is_silent = [True]
    record = Record()

    async def slow(request: object) -> object:
        if is_silent[0]:
            await asyncio.sleep(30)
        raise AssertionError

    silent = Handler(quotas.APPLY, slow)
    doubles.stand_in(stack, "prism-proxy", 9090, doubles.serve(silent))
    create(stack, "acme")
    found = stack.becomes("PrismNamespace", "acme", "Ready=False ProxyUnavailable", phase="Pending")
    assert message(found) == f"Service {stack.namespace}/dev-proxy gave no answer within 5 s"
    assert not record.namespaces
