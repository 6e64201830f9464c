"""Events as people read them: those of our objects and their children, or of one object, so many and no more. Pure.

A Warning is told as a wait: what is wrong now is said by the object itself.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import UTC, datetime

from kubectl_prism.model import meta
from kubectl_prism.model.meta import GROUP, Key, Manifest, Ref
from kubectl_prism.view import lenient
from kubectl_prism.view.age import parse
from kubectl_prism.view.cells import aged, counted, one_line
from kubectl_prism.view.health import Severity
from kubectl_prism.view.objects import KINDS, Objects, named
from kubectl_prism.view.table import Cell, Column, Row

COLUMNS = (
    Column("AGE", right=True),
    Column("TYPE", wide=True),
    Column("REASON"),
    Column("OBJECT"),
    Column("MESSAGE"),
    Column("COUNT", wide=True, right=True),
)
MOST = 200
"""As many Events are shown without being asked for more."""

_OURS = frozenset(kind for kind in KINDS.values() if kind.startswith("Prism"))
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def rows(events: Iterable[Manifest], now: datetime, *, newest_first: bool = True, limit: int = MOST) -> list[Row]:
    """Return the rows of the newest Events, in the order of time."""
    return [_row(event, now) for event in _newest(events, limit, newest_first=newest_first)]


def lines(events: Iterable[Manifest], now: datetime, *, newest_first: bool = False, limit: int = 20) -> list[str]:
    """Return the same as lines, without the object that they are about."""
    shown = [[cell.text for cell in row.cells] for row in rows(events, now, newest_first=newest_first, limit=limit)]
    widths = [max((len(cells[column]) for cells in shown), default=0) for column in range(3)]
    return [_line(cells, widths) for cells in shown]


def of_ours(events: Iterable[Manifest], objects: Objects) -> list[Manifest]:
    """Return the Events about our kinds and about what they own, by the names of their Deployments and pods."""
    told = [(event, regarding(event)) for event in events]
    makers = {_maker(ref).name for _, ref in told}
    owned = {meta.key(one) for one in named(objects.deployments, makers) if _is_owned(one)}
    others = {ref.name for event, ref in told if ref.kind == "Pod" and not _is_ours(event, ref, owned)}
    pods = {meta.key(pod) for pod in named(objects.pods, others) if _is_part(pod)} if others else set()
    return [event for event, ref in told if _is_ours(event, ref, owned) or (ref.kind == "Pod" and ref.key in pods)]


def about(events: Iterable[Manifest], ref: Ref) -> list[Manifest]:
    """Return the Events about one object."""
    return [event for event in events if regarding(event) == ref]


def regarding(event: Manifest) -> Ref:
    """Return the object that an Event is about."""
    told = lenient.mapping(event.get("involvedObject")) or lenient.mapping(event.get("regarding"))
    return Ref(*(str(told.get(field) or "") for field in ("kind", "namespace", "name")))


def last(event: Manifest) -> datetime | None:
    """Return when an Event last happened, by whichever field its writer filled in."""
    series = lenient.mapping(event.get("series"))
    born = lenient.mapping(event.get("metadata")).get("creationTimestamp")
    told = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"), born)
    return next((time for one in told if (time := parse(one)) is not None), None)


def _is_owned(deployment: Manifest) -> bool:
    return str((meta.controller_of(deployment) or {}).get("kind")) in _OURS


def _is_part(pod: Manifest) -> bool:
    return str(meta.labels(pod).get("component")).startswith("prism-")


def _maker(ref: Ref) -> Key:
    """Return the Deployment that an object would be of: children have its name, or begin with it."""
    cut = {"ReplicaSet": 1, "Pod": 2}.get(ref.kind, 0)
    return Key(ref.namespace, ref.name.rsplit("-", cut)[0] if cut else ref.name)


def _is_ours(event: Manifest, ref: Ref, owned: Container[Key]) -> bool:
    """Tell whether an Event is about one of ours, by its kind or by what would be its Deployment."""
    told = lenient.mapping(event.get("involvedObject"))
    if ref.kind in _OURS or str(told.get("apiVersion") or "").startswith(f"{GROUP}/"):
        return True
    return _maker(ref) in owned


def _newest(events: Iterable[Manifest], limit: int, *, newest_first: bool) -> list[Manifest]:
    told = sorted(events, key=lambda event: (last(event) or _LONG_AGO, str(meta.key(event))), reverse=True)
    return told[: max(0, limit)] if newest_first else told[: max(0, limit)][::-1]


def _row(event: Manifest, now: datetime) -> Row:
    ref, type = regarding(event), str(event.get("type") or "Normal")
    severity = Severity.WAITING if type == "Warning" else Severity.OK
    time = last(event)
    cells = (
        aged(time.isoformat() if time else None, now),
        Cell(type, severity),
        Cell(str(event.get("reason") or "")),
        Cell(str(ref)),
        Cell(one_line(event.get("message") or event.get("note"))),
        counted(_count(event)),
    )
    return Row(f"Event {meta.key(event)}", ref, cells, severity)


def _count(event: Manifest) -> int:
    series = lenient.mapping(event.get("series"))
    return lenient.number(series.get("count")) or lenient.number(event.get("count")) or 1


def _line(cells: list[str], widths: list[int]) -> str:
    age, type, reason, _, message, count = cells
    repeated = f" (×{count})" if count != "1" else ""
    head = "  ".join(text.ljust(width) for text, width in zip((age, type, reason), widths, strict=True))
    return f"{head}  {message}{repeated}".rstrip()
