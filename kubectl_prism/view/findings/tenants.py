"""PrismNamespaces that near a quota or their end, and those that may outlive themselves on the other side."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from kubectl_prism.model import meta
from kubectl_prism.model.change import Change, argument, delete
from kubectl_prism.model.duration import seconds
from kubectl_prism.model.finding import Link
from kubectl_prism.model.meta import Manifest
from kubectl_prism.view import lenient
from kubectl_prism.view.age import duration
from kubectl_prism.view.findings.case import Case, quoted
from kubectl_prism.view.findings.scene import Scene, Thing, involved, spec
from kubectl_prism.view.findings.spot import spot
from kubectl_prism.view.health import Severity
from kubectl_prism.view.tenants import Gauge

NOTICE, SHARE = 3600.0, 0.1
"""A namespace is about to expire for the last hour of its ttl, or the last tenth where that is shorter."""

_QUOTAS = (
    ("maxKeys", "currentKeys", "keys"),
    ("maxConnections", "currentConnections", "connections"),
    ("requestsPerSecond", "requestRate", "requests per second"),
)


def cases(scene: Scene) -> Iterator[Case]:
    """Yield what namespaces are short of: room, time, or an end."""
    for one in scene.namespaces:
        if not meta.is_deleting(one.obj):
            yield from _quotas(scene, one)
            yield from _time(scene, one)
    for event in lenient.mappings(scene.events):
        if event.get("reason") == "NotReleased" and involved(event).kind == "PrismNamespace":
            yield _unreleased(event)


def _quotas(scene: Scene, one: Thing) -> Iterator[Case]:
    """Yield one case for all quotas of a namespace that are nearly or wholly spent."""
    gauges = [(name, gauge) for name, gauge in _gauges(one.obj) if gauge.severity is not Severity.OK]
    if not gauges:
        return
    worst = max(gauge.severity for _, gauge in gauges)
    is_spent = worst is Severity.BAD
    names = " and ".join(name for name, _ in gauges)
    said = ", ".join(f"{name} {gauge.used:g} of {gauge.limit:g}" for name, gauge in gauges)
    place = spot(scene, one)
    yield _case(
        scene,
        one,
        "PRISM708" if is_spent else "PRISM707",
        f"{one.ref} has {'spent' if is_spent else 'nearly spent'} its quota of {names}",
        said,
        severity=worst,
        command=_described(one),
        evidence=(quoted(f"status.metrics of {one.ref}", said),),
        otherwise=f"a person decides on more: {place.edit}",
    )


def _gauges(obj: Manifest) -> Iterator[tuple[str, Gauge]]:
    quotas, used = (
        lenient.mapping(spec(obj).get("quotas")),
        lenient.mapping(lenient.mapping(obj.get("status")).get("metrics")),
    )
    limits = {**quotas, **lenient.mapping(quotas.get("rateLimit"))}
    for limit, use, name in _QUOTAS:
        if limits.get(limit) is not None:
            yield name, Gauge(_amount(used.get(use)), _amount(limits.get(limit)))


def _time(scene: Scene, one: Thing) -> Iterator[Case]:
    ttl = lenient.text(spec(one.obj).get("ttl"))
    age = scene.age(one.obj)
    lasts = _seconds(ttl)
    if lasts is None or age == float("inf"):
        return
    left = lasts - age
    evidence = (f"spec of {one.ref}: ttl is {ttl}, created {duration(age)} ago",)
    if left <= 0:
        change = _removal(scene, one)
        yield _case(
            scene,
            one,
            "PRISM710",
            f"{one.ref} has expired",
            f"its ttl of {ttl} ended {duration(-left)} ago",
            severity=Severity.WAITING,
            command=change.command if change else spot(scene, one).edit,
            change=change,
            evidence=evidence,
            otherwise="make a new one, with another ttl",
        )
    elif left < min(lasts * SHARE, NOTICE):
        yield _case(
            scene,
            one,
            "PRISM709",
            f"{one.ref} expires in {duration(left)}",
            f"its ttl of {ttl} is over in {duration(left)}",
            severity=Severity.WAITING,
            command=spot(scene, one).edit,
            evidence=evidence,
            otherwise="raise spec.ttl to keep it; what it holds is released otherwise",
        )


def _removal(scene: Scene, one: Thing) -> Change | None:
    """Return the Change that deletes it; None where its stack would make it anew."""
    return delete({**one.obj, "kind": one.ref.kind}) if len(scene.line(one)) == 1 else None


def _unreleased(event: Manifest) -> Case:
    ref, message = involved(event), lenient.text(event.get("message"))
    return Case(
        code="PRISM711",
        key=tuple(ref),
        severity=Severity.WAITING,
        title=f"{ref} is gone, and may still be held on the other side",
        chain=(Link(ref, message or "not released"),),
        evidence=(quoted(f"Event NotReleased of {ref}", message),),
        command=f"kubectl get events -n {shlex.quote(ref.namespace)} --field-selector=reason=NotReleased",
        otherwise="look at the proxies or admins themselves, and delete there what remains",
        things=(ref,),
        noun="namespace",
    )


def _case(
    scene: Scene,
    one: Thing,
    code: str,
    title: str,
    said: str,
    *,
    severity: Severity,
    command: str,
    evidence: tuple[str, ...],
    change: Change | None = None,
    otherwise: str = "",
) -> Case:
    return Case(
        code=code,
        key=tuple(one.ref),
        severity=severity,
        title=title,
        chain=(Link(one.ref, said),),
        evidence=evidence,
        command=command,
        change=change,
        otherwise=otherwise,
        things=(one.ref,),
        noun="namespace",
    )


def _described(one: Thing) -> str:
    return f"kubectl prism namespaces describe {argument(one.ref).partition(' ')[2]}"


def _amount(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 1e300 else None  # type: ignore[arg-type]


def _seconds(ttl: str) -> float | None:
    """Return a duration in seconds; None where it is none."""
    try:
        return seconds(ttl) if ttl and ttl[0].isdigit() else None
    except ValueError:
        return None
