"""The conditions of a stack and of all that belongs to it, as lines: what is so, why, and since when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest
from kubectl_prism.view import lenient
from kubectl_prism.view.age import age
from kubectl_prism.view.health import Severity, health
from kubectl_prism.view.objects import Objects

GOOD = {"Reconciling": "False", "Stalled": "False"}
"""The status in which nothing is wrong, of the types for which that is not True."""


def lines(stack: Manifest, objects: Objects, now: datetime) -> list[tuple[str, Severity]]:
    """Return a heading for each object, and below it a line for each condition."""
    parts = [stack, *(part for field in ("patterns", "backends", "namespaces") for part in objects.owned(stack, field))]
    return [line for part in parts for line in _object(part, now)]


def _object(obj: Manifest, now: datetime) -> Iterator[tuple[str, Severity]]:
    judged = health(obj)
    yield f"{obj.get('kind') or 'PrismStack'} {meta.key(obj).name}: {judged.word}", judged.severity
    for found in lenient.mappings(lenient.mapping(obj.get("status")).get("conditions")):
        type, status = str(found.get("type")), str(found.get("status"))
        is_good = status == GOOD.get(type, "True")
        severity = Severity.OK if is_good else Severity.UNKNOWN if status == "Unknown" else Severity.WAITING
        head = f"  {type}={status}"
        since = age(found.get("lastTransitionTime"), now)
        words = " ".join(str(found.get("message") or "").split())
        yield f"{head:<24} {since:>6}  {found.get('reason')!s:<20} {words}".rstrip(), severity
