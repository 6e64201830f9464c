"""What a simulated pod is meant to run, read from its manifest as the real program would read its environment. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kubectl_prism.model import meta
from kubectl_prism.model.duration import seconds
from kubectl_prism.model.meta import Key, Manifest

Kind = Literal["proxy", "admin", "runner"]

_KINDS: Mapping[str, Kind] = {"prism-proxy": "proxy", "prism-admin": "admin", "prism-pattern": "runner"}
_PORTS = {"proxy": "PRISM_PROXY_PORT", "admin": "PRISM_ADMIN_PORT", "runner": "PRISM_PATTERN_PORT"}

_ANSWERED = {"pattern": "keyvalue", "backend": "memstore"}
"""The labels of the runners for which somebody answers."""


@dataclass(frozen=True, slots=True)
class Candidacy:
    """The Lease that an admin runs for, and its seconds."""

    name: str
    lease: float
    renew: float
    retry: float


@dataclass(frozen=True, slots=True)
class Program:
    """What one pod runs: `group` is the stack that it belongs to, or the runner that belongs to none."""

    kind: Kind
    pod: Key
    group: Key
    port: int
    candidacy: Candidacy | None = None


def program(pod: Manifest) -> Program | None:
    """Return what a pod runs; None for what nobody answers for."""
    labels, key = meta.labels(pod), meta.key(pod)
    kind = _KINDS.get(labels.get("component", ""))
    if kind is None or (kind == "runner" and {label: labels.get(label) for label in _ANSWERED} != _ANSWERED):
        return None
    environment = _environment(pod)
    port = environment.get(_PORTS[kind], "")
    group = labels.get("stack") or labels.get("runner") or key.name
    if not port.isdecimal():
        return None
    candidacy = _candidacy(environment) if kind == "admin" else None
    return Program(kind, key, Key(key.namespace, group), int(port), candidacy)


def _candidacy(environment: Mapping[str, str]) -> Candidacy | None:
    if environment.get("PRISM_LEADER_ELECTION_ENABLED") != "true":
        return None
    lease, renew, retry = (
        seconds(environment[f"PRISM_LEADER_ELECTION_{name}"])
        for name in ("LEASE_DURATION", "RENEW_DEADLINE", "RETRY_PERIOD")
    )
    return Candidacy(environment["PRISM_LEADER_ELECTION_LEASE_NAME"], lease, renew, retry)


def _environment(pod: Manifest) -> Mapping[str, str]:
    containers = (pod.get("spec") or {}).get("containers") or [{}]
    found = containers[0].get("env") or []
    return {one["name"]: one["value"] for one in found if "value" in one}
