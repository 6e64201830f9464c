"""The page of backends: what each is, whether it answers, and who uses it. Pure.

Where a backend is and how one logs in there is never shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from kubectl_prism.model import conditions, meta
from kubectl_prism.model.latency import STEPS
from kubectl_prism.model.meta import Key, Manifest, Ref
from kubectl_prism.model.provider import guess
from kubectl_prism.view import lenient
from kubectl_prism.view.cells import aged, one_line, stated
from kubectl_prism.view.health import Severity, health
from kubectl_prism.view.objects import Objects
from kubectl_prism.view.table import Cell, Column, Row

COLUMNS = (
    Column("NAME"),
    Column("TYPE", wide=True),
    Column("PROVIDER", wide=True),
    Column("STATUS"),
    Column("HEALTHY", wide=True),
    Column("LATENCY", right=True),
    Column("LAST CHECKED", right=True),
    Column("USED BY"),
    Column("MESSAGE", wide=True),
)
NAMED = 2
"""As many users are named before the rest is counted."""

_ANSWERS = {
    "True": Cell("yes", Severity.OK, 0.0),
    "False": Cell("no", Severity.BAD, 2.0),
    "Unknown": Cell("unknown", Severity.UNKNOWN, 1.0),
}


def rows(objects: Objects, now: datetime) -> list[Row]:
    """Return a row for every PrismBackend, the worst first."""
    users = _users(objects.patterns)
    found = [_row(backend, users.get(meta.key(backend), []), now) for backend in objects.backends]
    return sorted(found, key=lambda row: (-row.severity, row.key))


def named_by(pattern: Manifest) -> Key | None:
    """Return the backend that a pattern names, as its reconciler takes it; None where it may not be used."""
    spec, home = lenient.mapping(pattern.get("spec")), meta.key(pattern).namespace
    reference = lenient.mapping(spec.get("backendConfig"))
    if reference.get("namespace") not in (None, home):
        return None
    name = reference.get("name") or spec.get("backend")
    return Key(home, name) if isinstance(name, str) else None


def _users(patterns: Iterable[Manifest]) -> Mapping[Key, list[str]]:
    found: dict[Key, list[str]] = {}
    for pattern in patterns:
        if (backend := named_by(pattern)) is not None:
            found.setdefault(backend, []).append(meta.key(pattern).name)
    return found


def _row(backend: Manifest, users: Sequence[str], now: datetime) -> Row:
    spec, status = lenient.mapping(backend.get("spec")), lenient.mapping(backend.get("status"))
    judged, message = health(backend), one_line(status.get("message"))
    cells = (
        Cell(str(meta.key(backend))),
        Cell(str(spec.get("type") or "")),
        Cell(provider(backend)),
        stated(judged),
        _healthy(backend),
        _latency(status.get("answersWithin")),
        aged(status.get("lastChecked"), now, otherwise="never"),
        _used_by(users),
        Cell(message or ("" if judged.is_ok else one_line(judged.explanation))),
    )
    return Row(
        str(Ref("PrismBackend", *meta.key(backend))), Ref("PrismBackend", *meta.key(backend)), cells, judged.severity
    )


def provider(backend: Manifest) -> str:
    """Return the product behind a backend, as far as one can tell without its Secret."""
    spec = lenient.mapping(backend.get("spec"))
    url, type = lenient.mapping(spec.get("connection")).get("url"), str(spec.get("type") or "")
    guessed = guess(name=meta.key(backend).name, type=type, url=url if isinstance(url, str) else None)
    return str(spec.get("provider") or guessed or type)


def _healthy(backend: Manifest) -> Cell:
    status = lenient.mapping(backend.get("status"))
    for condition in lenient.mappings(status.get("conditions")):
        if condition.get("type") == "Healthy" and conditions.is_judgement(condition):
            return _ANSWERS.get(str(condition.get("status")), _ANSWERS["Unknown"])
    return Cell("-")


def _latency(within: object) -> Cell:
    """Return the time within which it answered, sorted by that."""
    if within not in STEPS:
        return Cell("-")
    return Cell(f"≤ {within}", order=float(STEPS.index(str(within))))


def _used_by(users: Sequence[str]) -> Cell:
    names = sorted(users)
    more = ", …" if len(names) > NAMED else ""
    said = f"{len(names)} ({', '.join(names[:NAMED])}{more})" if names else "0"
    return Cell(said, order=float(len(names)))
