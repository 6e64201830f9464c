"""What all pages have in common: title, pages, banner, filter and keys, and what is done to the object they mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from kubectl_prism.model.meta import Ref
from kubectl_prism.tui.snapshot import Snapshot
from kubectl_prism.tui.widgets.keys import Keys
from kubectl_prism.tui.widgets.table import Table
from kubectl_prism.tui.widgets.title import Banner, Pages, Title
from kubectl_prism.view.table import Column

if TYPE_CHECKING:
    from kubectl_prism.tui.app import PrismApp
    from kubectl_prism.tui.widgets.filter import Filter

PAGES = {
    "overview": "Overview",
    "stack": "Stack",
    "namespaces": "Namespaces",
    "leader": "Leader",
    "backends": "Backends",
    "troubleshoot": "Troubleshoot",
    "reconciler": "Reconciler",
}
"""The pages by their names, in the order of their keys."""


class Page(Screen[None]):
    """One page of the screen; `name` is its name in PAGES."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter"),
        Binding("escape", "back", "Back", show=False),
        Binding("d", "ask('describe')", "Describe"),
        Binding("y", "ask('yaml')", "YAML"),
        Binding("l", "ask('logs')", "Logs"),
        Binding("s", "ask('scale')", "Scale", show=False),
        Binding("r", "ask('restart')", "Restart", show=False),
        Binding("p", "ask('pause')", "Pause", show=False),
        Binding("ctrl+d", "ask('delete')", "Delete", show=False),
        Binding("c", "ask('copy')", "Copy name", show=False),
    ]

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self._filter: Filter | None = None
        self._has_shown = False

    @property
    def prism(self) -> PrismApp:
        """The application, with what is its own."""
        return cast("PrismApp", self.app)

    @property
    def page(self) -> str:
        """The name of the page in PAGES."""
        return self.name or ""

    @property
    def table(self) -> Table:
        """The table that is filtered, and whose row is meant by the keys."""
        return self.query_one("#main", Table)

    @property
    def target(self) -> Ref | None:
        """The object that the keys mean."""
        row = self.table.row
        return row.ref if row is not None else None

    def compose(self) -> ComposeResult:
        """The frame, with the body between."""
        yield Title()
        yield Pages(PAGES, self.page)
        yield Banner()
        yield from self.body()
        yield Keys()

    def body(self) -> ComposeResult:
        """What is between the frame's lines."""
        raise NotImplementedError

    def show(self, snapshot: Snapshot) -> Iterator[None]:
        """Draw what the snapshot holds, in pieces; NoMatches where its parts are not there yet, or not any more."""
        self.query_one(Title).show(snapshot)
        self.query_one(Banner).show(snapshot)
        yield from self.draw(snapshot)
        self._has_shown = True

    def draw(self, snapshot: Snapshot) -> Iterator[None]:
        """Draw the body; yield between two pieces that take long together, for keys are answered there."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Begin with what is known."""
        self.table.focus()

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Show what came while another page was seen: after what was seen here last, for that is there at once.

        A page that never showed anything does so before the next key, which means something on it.
        """
        event.refresh_styles = not self._has_shown  # another theme has them all worked out anew before this
        self.call_after_refresh(self.prism.draw_soon if self._has_shown else self.prism.draw)

    def action_filter(self) -> None:
        """Ask for the words that rows must match."""
        if self._filter is None:
            from kubectl_prism.tui.widgets.filter import Filter

            self._filter = Filter(lambda: self.table, "words to look for; !word for those without; Esc ends")
            self.mount(self._filter)
        self._filter.open()

    def action_back(self) -> None:
        """End the filter, or go to the page that was seen before."""
        if self._filter is None or not self._filter.end():
            self.prism.leave()

    def action_ask(self, what: str) -> None:
        """Do something with the object that the cursor is on."""
        if (target := self.target) is not None:
            self.prism.ask(what, target)
        else:
            self.notify("no object is under the cursor", title=f"cannot {what}", severity="warning", markup=False)

    def kept(self, columns: Sequence[Column], *, empty: str) -> Table:
        """Return the page's table, as a person left it last time."""
        settings = self.prism.settings
        order, hidden = settings.sorts.get(self.page, ""), settings.hidden.get(self.page, ())
        return Table(columns, order=order, hidden=hidden, empty=empty, id="main")

    def on_table_columns_asked(self) -> None:
        """Ask which column is to be hidden, or shown again."""
        self.run_worker(self._choose_column(), group="ask")

    async def _choose_column(self) -> None:
        from kubectl_prism.tui.screens.choose import Choose

        columns = self.table.columns
        offered = {f"{'✓' if is_shown else ' '} {name}": name for name, is_shown in columns.items()}
        chosen = await self.app.push_screen_wait(Choose("Columns: Enter hides one, or shows it again", [*offered], ""))
        if chosen in offered:
            columns[offered[chosen]] ^= True
            self.prism.settings.hidden[self.page] = [name for name, is_shown in columns.items() if not is_shown]
            self.prism.settings.save()
            self.table.hide(self.prism.settings.hidden[self.page])

    def on_table_sorted(self, event: Table.Sorted) -> None:
        """Remember the order."""
        self.prism.settings.sorts[self.page] = event.order
        self.prism.settings.save()
