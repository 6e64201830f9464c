"""Conditions as kstatus, `kubectl wait` and Argo CD read them.

A reconciler makes marks (`true`, `false`, `unknown`); `merge` turns them into the list that a status carries. Reasons
are stable CamelCase words; messages hold no timestamps or random names, or every reconcile would be a write.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest

Status = Literal["True", "False", "Unknown"]

READY = "Ready"
RECONCILING = "Reconciling"
STALLED = "Stalled"

NOT_RECONCILED: Manifest = {
    "type": READY,
    "status": "Unknown",
    "reason": "NotReconciled",
    "message": "no reconciler has looked at it yet",
    "lastTransitionTime": "1970-01-01T00:00:00Z",
}
"""What a new object carries until a reconciler judges it: the CRDs' default, so that nobody takes it for done."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One judgement about an object, made at one generation of it."""

    type: str
    status: Status
    reason: str
    message: str = ""


def true(type: str, reason: str, message: str = "") -> Mark:
    """Mark that `type` holds."""
    return Mark(type, "True", reason, message)


def false(type: str, reason: str, message: str = "") -> Mark:
    """Mark that `type` does not hold."""
    return Mark(type, "False", reason, message)


def unknown(type: str, reason: str, message: str = "") -> Mark:
    """Mark that nobody could check whether `type` holds."""
    return Mark(type, "Unknown", reason, message)


def ready(reason: str, message: str = "") -> list[Mark]:
    """Return the three marks of an object that is as its spec wants it."""
    return [true(READY, reason, message), false(RECONCILING, reason), false(STALLED, reason)]


def reconciling(reason: str, message: str = "") -> list[Mark]:
    """Return the three marks of an object on its way: time will mend it."""
    return [false(READY, reason, message), true(RECONCILING, reason, message), false(STALLED, reason)]


def stalled(reason: str, message: str = "") -> list[Mark]:
    """Return the three marks of an object that only a change by a person can mend."""
    return [false(READY, reason, message), false(RECONCILING, reason), true(STALLED, reason, message)]


def paused() -> list[Mark]:
    """Return the three marks of an object that a person wants left as it is: nobody looks how it is."""
    message = f"nobody reconciles it while it has the annotation {meta.PAUSED}"
    return [unknown(READY, "Paused", message), false(RECONCILING, "Paused"), false(STALLED, "Paused")]


def merge(previous: Sequence[Manifest], marks: Iterable[Mark], *, generation: int, now: str) -> list[Manifest]:
    """Return the conditions of `marks`, sorted by type; `lastTransitionTime` moves only when a status flips.

    `now` is an RFC 3339 time; conditions that no mark speaks of are dropped.
    """
    before = {condition.get("type"): condition for condition in previous if is_judgement(condition)}

    def condition(mark: Mark) -> Manifest:
        old = before.get(mark.type)
        since = old.get("lastTransitionTime") if old and old.get("status") == mark.status else None
        return {
            "type": mark.type,
            "status": mark.status,
            "reason": mark.reason,
            "message": mark.message,
            "observedGeneration": generation,
            "lastTransitionTime": since or now,
        }

    return sorted((condition(mark) for mark in marks), key=lambda found: found["type"])


def find(obj: Manifest, type: str) -> Manifest | None:
    """Return the condition `type` of an object, if it carries one."""
    for condition in (obj.get("status") or {}).get("conditions") or []:
        if isinstance(condition, dict) and condition.get("type") == type:
            return condition
    return None


def is_judgement(condition: Manifest) -> bool:
    """Tell whether somebody judged: a default is no judgement."""
    return bool(condition.get("reason") != NOT_RECONCILED["reason"])


def is_true(obj: Manifest, type: str) -> bool:
    """Tell whether the condition `type` of an object is True."""
    condition = find(obj, type)
    return condition is not None and condition.get("status") == "True"
