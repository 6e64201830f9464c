"""The record in a Lease, as client-go writes it: who holds it, who asks for it, and what the next one looks like.

Pure; `leader` reads and writes Leases by it. Lenient with what others wrote into one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest, Ref

HANDOVER = "prism.io/hand-over-to"
"""Annotation of the Lease: who asks its holder to step down."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the Lease, and since when, as the holder itself says; empty where nobody does."""

    identity: str = ""
    since: str = ""

    def __str__(self) -> str:
        return f"{self.identity} since {self.since}" if self.since else self.identity


def holder(lease: Manifest) -> Holder:
    """Return who holds a Lease."""
    identity = str(spec(lease).get("holderIdentity") or "")
    return Holder(identity, _seconds(spec(lease).get("acquireTime"))) if identity else Holder()


def asked_by(lease: Manifest) -> str:
    """Return who asks the holder of a Lease to step down, an empty string for nobody."""
    return str(meta.annotations(lease).get(HANDOVER) or "")


def lasts(lease: Manifest, *, otherwise: float) -> float:
    """Return how many seconds a silent holder keeps a Lease."""
    seconds = spec(lease).get("leaseDurationSeconds")
    return float(seconds) if holder(lease).identity and isinstance(seconds, int) and seconds > 0 else otherwise


def spec(lease: Manifest) -> Manifest:
    """Return the spec, empty where there is none."""
    found = lease.get("spec")
    return found if isinstance(found, dict) else {}


def held(lease: Manifest | None, ref: Ref, *, identity: str, seconds: float, now: str) -> Manifest:
    """Return the Lease as held by `identity` and renewed `now`; None for `lease` where there is none yet."""
    before = spec(lease or {})
    is_ours = before.get("holderIdentity") == identity
    transitions = before.get("leaseTransitions") or 0
    metadata = {"name": ref.name, "namespace": ref.namespace, **((lease or {}).get("metadata") or {})}
    if not is_ours and lease is not None:
        metadata["annotations"] = {key: text for key, text in meta.annotations(lease).items() if key != HANDOVER}
    record = {
        **before,
        "holderIdentity": identity,
        "leaseDurationSeconds": max(1, round(seconds)),
        "acquireTime": before.get("acquireTime") if is_ours else now,
        "renewTime": now,
        "leaseTransitions": transitions if is_ours or lease is None else transitions + 1,
    }
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": record}


def asked(lease: Manifest, *, identity: str) -> Manifest:
    """Return the Lease with the wish of `identity` to have it."""
    annotations = {**meta.annotations(lease), HANDOVER: identity}
    return {**lease, "metadata": {**lease["metadata"], "annotations": annotations}}


def released(lease: Manifest, *, now: str) -> Manifest:
    """Return the Lease as nobody's: the next one need not wait."""
    return {**lease, "spec": {**spec(lease), "holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": now}}


def _seconds(time: object) -> str:
    """Return a time as Kubernetes writes it without the parts of a second."""
    return re.sub(r"\.\d+", "", time) if isinstance(time, str) else ""
