"""What the reconciler does: in this process, or as it tells at /metrics of its pod."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult

from kubectl_prism.errors import PrismError
from kubectl_prism.tui.screens.page import Page
from kubectl_prism.tui.snapshot import Snapshot
from kubectl_prism.tui.widgets.table import Table
from kubectl_prism.view import reconciler

EVERY = 2.0
"""Seconds between two looks at its metrics."""


class ReconcilerPage(Page):
    """A line for each controller, and a few for the whole."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._rates = reconciler.Rates()
        self._said = "the reconciler has not been asked yet"

    def body(self) -> ComposeResult:
        """One table."""
        yield Table(reconciler.COLUMNS, empty=self._said, id="main")

    def on_mount(self) -> None:
        """Ask while the page is seen."""
        super().on_mount()
        self.set_interval(EVERY, self._look)
        self._look()

    def draw(self, snapshot: Snapshot) -> Iterator[None]:
        """Show what it told last."""
        yield
        self.table.show(self._rates.rows(), empty=self._said)

    def _look(self) -> None:
        if self.is_current:
            self.run_worker(self._ask(), name="metrics", group="metrics", exclusive=True)

    async def _ask(self) -> None:
        try:
            told = await self.prism.source.reconciler()
        except PrismError as error:
            told, self._said = None, f"the reconciler cannot be asked: {error.message}"
        else:
            self._said = "the reconciler runs where nobody can ask it: see the page Leader for who it is"
        self._rates.note(told, self.prism.snapshot.now.timestamp())
        self.prism.draw_soon()
