"""Every stack on one line, worst first, with what it waits for; and below what happened."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult

from kubectl_prism.tui.screens.page import Page
from kubectl_prism.tui.snapshot import Snapshot
from kubectl_prism.tui.widgets.table import Table
from kubectl_prism.view import events, overview
from kubectl_prism.view.memory import Memory
from kubectl_prism.view.spark import sparkline
from kubectl_prism.view.stack import Brief
from kubectl_prism.view.table import Cell, Column, Row

TREND = 10
"""Characters of the sparkline of ready pods."""
EVENTS = 200
COLUMNS = (*overview.COLUMNS, Column("TREND", wide=True))


class OverviewPage(Page):
    """The first page."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._memory: Brief = Memory()

    def body(self) -> ComposeResult:
        """Stacks above events."""
        yield self.kept(COLUMNS, empty="no stacks here: `kubectl prism up` brings one up")
        yield Table(events.COLUMNS, empty="nothing happened lately", id="events")

    def draw(self, snapshot: Snapshot) -> Iterator[None]:
        """Show the stacks and the latest events."""
        rows = yield from overview.rows.pieces(snapshot.objects, snapshot.now, self._memory)
        self.table.show([_with_trend(row, snapshot) for row in rows])
        yield
        told = events.of_ours(snapshot.events, snapshot.objects)
        yield
        latest = events.rows(told, snapshot.now, limit=EVENTS)
        yield
        self.query_one("#events", Table).show(latest)

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Open the stack; of an Event, describe what it is about."""
        ref = event.row.ref if event.row is not None else None
        if ref is None:
            return
        if ref.kind == "PrismStack":
            self.prism.open_stack(ref)
        else:
            self.prism.ask("describe", ref)


def _with_trend(row: Row, snapshot: Snapshot) -> Row:
    trend = sparkline(snapshot.history.values(row.key), TREND)
    return row._replace(cells=(*row.cells, Cell(trend)))
