"""The dialect of the quota service, against the sandbox's proxy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubectl_prism.proxy import quotas
from kubectl_prism.proxy.endpoint import Endpoint
from kubectl_prism.proxy.errors import Refused, Taken
from kubectl_prism.proxy.tenant import Limits, Provisioned, Released, Usage
from kubectl_prism.proxy.wire import Lines
from kubectl_prism.sandbox.answers.journal import Journal
from kubectl_prism.sandbox.answers.quota_service import QuotaService
from kubectl_prism.sandbox.answers.tenancy import Tenancy
from tests.proxy.conftest import Serve
from tests.proxy.tenants import ACME, BARE


@pytest.fixture
async def proxy(serve: Serve, tenancy: Tenancy, journal: Journal) -> Endpoint:
    return await serve("Service default/demo-proxy", *QuotaService(tenancy, journal).handlers())


async def test_what_is_provisioned_is_enforced(lines: Lines, proxy: Endpoint, tenancy: Tenancy) -> None:
    """The proxy holds the limits that the spec sets, and says which of them it enforces."""
    answer = await quotas.provision(lines, proxy, ACME)
    limits = frozenset({"maxKeys", "maxConnections", "rateLimit"})
    assert answer == Provisioned("simulated proxy", "the proxies hold the namespace", limits, Usage(0, 0, 0.0))
    held = tenancy.shown("acme-prod").limits
    assert (held.max_keys, held.max_connections) == (100, 5)
    assert (held.rate_limit.requests_per_second, held.rate_limit.burst_size) == (50, 80)


async def test_the_same_again_changes_nothing(lines: Lines, proxy: Endpoint, tenancy: Tenancy) -> None:
    """A repeated request is answered alike; a limit that the spec no longer sets is none."""
    first = await quotas.provision(lines, proxy, ACME)
    assert await quotas.provision(lines, proxy, ACME) == first
    assert tenancy.apply(quotas.namespace(ACME))[1] is False
    bare = await quotas.provision(lines, proxy, replace(ACME, limits=Limits()))
    assert bare.enforced == frozenset()
    assert not tenancy.shown("acme-prod").limits.HasField("max_keys")


async def test_another_owner_is_turned_away(lines: Lines, proxy: Endpoint, tenancy: Tenancy) -> None:
    """A namespace of another object is neither replaced nor released."""
    await quotas.provision(lines, proxy, ACME)
    rival = replace(ACME, owner="uid-9")
    with pytest.raises(Taken):
        await quotas.provision(lines, proxy, rival)
    with pytest.raises(Refused):
        await quotas.release(lines, proxy, rival)
    assert tenancy.shown("acme-prod").owner == "uid-1"


async def test_releasing_is_done_once_and_may_be_repeated(lines: Lines, proxy: Endpoint, tenancy: Tenancy) -> None:
    """The namespace goes with all it stored; what is not there is released already."""
    await quotas.provision(lines, proxy, ACME)
    tenancy.set("acme-prod", "key", b"value")
    first = await quotas.release(lines, proxy, ACME)
    assert first == Released(True, "the proxy released the namespace and what it held")
    assert await quotas.release(lines, proxy, ACME) == Released(True, "the proxy had no such namespace")
    assert tenancy.read("acme-prod", "key") is None


async def test_use_is_told_of_all_and_then_of_what_changed(lines: Lines, proxy: Endpoint, tenancy: Tenancy) -> None:
    """One stream tells what every tenant uses."""
    await quotas.provision(lines, proxy, ACME)
    await quotas.provision(lines, proxy, BARE)
    told = quotas.usages(lines, proxy, interval=0.1)
    assert dict(await anext(told)) == {"acme-prod": Usage(0, 0, 0.0), "bare": Usage(0, 0, 0.0)}
    tenancy.set("bare", "key", b"value")
    assert dict(await anext(told)) == {"bare": Usage(1, 0, 0.1)}
    await told.aclose()
