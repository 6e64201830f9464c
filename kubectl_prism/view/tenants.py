"""PrismNamespaces as people read them: how they are, and what they use of what they may. Pure.

A share of a quota has a bar and words: nearly spent at 80 %, spent at 100 %.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from kubectl_prism.model import meta
from kubectl_prism.model.duration import seconds
from kubectl_prism.model.meta import Key, Manifest
from kubectl_prism.view import lenient
from kubectl_prism.view.age import age, duration, parse
from kubectl_prism.view.bar import bar
from kubectl_prism.view.health import Health, Severity, health

HEADERS = ("NAME", "ID", "PROXY", "STATUS", "KEYS", "CONNECTIONS", "REQUESTS/S", "EXPIRES", "AGE")
NEARLY, SPENT = 0.8, 1.0
_FOREVER = 1e12


@dataclass(frozen=True, slots=True)
class Gauge:
    """What is used of a quota; None for what is not told, or not limited."""

    used: float | None
    limit: float | None

    @property
    def share(self) -> float | None:
        """How much of the quota is used, 1.0 for all of it; None where nobody can say."""
        if self.used is None or self.limit is None:
            return None
        return self.used / self.limit if self.limit else 1.0

    @property
    def severity(self) -> Severity:
        """How near the quota is."""
        share = self.share or 0.0
        return Severity.BAD if share >= SPENT else Severity.WAITING if share >= NEARLY else Severity.OK

    @property
    def words(self) -> str:
        """Use, limit and how near they are: `812/1000 nearly spent ██████░░`."""
        used = "?" if self.used is None else f"{self.used:g}"
        if self.limit is None:
            return used if self.used is not None else "-"
        if self.share is None:
            return f"{used}/{self.limit:g}"
        said = {Severity.BAD: " spent", Severity.WAITING: " nearly spent"}.get(self.severity, "")
        return f"{used}/{self.limit:g}{said} {bar(self.share)}"


@dataclass(frozen=True, slots=True)
class TenantRow:
    """One PrismNamespace."""

    key: Key
    id: str
    proxy: str
    health: Health
    phase: str
    keys: Gauge
    connections: Gauge
    rate: Gauge
    expires: str
    age: str
    tags: tuple[tuple[str, str], ...] = ()
    server: str = ""

    @property
    def severity(self) -> Severity:
        """The worst of how it is and how near its quotas are."""
        return max(self.health.severity, self.keys.severity, self.connections.severity, self.rate.severity)


def tenants(objects: Iterable[Manifest], now: datetime) -> list[TenantRow]:
    """Return a row for every PrismNamespace, the worst first."""
    return sorted((row(obj, now) for obj in objects), key=lambda one: (-one.severity, one.key))


def row(obj: Manifest, now: datetime) -> TenantRow:
    """Describe one PrismNamespace."""
    spec, status = lenient.mapping(obj.get("spec")), lenient.mapping(obj.get("status"))
    quotas, used = lenient.mapping(spec.get("quotas")), lenient.mapping(status.get("metrics"))
    rate = lenient.mapping(quotas.get("rateLimit"))
    proxy, key = lenient.mapping(spec.get("proxyRef")), meta.key(obj)
    created = lenient.mapping(obj.get("metadata")).get("creationTimestamp")
    return TenantRow(
        key,
        id=str(spec.get("namespaceId") or key.name),
        proxy=f"{proxy.get('namespace') or key.namespace}/{proxy.get('name') or '?'}",
        health=health(obj),
        phase=str(status.get("phase") or "Pending"),
        keys=_gauge(used.get("currentKeys"), quotas.get("maxKeys")),
        connections=_gauge(used.get("currentConnections"), quotas.get("maxConnections")),
        rate=_gauge(used.get("requestRate"), rate.get("requestsPerSecond")),
        expires=expires(created, spec.get("ttl"), now),
        age=age(created, now),
        tags=tuple(sorted((str(name), str(value)) for name, value in lenient.mapping(spec.get("tags")).items())),
        server=str(status.get("proxyStatus") or ""),
    )


def rows(found: Iterable[TenantRow]) -> Iterator[tuple[str, ...]]:
    """Return the cells of a table, in the order of HEADERS."""
    for one in found:
        yield (
            str(one.key),
            one.id,
            one.proxy,
            one.health.word,
            one.keys.words,
            one.connections.words,
            one.rate.words,
            one.expires,
            one.age,
        )


def data(found: Iterable[TenantRow]) -> Manifest:
    """Return the same as data, for `-o json` and its kin: the keys are stable."""
    return {"kind": "TenantList", "items": [_data(one) for one in found]}


def _data(one: TenantRow) -> Manifest:
    gauges = {"keys": one.keys, "connections": one.connections, "requestsPerSecond": one.rate}
    return {
        "namespace": one.key.namespace,
        "name": one.key.name,
        "id": one.id,
        "proxy": one.proxy,
        "ready": one.health.is_ok,
        "fine": one.severity == Severity.OK,
        "severity": one.severity.name.lower(),
        "status": one.health.word,
        "phase": one.phase,
        "reason": one.health.reason,
        "message": one.health.message,
        "server": one.server,
        "usage": {name: {"used": gauge.used, "limit": gauge.limit} for name, gauge in gauges.items()},
        "expires": one.expires,
        "tags": dict(one.tags),
    }


def _gauge(used: object, limit: object) -> Gauge:
    return Gauge(_number(used), _number(limit))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def left(created: object, ttl: object, now: datetime) -> float | None:
    """Return how many seconds are left of a ttl, less than none where it is over; None where there is none."""
    if not isinstance(ttl, str) or not ttl or (began := parse(created)) is None:
        return None
    try:
        return min(seconds(ttl), _FOREVER) - (now - began).total_seconds()
    except ValueError:
        return None


def expires(created: object, ttl: object, now: datetime) -> str:
    """Return in how long a ttl is over, or that it is; an empty string where there is none."""
    time = left(created, ttl, now)
    if time is None:
        return ""
    return f"in {duration(time)}" if time > 0 else "over"


def described(obj: Manifest, events: Iterable[Manifest], now: datetime) -> list[str]:
    """Return all about one PrismNamespace: what it is, what it uses, its conditions and its Events."""
    one = row(obj, now)
    status = lenient.mapping(obj.get("status"))
    facts = {
        "Name": str(one.key),
        "Id": one.id,
        "Proxy": f"{one.proxy} ({one.server})" if one.server else one.proxy,
        "Phase": one.phase,
        "Keys": one.keys.words,
        "Connections": one.connections.words,
        "Requests/s": one.rate.words,
        "Expires": one.expires or "never",
        "Tags": ", ".join(f"{name}={value}" for name, value in one.tags) or "none",
        "Provisioned": _ago(status.get("provisionedAt"), now),
        "Synced": _ago(status.get("lastSyncedAt"), now),
    }
    lines = [f"{name + ':':<14}{value}" for name, value in facts.items()]
    lines += ["", "Conditions:"]
    for found in lenient.mappings(status.get("conditions")):
        words = f"{found.get('type')}={found.get('status')}", str(found.get("reason")), str(found.get("message") or "")
        lines.append(f"  {words[0]:<24}{words[1]:<20}{words[2]}".rstrip())
    lines += ["", "Events:"]
    told = sorted(events, key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    for event in told:
        since = age(event.get("lastTimestamp") or event.get("eventTime"), now)
        lines.append(f"  {since:<8}{event.get('reason')!s:<20}{event.get('message')}")
    return lines if told else [*lines[:-1], "Events:       none"]


def _ago(timestamp: object, now: datetime) -> str:
    return f"{age(timestamp, now)} ago" if timestamp else "never"
