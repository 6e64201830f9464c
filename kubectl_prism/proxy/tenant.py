"""A tenant as a control plane is told of it, and what the control plane says back. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """What a tenant may use at most; None is no limit. The rate is in requests per second."""

    max_keys: int | None = None
    max_connections: int | None = None
    requests_per_second: int | None = None
    burst_size: int | None = None

    @property
    def named(self) -> frozenset[str]:
        """The limits that are set, by their names in the spec."""
        given = {
            "maxKeys": self.max_keys,
            "maxConnections": self.max_connections,
            "rateLimit": self.requests_per_second,
        }
        return frozenset(name for name, value in given.items() if value is not None)


@dataclass(frozen=True, slots=True)
class Auth:
    """Who may use a tenant's namespace."""

    oidc_issuer: str = ""
    oidc_client_id: str = ""
    service_accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Backend:
    """A backend that a tenant's patterns use; its address is shown nowhere."""

    type: str
    url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that a tenant may use."""

    type: str
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tenant:
    """One PrismNamespace: `id` on the proxy, `owner` the object's uid, `ttl` as the spec spells it."""

    id: str
    owner: str
    display_name: str = ""
    limits: Limits = Limits()
    patterns: Mapping[str, Pattern] = field(default_factory=dict)
    backends: Mapping[str, Backend] = field(default_factory=dict)
    auth: Auth = Auth()
    tags: Mapping[str, str] = field(default_factory=dict)
    ttl: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a tenant uses now: keys stored, clients connected, requests per second let through, requests refused."""

    keys: int
    connections: int
    requests_per_second: float
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Provisioned:
    """The other side took a tenant.

    `server` is what the other side says of itself. `enforced` names the limits that it enforces, None where it does not
    say: nobody can tell then. `usage` is what was used at that moment, None where it does not say.
    """

    server: str
    message: str
    enforced: frozenset[str] | None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """What became of a tenant that was to be released: `is_gone` where the other side holds nothing of it any more."""

    is_gone: bool
    message: str
