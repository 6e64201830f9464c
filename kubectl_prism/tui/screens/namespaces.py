"""The tenants with what they use of their quotas, the nearest to a limit first."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult

from kubectl_prism.tui.screens.page import Page
from kubectl_prism.tui.snapshot import Snapshot
from kubectl_prism.tui.widgets.table import Table
from kubectl_prism.view import namespaces
from kubectl_prism.view.memory import Memory


class NamespacesPage(Page):
    """PrismNamespaces; Enter describes one."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._memory = Memory[namespaces.Kept]()

    def body(self) -> ComposeResult:
        """One table."""
        yield self.kept(namespaces.COLUMNS, empty="no PrismNamespaces here")

    def draw(self, snapshot: Snapshot) -> Iterator[None]:
        """Show the tenants."""
        rows = namespaces.namespaces_rows(snapshot.objects, snapshot.now, snapshot.history, self._memory)
        yield
        self.table.show(rows)

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Tell all about it."""
        self.action_ask("describe")
