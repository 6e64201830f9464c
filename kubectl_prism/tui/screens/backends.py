"""The backends: whether they answer, how fast, when that was seen last, and who uses them."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult

from kubectl_prism.tui.screens.page import Page
from kubectl_prism.tui.snapshot import Snapshot
from kubectl_prism.tui.widgets.table import Table
from kubectl_prism.view import backends


class BackendsPage(Page):
    """PrismBackends; Enter describes one."""

    def body(self) -> ComposeResult:
        """One table."""
        yield self.kept(backends.COLUMNS, empty="no PrismBackends here")

    def draw(self, snapshot: Snapshot) -> Iterator[None]:
        """Show the backends."""
        rows = backends.rows(snapshot.objects, snapshot.now)
        yield
        self.table.show(rows)

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Tell all about it."""
        self.action_ask("describe")
