"""The dialect of prism-admin, against an admin that has the manners of the real one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubectl_prism.proxy import control_plane
from kubectl_prism.proxy.control_plane import Admins
from kubectl_prism.proxy.endpoint import Endpoint
from kubectl_prism.proxy.errors import Away, Refused
from kubectl_prism.proxy.proto import control_plane_pb2 as pb
from kubectl_prism.proxy.serving import Handler, Refusal
from kubectl_prism.proxy.tenant import Provisioned, Released
from kubectl_prism.proxy.wire import Lines
from kubectl_prism.sandbox.answers import admin_service
from kubectl_prism.sandbox.answers.admin_service import AdminService, Record
from tests.proxy.conftest import Serve
from tests.proxy.tenants import ACME, BARE

PROXY = "default/demo-proxy"


@pytest.fixture
def admins(lines: Lines) -> Admins:
    return Admins(lines, proxy=PROXY, address="demo-proxy.default.svc:9090")


@pytest.fixture
def record() -> Record:
    return Record()


@pytest.fixture
async def leader(serve: Serve, record: Record) -> Endpoint:
    return await serve("Pod default/admin-0", *AdminService(record, leads=lambda: True).handlers())


@pytest.fixture
async def follower(serve: Serve, record: Record, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    monkeypatch.setattr(admin_service, "FORWARDING", 0.05)
    return await serve("Pod default/admin-1", *AdminService(record, leads=lambda: False).handlers())


async def test_a_proxy_is_made_known_where_none_is(admins: Admins, leader: Endpoint, record: Record) -> None:
    """Where no proxy is registered ours is, under its one id, and the namespace is made then; nobody enforces it."""
    answer = await admins.provision([leader], ACME)
    assert answer == Provisioned("prism-admin", f"the admin recorded the namespace for {PROXY}", None)
    assert [*record.proxies] == [PROXY]
    assert record.proxies[PROXY].address == "demo-proxy.default.svc:9090"
    assert record.namespaces["acme-prod"].partition_id == 227


async def test_no_proxy_is_made_known_where_one_is(admins: Admins, leader: Endpoint, record: Record) -> None:
    """A new id would move the partitions of every proxy: where one is registered it is left at that."""
    record.proxies["theirs"] = pb.ProxyRegistration(proxy_id="theirs")
    await admins.provision([leader], ACME)
    assert [*record.proxies] == ["theirs"]


async def test_the_whole_configuration_goes_each_time(admins: Admins, leader: Endpoint, record: Record) -> None:
    """What lasts is metadata under our keys; what the spec no longer says is gone after the next request."""
    await admins.provision([leader], ACME)
    assert dict(record.namespaces["acme-prod"].config.metadata) == {
        "prism.io/owner": "uid-1",
        "prism.io/display-name": "Acme",
        "prism.io/ttl": "24h",
        "prism.io/patterns": "cache",
        "prism.io/quota.max-keys": "100",
        "prism.io/quota.max-connections": "5",
        "prism.io/quota.requests-per-second": "50",
        "prism.io/quota.burst-size": "80",
        "prism.io/tag.team": "payments",
    }
    await admins.provision([leader], replace(BARE, id="acme-prod"))
    assert dict(record.namespaces["acme-prod"].config.metadata) == {"prism.io/owner": "uid-2"}


def test_patterns_backends_and_auth_are_told_as_the_messages_want() -> None:
    """An admin that will keep more than metadata finds the rest where it looks for it."""
    config = control_plane.config(ACME)
    assert config.patterns["cache"].pattern_name == "keyvalue"
    assert dict(config.patterns["cache"].settings) == {"ttl": "300"}
    assert config.backends["redis"].backend_type == "redis"
    assert (config.auth.enabled, config.auth.provider) == (True, "oidc")
    assert dict(config.auth.options) == {
        "issuer": "https://id.example.com",
        "client_id": "prism",
        "service_accounts": "default/app",
    }


async def test_what_is_acknowledged_and_not_done_is_not_called_released(
    admins: Admins, leader: Endpoint, record: Record
) -> None:
    """The admin says success and keeps the entry: it is told as what it is."""
    await admins.provision([leader], ACME)
    released = await admins.release([leader], ACME)
    assert released == Released(False, "prism-admin cannot release namespaces: its entry acme-prod remains")
    assert "acme-prod" in record.namespaces


async def test_a_follower_is_passed_over(admins: Admins, leader: Endpoint, follower: Endpoint, record: Record) -> None:
    """A follower that cannot reach its leader is no reason to fail: the next admin is asked."""
    answer = await admins.provision([follower, leader], ACME)
    assert answer.message == f"the admin recorded the namespace for {PROXY}"
    assert [*record.namespaces] == ["acme-prod"]


async def test_who_answered_is_asked_first(admins: Admins, leader: Endpoint, serve: Serve) -> None:
    """After one admin answered, the others are not tried before it."""
    asked: list[str] = []

    async def away(request: pb.CreateNamespaceRequest) -> pb.CreateNamespaceResponse:
        asked.append(request.namespace)
        raise Refusal("UNAVAILABLE", "failed to connect to leader")

    other = await serve("Pod default/admin-1", Handler(control_plane.CREATE_NAMESPACE, away))
    await admins.provision([other, leader], ACME)
    before = len(asked)
    await admins.provision([other, leader], ACME)
    assert (before, len(asked)) == (1, 1)


async def test_without_an_admin_that_answers_it_is_away(admins: Admins) -> None:
    """No admin, and none that can be reached, are told alike: somebody may come back."""
    with pytest.raises(Away, match="there is no admin to ask"):
        await admins.provision([], ACME)
    with pytest.raises(Away, match="Pod default/admin-0 cannot be reached"):
        await admins.provision([Endpoint("127.0.0.1:1", "Pod default/admin-0")], ACME)


async def test_what_no_admin_would_read_is_not_sent(admins: Admins, leader: Endpoint, record: Record) -> None:
    """A request over gRPC's 4 MiB is refused here, with a reason."""
    with pytest.raises(Refused, match=r"takes \d+ bytes, more than 4 MiB") as error:
        await admins.provision([leader], replace(ACME, tags={"big": "x" * (4 << 20)}))
    assert error.value.reason == "TooLargeForProxy"
    assert not record.namespaces
