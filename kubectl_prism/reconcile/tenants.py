"""What a PrismNamespace means for its control plane, and what the answer means for its conditions. Pure."""

from __future__ import annotations

import datetime

from kubectl_prism.model import conditions, meta
from kubectl_prism.model.conditions import Mark
from kubectl_prism.model.duration import seconds
from kubectl_prism.model.meta import Key, Manifest
from kubectl_prism.model.namespace import Namespace
from kubectl_prism.model.stack import Stack
from kubectl_prism.proxy.tenant import Auth, Backend, Limits, Pattern, Provisioned, Tenant, Usage
from kubectl_prism.store import Store

PROVISIONED = "Provisioned"
ENFORCED = "QuotasEnforced"
WARNED = 0.1
"""The share of a ttl that is left when people are told that it ends, or an hour where that is less."""


def id(obj: Manifest) -> str:
    """Return the identifier on the proxy that an object claims, whatever else is wrong with it."""
    found = (obj.get("spec") or {}).get("namespaceId")
    return found if isinstance(found, str) and found else meta.key(obj).name


def proxy(obj: Manifest) -> Key:
    """Return the proxies that an object names, as namespace and name."""
    reference = (obj.get("spec") or {}).get("proxyRef")
    reference = reference if isinstance(reference, dict) else {}
    return Key(str(reference.get("namespace") or meta.key(obj).namespace), str(reference.get("name") or ""))


def tenant(namespace: Namespace, stack: Stack, store: Store) -> Tenant:
    """Return what a control plane is told of a namespace."""
    spec, quotas = namespace.spec, namespace.spec.quotas
    rate = quotas.rate_limit if quotas else None
    patterns = {name: _pattern(name, stack, store) for name in spec.patterns or []}
    auth = spec.auth
    return Tenant(
        id=spec.namespace_id or namespace.metadata.name,
        owner=namespace.metadata.uid,
        display_name=spec.display_name or "",
        limits=Limits(
            max_keys=quotas.max_keys if quotas else None,
            max_connections=quotas.max_connections if quotas else None,
            requests_per_second=rate.requests_per_second if rate else None,
            burst_size=rate.burst_size if rate else None,
        ),
        patterns={name: found for name, (found, _) in patterns.items()},
        backends={backend.type: backend for _, backend in patterns.values() if backend is not None},
        auth=Auth(
            oidc_issuer=(auth and auth.oidc_issuer) or "",
            oidc_client_id=(auth and auth.oidc_client_id) or "",
            service_accounts=tuple((auth and auth.service_accounts) or ()),
        ),
        tags=dict(spec.tags or {}),
        ttl=spec.ttl or "",
    )


def _pattern(name: str, stack: Stack, store: Store) -> tuple[Pattern, Backend | None]:
    """Return a pattern and its backend, as far as the objects are there; no credentials are told to anybody."""
    spec = (store.get("PrismPattern", stack.metadata.namespace, name) or {}).get("spec") or {}
    backend = spec.get("backend")
    settings = {str(key): str(value) for key, value in (spec.get("config") or {}).items()}
    found = Pattern(str(spec.get("pattern") or name), settings)
    return found, Backend(str(backend)) if backend else None


def provisioned(answer: Provisioned, limits: Limits) -> list[Mark]:
    """Return the conditions of a namespace that the other side took."""
    return [
        *conditions.ready("Provisioned", answer.message),
        conditions.true(PROVISIONED, "NamespaceCreated", answer.message),
        enforced(answer, limits),
    ]


def enforced(answer: Provisioned, limits: Limits) -> Mark:
    """Return whether quotas are enforced; never more than the other side says."""
    if not limits.named:
        return conditions.true(ENFORCED, "NoQuotas", "the spec sets no quota")
    if answer.enforced is None:
        return conditions.unknown(
            ENFORCED, "NotReported", f"{answer.server} records quotas and does not say whether anything enforces them"
        )
    lacking = sorted(limits.named - answer.enforced)
    if lacking:
        return conditions.false(ENFORCED, "NotEnforced", f"{answer.server} does not enforce {', '.join(lacking)}")
    return conditions.true(ENFORCED, "QuotasApplied", f"{answer.server} enforces {', '.join(sorted(limits.named))}")


def waiting(reason: str, message: str) -> list[Mark]:
    """Return the conditions of a namespace that time will provision: nothing can be said of the other side now."""
    return [*conditions.reconciling(reason, message), *unsure(reason, message)]


def stalled(reason: str, message: str) -> list[Mark]:
    """Return the conditions of a namespace that only a change by a person will provision."""
    return [*conditions.stalled(reason, message), *unsure(reason, message)]


def unsure(reason: str, message: str) -> list[Mark]:
    """Return the conditions that speak of the other side, where it did not answer."""
    return [conditions.unknown(type, reason, message) for type in (PROVISIONED, ENFORCED)]


def is_told(status: Manifest, marks: list[Mark], generation: int) -> bool:
    """Tell whether a status says all that `marks` do, of this generation."""
    found = {(one.get("type"), one.get("status"), one.get("reason")) for one in status.get("conditions") or []}
    wanted = {(mark.type, mark.status, mark.reason) for mark in marks}
    return status.get("observedGeneration") == generation and found == wanted


def metrics(usage: Usage | None) -> Manifest | None:
    """Return use as a status tells it."""
    if usage is None:
        return None
    return {
        "currentKeys": usage.keys,
        "currentConnections": usage.connections,
        "requestRate": round(usage.requests_per_second, 1),
    }


def expires(namespace: Namespace) -> datetime.datetime | None:
    """Return when a namespace ends; None for never."""
    created = namespace.metadata.creation_timestamp
    if namespace.spec.ttl is None or created is None:
        return None
    return datetime.datetime.fromisoformat(created) + datetime.timedelta(seconds=seconds(namespace.spec.ttl))


def warns(namespace: Namespace) -> float:
    """Return how many seconds before the end of its ttl people are told."""
    return min(seconds(namespace.spec.ttl or "0s") * WARNED, 3600.0)
