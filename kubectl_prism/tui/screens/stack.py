"""One stack as a tree down to its pods, with where they run, its conditions and its events beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest
from kubectl_prism.tui.screens.page import Page
from kubectl_prism.tui.snapshot import Snapshot
from kubectl_prism.tui.widgets.lines import Line, Lines
from kubectl_prism.tui.widgets.table import Table
from kubectl_prism.tui.widgets.words import Words
from kubectl_prism.view import conditions, events, placement, tree
from kubectl_prism.view.health import Severity
from kubectl_prism.view.pieces import Pieces

SIDES = ("placement", "conditions", "events")
EVENTS = 200
WIDE = 150
"""The characters from which on there is room for both halves side by side."""


class StackPage(Page):
    """The stack that was opened last; without one, the worst."""

    HORIZONTAL_BREAKPOINTS = [(WIDE, "-wide")]  # noqa: RUF012 - Textual's own name
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "turn", "View"),
        Binding("left_square_bracket", "step(-1)", "Previous stack", show=False),
        Binding("right_square_bracket", "step(1)", "Next stack", show=False),
        Binding("space", "fold", "Fold", show=False),
    ]

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._side = SIDES[0]
        self._folded: set[str] = set()

    def body(self) -> ComposeResult:
        """The tree, and what is told beside it."""
        with Container(id="halves"):
            yield self.kept(tree.COLUMNS, empty="no stack here")
            with Container(id="side"):
                yield Words(id="side-title")
                yield Lines(id="side-lines")

    def draw(self, snapshot: Snapshot) -> Iterator[None]:
        """Show the stack."""
        stack = self._stack(snapshot)
        if stack is None:
            self.table.show([])
            return
        self.table.show((yield from tree.rows.pieces(stack, snapshot.objects, snapshot.now, folded=self._folded)))
        yield
        others = len(snapshot.objects.stacks)
        more = f"   [ ]: {others} stacks" if others > 1 else ""
        whose = f"{self.target}" if self._side == "events" else f"{meta.key(stack)}"
        self.query_one("#side-title", Words).say(f"{self._side}   v: next{more}   {whose}")
        self.query_one("#side-lines", Lines).show((yield from self._told(stack, snapshot)))

    def action_turn(self) -> None:
        """Show the next of placement, conditions and events."""
        self._side = SIDES[(SIDES.index(self._side) + 1) % len(SIDES)]
        self.prism.draw()

    def action_step(self, by: int) -> None:
        """Go to the next stack, or to the one before."""
        snapshot = self.prism.snapshot
        stacks, present = snapshot.objects.stacks, self._stack(snapshot)
        if present is not None:
            keys = sorted(meta.key(stack) for stack in stacks)
            key = keys[(keys.index(meta.key(present)) + by) % len(keys)]
            self.prism.stack = meta.Ref("PrismStack", *key)
            self.prism.draw()

    def action_fold(self) -> None:
        """Hide what is below the row under the cursor, or show it again."""
        if self.table.row is not None:
            self._folded ^= {self.table.row.key}
            self.prism.draw()

    def on_table_moved(self) -> None:
        """Tell of the row under the cursor."""
        if self._side == "events":
            self.prism.draw()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Tell all about it."""
        self.action_ask("describe")

    def _stack(self, snapshot: Snapshot) -> Manifest | None:
        return tree.chosen(snapshot.objects, self.prism.stack)

    def _told(self, stack: Manifest, snapshot: Snapshot) -> Pieces[Iterable[Line]]:
        match self._side:
            case "placement":
                width = max(60, self.query_one("#side-lines", Lines).scrollable_content_region.width)
                placed = yield from placement.placement.pieces(stack, snapshot.objects)
                return (yield from placement.lines.pieces(placed, width))
            case "conditions":
                return conditions.lines(stack, snapshot.objects, snapshot.now)
        told = events.about(snapshot.events, self.target) if self.target is not None else []
        return [(line, Severity.OK) for line in events.lines(told, snapshot.now, newest_first=True, limit=EVENTS)]
