"""The dialect of the real prism-admin, `prism.ControlPlane`: it stores a namespace's metadata and enforces nothing.

Creating is an upsert that wipes what is left out, so the whole configuration goes every time. Nothing can be read back
or taken away; acknowledgements that change nothing are treated as what they are. Followers forward to a port where
often nobody listens, so every admin is tried, the one that answered last first.
"""

from __future__ import annotations

from collections.abc import Sequence

from kubectl_prism.proxy.endpoint import Endpoint
from kubectl_prism.proxy.errors import Away, Refused, Unprepared, WrongService
from kubectl_prism.proxy.proto import control_plane_pb2 as pb
from kubectl_prism.proxy.tenant import Provisioned, Released, Tenant
from kubectl_prism.proxy.wire import A, Lines, Method, Q

SERVICE = "prism.ControlPlane"
PRINCIPAL = "kubectl-prism"

REGISTER_PROXY = Method(f"/{SERVICE}/RegisterProxy", pb.ProxyRegistration, pb.ProxyRegistrationAck)
CREATE_NAMESPACE = Method(f"/{SERVICE}/CreateNamespace", pb.CreateNamespaceRequest, pb.CreateNamespaceResponse)
REVOKE_NAMESPACE = Method(f"/{SERVICE}/RevokeNamespace", pb.NamespaceRevocation, pb.NamespaceRevocationAck)

SIZE_LIMIT = 4 << 20
"""The bytes of a request from which on the other side refuses to read it."""

NOT_DONE = "not yet implemented"
"""What an acknowledgement says that stands for nothing."""


class Admins:
    """The admins of one stack, whose proxies are known to them as `proxy` at `address`."""

    def __init__(self, lines: Lines, *, proxy: str, address: str, version: str = "") -> None:
        self._lines = lines
        self._proxy = proxy
        self._address = address
        self._version = version
        self._last = ""

    async def provision(self, endpoints: Sequence[Endpoint], tenant: Tenant) -> Provisioned:
        """Make the admins hold the tenant's whole configuration; make our proxies known where there are none yet."""
        request = pb.CreateNamespaceRequest(
            namespace=tenant.id, requesting_proxy=self._proxy, config=config(tenant), principal=PRINCIPAL
        )
        if request.ByteSize() > SIZE_LIMIT:
            raise Refused("TooLargeForProxy", f"the namespace takes {request.ByteSize()} bytes, more than 4 MiB")
        try:
            answer = await self._ask(endpoints, CREATE_NAMESPACE, request)
        except Unprepared:
            await self._register(endpoints)
            answer = await self._ask(endpoints, CREATE_NAMESPACE, request)
        if not answer.success or NOT_DONE in answer.message:
            raise Refused("RefusedByProxy", f"the admin answered: {answer.message or 'no'}")
        return Provisioned(
            "prism-admin", f"the admin recorded the namespace for {answer.assigned_proxy or 'no proxy'}", None
        )

    async def release(self, endpoints: Sequence[Endpoint], tenant: Tenant) -> Released:
        """Ask the admins to take the tenant away, which today's acknowledge and do not do."""
        request = pb.NamespaceRevocation(proxy_id=self._proxy, namespace=tenant.id)
        answer = await self._ask(endpoints, REVOKE_NAMESPACE, request)
        if answer.success and NOT_DONE not in answer.message:
            return Released(True, "the admin released the namespace")
        return Released(False, f"prism-admin cannot release namespaces: its entry {tenant.id} remains")

    async def _register(self, endpoints: Sequence[Endpoint]) -> None:
        """Make the proxies known under one id that stays: ids are never removed, and each takes its share for ever."""
        request = pb.ProxyRegistration(
            proxy_id=self._proxy, address=self._address, version=self._version, metadata={"managed-by": PRINCIPAL}
        )
        await self._ask(endpoints, REGISTER_PROXY, request)

    async def _ask(self, endpoints: Sequence[Endpoint], method: Method[Q, A], request: Q) -> A:
        """Ask one admin after the other until one answers."""
        failed: Away | WrongService | None = None
        for endpoint in sorted(endpoints, key=lambda found: found.name != self._last):
            self._last = endpoint.name
            try:
                return await self._lines.call(endpoint, method, request)
            except (Away, WrongService) as error:
                failed = failed or error
        raise failed or Away("there is no admin to ask")


def config(tenant: Tenant) -> pb.NamespaceConfig:
    """Return the configuration of a tenant as the messages want it; what lasts of it is the metadata alone."""
    auth = tenant.auth
    options = {"client_id": auth.oidc_client_id, "service_accounts": ",".join(auth.service_accounts)}
    return pb.NamespaceConfig(
        backends={
            name: pb.BackendConfig(backend_type=found.type, connection_string=found.url)
            for name, found in tenant.backends.items()
        },
        patterns={
            name: pb.PatternConfig(pattern_name=found.type, settings=dict(found.settings))
            for name, found in tenant.patterns.items()
        },
        auth=pb.AuthConfig(
            enabled=bool(auth.oidc_issuer or auth.service_accounts),
            provider="oidc" if auth.oidc_issuer else "",
            options={key: value for key, value in {"issuer": auth.oidc_issuer, **options}.items() if value},
        ),
        metadata=metadata(tenant),
    )


def metadata(tenant: Tenant) -> dict[str, str]:
    """Return what the admin keeps of a tenant, under keys of ours (docs/reference/control-plane.md lists them)."""
    limits = tenant.limits
    found = {
        "prism.io/owner": tenant.owner,
        "prism.io/display-name": tenant.display_name,
        "prism.io/ttl": tenant.ttl,
        "prism.io/patterns": ",".join(sorted(tenant.patterns)),
        "prism.io/quota.max-keys": limits.max_keys,
        "prism.io/quota.max-connections": limits.max_connections,
        "prism.io/quota.requests-per-second": limits.requests_per_second,
        "prism.io/quota.burst-size": limits.burst_size,
        **{f"prism.io/tag.{name}": value for name, value in tenant.tags.items()},
    }
    return {key: str(value) for key, value in found.items() if value not in (None, "")}
