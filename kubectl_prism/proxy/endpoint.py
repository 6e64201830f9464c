"""Where a stack's programs are asked, and how those connections are protected. Pure values, without grpc."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Security:
    """How a connection is protected: nothing of it is ever shown.

    `certificates` holds ca.crt, and tls.crt with tls.key where the other side wants to know us; `name` is the name in
    the other side's certificate.
    """

    tls: bool = False
    name: str = ""
    certificates: dict[str, bytes] = field(default_factory=dict, repr=False)
    token: str = field(default="", repr=False)

    @property
    def digest(self) -> str:
        """What tells two of them apart without telling what is in them."""
        parts = [
            str(self.tls),
            self.name,
            self.token,
            *(f"{key}={value!r}" for key, value in self.certificates.items()),
        ]
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect (`unix:/path` or `host:port`), and what people call it."""

    address: str
    name: str
    security: Security = Security()


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a stack's programs can be asked now: its proxies at one address, each admin at its own."""

    proxy: Endpoint | None
    admins: tuple[Endpoint, ...] = ()
