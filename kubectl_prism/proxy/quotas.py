"""The dialect of our own quota service, `prism.quota.v1`: for proxies that enforce limits and tell what is used."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from kubectl_prism.proxy.endpoint import Endpoint
from kubectl_prism.proxy.errors import Refused
from kubectl_prism.proxy.proto import quota_pb2 as pb
from kubectl_prism.proxy.tenant import Limits, Provisioned, Released, Tenant, Usage
from kubectl_prism.proxy.wire import Lines, Method

SERVICE = "prism.quota.v1.Quotas"

APPLY = Method(f"/{SERVICE}/Apply", pb.ApplyRequest, pb.ApplyResponse)
GET = Method(f"/{SERVICE}/Get", pb.GetRequest, pb.Namespace)
LIST = Method(f"/{SERVICE}/List", pb.ListRequest, pb.ListResponse)
DELETE = Method(f"/{SERVICE}/Delete", pb.DeleteRequest, pb.DeleteResponse)
WATCH_USAGE = Method(f"/{SERVICE}/WatchUsage", pb.WatchUsageRequest, pb.UsageReport)

NAMES = {"max_keys": "maxKeys", "max_connections": "maxConnections", "rate_limit": "rateLimit"}
"""The limits on the wire, and what the spec calls them."""


async def provision(lines: Lines, endpoint: Endpoint, tenant: Tenant) -> Provisioned:
    """Make the other side hold exactly this of the tenant."""
    answer = await lines.call(endpoint, APPLY, pb.ApplyRequest(namespace=namespace(tenant)))
    enforced = frozenset(NAMES.get(name, name) for name in answer.namespace.enforced)
    used = usage(answer.namespace.usage)
    return Provisioned(answer.server, "the proxies hold the namespace", enforced & tenant.limits.named, used)


async def release(lines: Lines, endpoint: Endpoint, tenant: Tenant) -> Released:
    """Make the other side forget the tenant."""
    try:
        await lines.call(endpoint, DELETE, pb.DeleteRequest(id=tenant.id, owner=tenant.owner))
    except Refused as error:
        if error.reason == "NotFound":
            return Released(True, "the proxy had no such namespace")
        raise
    return Released(True, "the proxy released the namespace and what it held")


async def usages(lines: Lines, endpoint: Endpoint, *, interval: float) -> AsyncGenerator[Mapping[str, Usage], None]:
    """Yield what is used, by tenant: first all of them, then those that changed, `interval` seconds apart."""
    request = pb.WatchUsageRequest(interval_ms=round(interval * 1000))
    async for report in lines.stream(endpoint, WATCH_USAGE, request):
        yield {id: usage(found) for id, found in report.usage.items()}


def namespace(tenant: Tenant) -> pb.Namespace:
    """Return a tenant as it is told on the wire."""
    return pb.Namespace(
        id=tenant.id,
        owner=tenant.owner,
        display_name=tenant.display_name,
        limits=limits(tenant.limits),
        patterns=sorted(tenant.patterns),
        auth=pb.Auth(
            oidc_issuer=tenant.auth.oidc_issuer,
            oidc_client_id=tenant.auth.oidc_client_id,
            service_accounts=tenant.auth.service_accounts,
        ),
        tags=dict(tenant.tags),
    )


def limits(found: Limits) -> pb.Limits:
    """Return limits as they are told on the wire; the burst is as large as the rate where none is given."""
    rate = None
    if found.requests_per_second is not None:
        rate = pb.RateLimit(
            requests_per_second=found.requests_per_second, burst_size=found.burst_size or found.requests_per_second
        )
    return pb.Limits(max_keys=found.max_keys, max_connections=found.max_connections, rate_limit=rate)


def usage(found: pb.Usage) -> Usage:
    """Return use as it was told on the wire."""
    return Usage(found.keys, found.connections, found.requests_per_second, found.refused)
