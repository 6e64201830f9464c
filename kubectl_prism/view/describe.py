"""All about one object, as `kubectl describe` tells it: head, labels, highlights, conditions, children, Events. Pure.

Annotations are left out: kubectl keeps whole manifests in them, connections included.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest
from kubectl_prism.view import deployments, lenient, pods, tenants
from kubectl_prism.view import events as happened
from kubectl_prism.view.age import age
from kubectl_prism.view.cells import one_line
from kubectl_prism.view.health import Health, Severity, health
from kubectl_prism.view.highlights import highlights

NARROWEST = 14
"""Columns of the names of facts, where none of them is longer."""
MOST = 50
"""As many children are named before the rest is counted."""
GAP = "  "


def described(
    obj: Manifest, events: Iterable[Manifest], now: datetime, *, children: Iterable[Manifest] = ()
) -> list[str]:
    """Return the lines that describe an object; `events` are those about it, `children` what it owns."""
    if obj.get("kind") == "PrismNamespace":
        return tenants.described(obj, events, now)
    facts = _facts(_head(obj, now) | highlights(obj, now))
    told = happened.lines(events, now)
    return [
        *facts,
        *_section("Conditions", _conditions(obj, now)),
        *_section("Children", _children(children, now)),
        *(_section("Events", told) or ["", f"{'Events:':<{NARROWEST}}none"]),
    ]


def _head(obj: Manifest, now: datetime) -> dict[str, str]:
    judged = state(obj)
    owner = meta.controller_of(obj) or {}
    found = {
        "Name": str(meta.key(obj)),
        "Kind": str(obj.get("kind") or ""),
        "Age": _age(obj, now),
        "Status": judged.word if judged.is_ok else f"{judged.word}: {judged.explanation}",
        "Phase": str(lenient.mapping(obj.get("status")).get("phase") or ""),
        "Controlled by": f"{owner.get('kind')} {owner.get('name')}" if owner else "",
        "Labels": ", ".join(f"{name}={value}" for name, value in sorted(meta.labels(obj).items())),
    }
    return {name: text for name, text in found.items() if text}


def state(obj: Manifest) -> Health:
    """Judge an object by what its kind tells of itself; a kind that tells nothing is there, and that is all."""
    match obj.get("kind"):
        case "PrismStack" | "PrismPattern" | "PrismBackend" | "PrismNamespace":
            return health(obj)
        case "Pod":
            return pods.judged(obj)
        case "Deployment":
            return deployments.judged(obj, ())
    return Health(Severity.OK, "Terminating" if meta.is_deleting(obj) else "")


def _facts(facts: dict[str, str]) -> list[str]:
    width = max(NARROWEST, *(len(name) + 2 for name in facts))
    return [f"{f'{name}:':<{width}}{one_line(text)}" for name, text in facts.items()]


def _section(title: str, lines: Iterable[str]) -> list[str]:
    found = [f"{GAP}{line}" for line in lines]
    return ["", f"{title}:", *found] if found else []


def _conditions(obj: Manifest, now: datetime) -> list[str]:
    found = lenient.mappings(lenient.mapping(obj.get("status")).get("conditions"))
    return _table(
        ("TYPE", "STATUS", "SINCE", "REASON", "MESSAGE"),
        [
            (
                str(one.get("type")),
                str(one.get("status")),
                age(one.get("lastTransitionTime"), now),
                str(one.get("reason") or ""),
                one_line(one.get("message")),
            )
            for one in found
        ],
    )


def _children(children: Iterable[Manifest], now: datetime) -> list[str]:
    judged = [(meta.ref(one), state(one), one) for one in children]
    found = sorted(judged, key=lambda child: (-child[1].severity, child[0]))
    rows = [
        (str(ref), how.word, _age(one, now), "" if how.is_ok else one_line(how.explanation))
        for ref, how, one in found[:MOST]
    ]
    more = [f"… and {len(found) - MOST} more"] if len(found) > MOST else []
    return _table(("OBJECT", "STATUS", "AGE", "REASON"), rows) + more


def _age(obj: Manifest, now: datetime) -> str:
    return age(lenient.mapping(obj.get("metadata")).get("creationTimestamp"), now)


def _table(headers: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows under their headers, each column as wide as it must be; nothing where there are no rows."""
    if not rows:
        return []
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    return [
        GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (headers, *rows)
    ]
