"""Findings as a table, and one of them in full: the chain to its cause, what was read, what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kubectl_prism.model.change import preview
from kubectl_prism.model.finding import Finding
from kubectl_prism.model.meta import Manifest
from kubectl_prism.view.cells import one_line
from kubectl_prism.view.health import Severity
from kubectl_prism.view.table import Cell, Column, Row

COLUMNS = (
    Column("WHAT"),
    Column("OBJECT", wide=True),
    Column("CAUSE", wide=True),
    Column("FIX"),
    Column("CODE", wide=True),
)


def key(finding: Finding) -> str:
    """Return what a finding is known by from one look to the next."""
    return f"{finding.code} {finding.ref} {finding.title}"


def rows(found: Iterable[Finding]) -> list[Row]:
    """Return a row for each finding, as they come."""
    return [_row(finding) for finding in found]


def lines(finding: Finding, obj: Manifest | None) -> list[tuple[str, Severity]]:
    """Return a finding in full; `obj` is what its change would change, None where that is not seen."""
    return list(_lines(finding, obj))


def _row(finding: Finding) -> Row:
    cause = finding.chain[-1] if finding.chain else None
    cells = (
        Cell(finding.title),
        Cell(f"{finding.ref.kind} {finding.ref.name}"),
        Cell(one_line(cause.words) if cause is not None else ""),
        Cell("can be applied" if finding.change is not None else "yours to decide"),
        Cell(finding.code),
    )
    return Row(key(finding), finding.ref, cells, Severity(finding.severity))


def _lines(finding: Finding, obj: Manifest | None) -> Iterator[tuple[str, Severity]]:
    yield f"{finding.code}  {finding.title}", Severity(finding.severity)
    yield "", Severity.OK
    for depth, link in enumerate(finding.chain):
        arrow = f"{'   ' * (depth - 1)}└─ " if depth else ""
        is_cause = depth == len(finding.chain) - 1
        yield f"  {arrow}{one_line(link)}", Severity(finding.severity) if is_cause else Severity.OK
    yield "", Severity.OK
    yield from ((f"  seen: {one_line(words)}", Severity.OK) for words in finding.evidence)
    yield f"  do:   {finding.command}", Severity.OK
    if finding.otherwise:
        yield f"  or:   {one_line(finding.otherwise)}", Severity.OK
    if finding.change is not None and obj is not None:
        yield "  what would differ:", Severity.OK
        yield from ((f"    {line}", Severity.OK) for line in preview(finding.change, obj))
    yield f"  more: {finding.docs}", Severity.OK
