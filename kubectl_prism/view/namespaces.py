"""The page of tenants: what each uses of what it may, and how its rate of requests went. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import NamedTuple

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.view import lenient
from kubectl_prism.view.cells import aged, stated
from kubectl_prism.view.health import Severity
from kubectl_prism.view.memory import Memory
from kubectl_prism.view.objects import Objects
from kubectl_prism.view.spark import History, sparkline
from kubectl_prism.view.table import Cell, Column, Row
from kubectl_prism.view.tenants import Gauge, expires, left, row

COLUMNS = (
    Column("NAME"),
    Column("ID", wide=True),
    Column("PROXY", wide=True),
    Column("STATUS"),
    Column("KEYS"),
    Column("CONNECTIONS"),
    Column("RATE"),
    Column("TREND", wide=True),
    Column("TTL LEFT", right=True),
    Column("TAGS", wide=True),
    Column("AGE", wide=True, right=True),
)
TREND = 12
"""Characters of a trend."""


class Kept(NamedTuple):
    """What a row holds that neither time nor history changes: `head` are the cells before the trend."""

    key: str
    ref: Ref
    head: tuple[Cell, ...]
    tagged: Cell
    severity: Severity
    tags: tuple[tuple[str, str], ...]
    rate: float | None
    born: object
    ttl: object


def namespaces_rows(objects: Objects, now: datetime, history: History, memory: Memory[Kept] | None = None) -> list[Row]:
    """Return a row for every PrismNamespace, the worst first; `history` holds the rates by the row's key."""
    memory = Memory() if memory is None else memory
    memory.turn()
    kept = [memory.recall(partial(_kept, obj, now), obj) for obj in objects.namespaces]
    return [_row(one, now, history) for one in sorted(kept, key=lambda one: (-one.severity, one.key))]


def rates(objects: Objects) -> Mapping[str, float | None]:
    """Return the requests per second of each tenant by the row's key, None where its proxy tells none."""
    return {_key(obj): _rate(obj) for obj in objects.namespaces}


def _kept(obj: Manifest, now: datetime) -> Kept:
    one = row(obj, now)
    gauges = (_gauge(gauge) for gauge in (one.keys, one.connections, one.rate))
    return Kept(
        _key(obj),
        Ref("PrismNamespace", *one.key),
        (Cell(str(one.key)), Cell(one.id), Cell(one.proxy), stated(one.health), *gauges),
        Cell(", ".join(f"{name}={value}" for name, value in one.tags)),
        one.severity,
        one.tags,
        one.rate.used,
        born=lenient.mapping(obj.get("metadata")).get("creationTimestamp"),
        ttl=lenient.mapping(obj.get("spec")).get("ttl"),
    )


def _row(one: Kept, now: datetime, history: History) -> Row:
    trend = Cell(sparkline(history.values(one.key), TREND), order=one.rate)
    cells = (*one.head, trend, _left(one, now), one.tagged, aged(one.born, now))
    return Row(one.key, one.ref, cells, one.severity, one.tags)


def _key(obj: Manifest) -> str:
    return str(Ref("PrismNamespace", *meta.key(obj)))


def _rate(obj: Manifest) -> float | None:
    told = lenient.mapping(lenient.mapping(obj.get("status")).get("metrics")).get("requestRate")
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else None


def _gauge(gauge: Gauge) -> Cell:
    """Return a quota, sorted by how much of it is used; what has no limit sorts below what has one."""
    order = gauge.share if gauge.share is not None else None if gauge.used is None else -1.0
    return Cell(gauge.words, gauge.severity if gauge.share is not None else None, order)


def _left(one: Kept, now: datetime) -> Cell:
    words = expires(one.born, one.ttl, now).removeprefix("in ")
    return Cell(words or "-", order=left(one.born, one.ttl, now))
