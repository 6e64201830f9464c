"""Which dialect is spoken is found out by asking, and found out again when it is spoken no more."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from kubectl_prism.proxy import quotas
from kubectl_prism.proxy.client import ControlPlane
from kubectl_prism.proxy.endpoint import Endpoint, Reach
from kubectl_prism.proxy.errors import Away, WrongService
from kubectl_prism.proxy.proto import control_plane_pb2 as pb
from kubectl_prism.proxy.serving import Handler, Refusal
from kubectl_prism.proxy.wire import Method
from kubectl_prism.sandbox.answers.admin_service import AdminService, Record
from kubectl_prism.sandbox.answers.journal import Journal
from kubectl_prism.sandbox.answers.quota_service import QuotaService
from kubectl_prism.sandbox.answers.tenancy import Tenancy
from tests.proxy.conftest import Serve
from tests.proxy.tenants import ACME


@pytest.fixture
async def plane() -> AsyncIterator[ControlPlane]:
    found = ControlPlane(proxy="default/demo-proxy", address="demo-proxy.default.svc:9090")
    yield found
    await found.close()


async def other(request: pb.ProxyHeartbeat) -> pb.HeartbeatAck:
    return pb.HeartbeatAck(success=True)


OTHER = Handler(Method("/some.Other/Service", pb.ProxyHeartbeat, pb.HeartbeatAck), other)


async def test_a_proxy_with_quotas_is_asked_alone(
    plane: ControlPlane, serve: Serve, tenancy: Tenancy, journal: Journal
) -> None:
    """Where the proxies know the quota service no admin is asked."""
    record = Record()
    proxy = await serve("proxy", *QuotaService(tenancy, journal).handlers())
    admin = await serve("admin", *AdminService(record, leads=lambda: True).handlers())
    answer = await plane.provision(Reach(proxy, (admin,)), ACME)
    assert (answer.server, plane.tells_usage, dict(record.namespaces)) == ("simulated proxy", True, {})
    assert (await plane.release(Reach(proxy, (admin,)), ACME)).is_gone


async def test_without_quotas_the_admins_are_asked(plane: ControlPlane, serve: Serve) -> None:
    """A proxy of another service is asked once, the admins from then on."""
    asked: list[str] = []

    async def unknown(request: object) -> object:
        asked.append("proxy")
        raise Refusal("UNIMPLEMENTED", "unknown service")

    proxy = await serve("proxy", Handler(quotas.APPLY, unknown))
    admin = await serve("admin", *AdminService(Record(), leads=lambda: True).handlers())
    for _ in range(2):
        answer = await plane.provision(Reach(proxy, (admin,)), ACME)
        assert (answer.server, answer.enforced, plane.tells_usage) == ("prism-admin", None, False)
    assert asked == ["proxy"]


async def test_who_speaks_neither_is_named(
    plane: ControlPlane, serve: Serve, tenancy: Tenancy, journal: Journal
) -> None:
    """Neither dialect is an error of its own; after an upgrade the quota service is found."""
    stranger = await serve("stranger", OTHER)
    with pytest.raises(WrongService, match="neither the proxies nor the admins"):
        await plane.provision(Reach(stranger, (stranger,)), ACME)
    proxy = await serve("proxy", *QuotaService(tenancy, journal).handlers())
    assert (await plane.provision(Reach(proxy, (stranger,)), ACME)).server == "simulated proxy"


async def test_without_a_proxy_nobody_is_asked(plane: ControlPlane) -> None:
    """While no proxy is ready nobody can tell which dialect is spoken."""
    with pytest.raises(Away, match="no proxy is ready"):
        await plane.provision(Reach(None), ACME)
    with pytest.raises(Away, match="cannot be reached"):
        await plane.provision(Reach(Endpoint("127.0.0.1:1", "Service default/demo-proxy")), ACME)
