"""PrismNamespace: one tenant's share of a Prism proxy, with its quotas. Not a Kubernetes namespace."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kubectl_prism.model.schema import Condition, Duration, Label, ListMap, ObjectMeta, ObjectName, Rule, Schema, Time

SAME_NAMESPACE_ID = (
    "has(self.namespaceId) == has(oldSelf.namespaceId)"
    " && (!has(self.namespaceId) || self.namespaceId == oldSelf.namespaceId)"
)


class RateLimit(Schema):
    """How many requests a namespace may make."""

    requests_per_second: Annotated[int, Field(ge=1)]
    """Requests per second that are always let through."""
    burst_size: Annotated[int, Field(ge=1)] | None = None
    """Requests that may come at once after a quiet time; requestsPerSecond when left out."""


class Quotas(Schema):
    """What a namespace may use at most; what is left out has no limit."""

    max_keys: Annotated[int, Field(ge=0)] | None = None
    """How many keys may be stored."""
    max_connections: Annotated[int, Field(ge=0)] | None = None
    """How many clients may be connected at once."""
    rate_limit: RateLimit | None = None
    """How many requests may be made."""


class Auth(Schema):
    """Who may use a namespace."""

    oidc_issuer: Annotated[str, Field(max_length=2048)] | None = None
    """The issuer URL of the OpenID Connect provider."""
    oidc_client_id: Annotated[str, Field(max_length=256)] | None = None
    """The client that tokens must be issued for."""
    service_accounts: Annotated[list[str], Field(max_length=256)] | None = None
    """Service accounts that may use the namespace."""


class Tenancy(Schema):
    """What a namespace is on the proxy, whichever proxy that is."""

    namespace_id: Label | None = None
    """The namespace's identifier on the proxy; the object's name when left out. It cannot change."""
    display_name: Annotated[str, Field(max_length=256)] | None = None
    """The name that people see."""
    quotas: Quotas | None = None
    """What the namespace may use at most."""
    patterns: Annotated[list[ObjectName], Field(max_length=256)] | None = None
    """The patterns that may be used in the namespace."""
    auth: Auth | None = None
    """Who may use the namespace."""
    tags: Annotated[dict[str, str], Field(max_length=64)] | None = None
    """Labels for cost, ownership and search; Prism does not read them."""
    ttl: Duration | None = None
    """How long after its creation the namespace expires, e.g. 720h; never when left out."""


class ProxyRef(Schema):
    """Names the proxy that a namespace lives on."""

    name: ObjectName
    """The proxy's name: the stack's name followed by -proxy."""
    namespace: ObjectName | None = None
    """The Kubernetes namespace of the stack; the object's own when left out."""


class NamespaceSpec(Tenancy):
    """What the namespace should be."""

    rules = (
        Rule(
            SAME_NAMESPACE_ID,
            "namespaceId cannot change: make a new PrismNamespace instead",
            ".namespaceId",
        ),
        Rule(
            "self.proxyRef == oldSelf.proxyRef",
            "proxyRef cannot change: make a new PrismNamespace instead",
            ".proxyRef",
        ),
    )

    proxy_ref: ProxyRef
    """The proxy that the namespace lives on."""


class Usage(Schema):
    """What a namespace uses now, as its proxy reports it."""

    current_keys: int | None = None
    """How many keys are stored."""
    current_connections: int | None = None
    """How many clients are connected."""
    request_rate: float | None = None
    """Requests per second."""


class NamespaceStatus(Schema):
    """What the namespace is."""

    phase: Literal["Pending", "Active", "Terminating", "Failed", "Expired"] | None = None
    """The state in one word, for people; programs read the conditions."""
    observed_generation: int | None = None
    """The metadata.generation that this status speaks of."""
    provisioned_at: Time | None = None
    """When the proxy first took the namespace."""
    last_synced_at: Time | None = None
    """When the proxy last took a change or reported another use."""
    proxy_status: str | None = None
    """What the proxy says of itself."""
    metrics: Usage | None = None
    """What the namespace uses now."""
    conditions: Annotated[list[Condition], ListMap("type")] | None = None
    """Ready, Provisioned and QuotasEnforced, with their reasons."""


class Namespace(Schema):
    """One tenant's share of a Prism proxy, with its quotas; not a Kubernetes namespace."""

    metadata: ObjectMeta
    spec: NamespaceSpec
    """What the namespace should be."""
    status: NamespaceStatus | None = None
    """What the namespace is; written by the reconciler."""
