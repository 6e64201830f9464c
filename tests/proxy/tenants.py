"""A tenant with everything set."""

from __future__ import annotations

from dataclasses import replace

from kubectl_prism.proxy.tenant import Auth, Backend, Limits, Pattern, Tenant

ACME = Tenant(
    id="acme-prod",
    owner="uid-1",
    display_name="Acme",
    limits=Limits(max_keys=100, max_connections=5, requests_per_second=50, burst_size=80),
    patterns={"cache": Pattern("keyvalue", {"ttl": "300"})},
    backends={"redis": Backend("redis", "redis://:hunter2@redis:6379")},
    auth=Auth("https://id.example.com", "prism", ("default/app",)),
    tags={"team": "payments"},
    ttl="24h",
)
BARE = replace(Tenant("bare", "uid-2"))
