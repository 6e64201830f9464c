"""A table that draws only the rows that are seen: ten thousand cost no more than fifty.

Textual's DataTable measures every cell it is given, 0.7 s for a thousand rows, which a screen that follows a cluster
cannot pay ten times a second. Rows come as `view` makes them; filter and order are a person's, and the row under the
cursor stays under it whatever happens around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kubectl_prism.tui.widgets.marks import CLASSES, MARKS
from kubectl_prism.view.bar import without_bar
from kubectl_prism.view.health import Severity
from kubectl_prism.view.table import BLANK, Cell, Column, Row, matches, sorted_rows

GAP = 2
"""Spaces between two columns."""
MARK = 2
"""Characters of the mark before the first column."""
LEGIBLE = 36
"""The characters that a long column needs to say something: a `wide` one is left out before others have fewer."""
TELLING = 8
"""The fewest characters of a name that is cut in its middle."""
PAINTED = 200
"""The lines that are kept as they were painted: what is the same again costs nothing."""
NARROWEST = 4
"""The fewest characters of a column that is cut so that all fit."""


class Table(ScrollView, can_focus=True):
    """Rows with a cursor; `filter` and `sort` choose which are shown, and in which order."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--header", "table--cursor", "table--focused", *CLASSES.values()}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False),
        Binding("home,g", "end(-1)", "First", show=False),
        Binding("end,G", "end(1)", "Last", show=False),
        Binding("enter", "choose", "Open"),
        Binding("o", "sort", "Sort", show=False),
        Binding("O", "reverse", "Reverse", show=False),
        Binding("h", "hide", "Hide column", show=False),
    ]

    cursor: reactive[int] = reactive(0, repaint=False)

    class Moved(Message):
        """The cursor is on another row, or on none."""

        def __init__(self, table: Table, row: Row | None) -> None:
            super().__init__()
            self.table = table
            self.row = row

        @property
        def control(self) -> Table:
            """The table."""
            return self.table

    class Chosen(Moved):
        """A person opens a row."""

    class Sorted(Message):
        """A person chose another order: `order` is a column's name, with a minus for the greatest first, or empty."""

        def __init__(self, order: str) -> None:
            super().__init__()
            self.order = order

    class ColumnsAsked(Message):
        """A person wants to choose which columns are shown."""

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        order: str = "",
        hidden: Sequence[str] = (),
        empty: str = "",
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._order = order
        self._hidden = frozenset(hidden)
        self._empty = empty
        self._filter = ""
        self._all: Sequence[Row] = ()
        self._has_shown = False
        self._rows: Sequence[Row] = ()
        self._shown: tuple[int, ...] = ()
        self._widths: tuple[int, ...] = ()
        self._has_bars = True
        self._painted: LRUCache[tuple[object, ...], Strip] = LRUCache(PAINTED)
        self._longest: dict[tuple[int, bool], int] = {}

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    @property
    def filter(self) -> str:
        """The words that rows must match to be shown."""
        return self._filter

    @filter.setter
    def filter(self, words: str) -> None:
        self._filter = words
        self._arrange()

    @property
    def columns(self) -> dict[str, bool]:
        """The columns but for the first, which is always shown, and whether a person lets them be shown."""
        return {column.name: column.name not in self._hidden for column in self._columns[1:]}

    def hide(self, names: Iterable[str]) -> None:
        """Show every column but these."""
        self._hidden = frozenset(names)
        self._arrange()

    def show(self, rows: Sequence[Row], *, empty: str | None = None) -> None:
        """Show these rows in place of those before; `empty` is what is said where there are none."""
        if empty not in (None, self._empty) or not self._has_shown:
            self._empty = self._empty if empty is None else empty
            self.refresh()
        self._all, self._has_shown = rows, True
        self._longest.clear()
        self._arrange()

    def go_to(self, key: str) -> None:
        """Put the cursor on the row of this key, if it is shown."""
        found = next((index for index, row in enumerate(self._rows) if row.key == key), None)
        if found is not None:
            self.cursor = found

    def action_move(self, by: int) -> None:
        """Move the cursor by so many rows."""
        self._go(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by so many screens."""
        self._go(self.cursor + by * max(1, self.size.height - 2))

    def action_end(self, which: int) -> None:
        """Move the cursor to the first row, or to the last."""
        self._go(0 if which < 0 else len(self._rows) - 1)

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self.row is not None:
            self.post_message(self.Chosen(self, self.row))

    def action_sort(self) -> None:
        """Sort by the next column; after the last one, as they come."""
        names = ["", *(column.name for column in self._columns)]
        now = self._order.removeprefix("-")
        self._sort(names[(names.index(now) + 1) % len(names)] if now in names else "")

    def action_hide(self) -> None:
        """Choose which columns are shown."""
        self.post_message(self.ColumnsAsked())

    def action_reverse(self) -> None:
        """Turn the order round."""
        if self._order:
            self._sort(self._order[1:] if self._order.startswith("-") else f"-{self._order}")

    def watch_cursor(self, before: int, now: int) -> None:
        """Keep the row under the cursor in sight, and tell which it is; only the two rows are painted anew."""
        height = self.size.height - 1
        if height > 0:
            self.scroll_to_region(Region(0, now, 1, 2), animate=False, force=True)
        self.refresh_line(before + 1)
        self.refresh_line(now + 1)
        self.post_message(self.Moved(self, self.row))

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Work out no styles anew, as other widgets do: only the row under the cursor looks otherwise."""

    def on_resize(self) -> None:
        """Fit the columns to the new width."""
        self._measure()

    def on_click(self, event: events.Click) -> None:
        """Sort by the column whose head is clicked, or go to a row; a second click opens it."""
        if event.y == 0:
            if (name := self._column_at(event.x)) is not None:
                self._sort(f"-{name}" if self._order == name else name)
            return
        index = self.scroll_offset.y + event.y - 1
        if index >= len(self._rows):
            return
        if event.chain > 1:
            self.action_choose()
        else:
            self._go(index)

    def render_line(self, y: int) -> Strip:
        """Return one line: the head, a row, or what is said where there is none."""
        width = self.scrollable_content_region.width
        if y == 0:
            cells = [self._heading(index) for index in self._shown]
            style = self.get_component_rich_style("table--header")
            return self._strip(cells, [style] * len(cells), style, width)
        index = self.scroll_offset.y + y - 1
        base = self.visual_style.rich_style
        if index >= len(self._rows):
            words = f" {self._empty}" if self._has_shown and not self._rows and y == 2 else ""
            return Strip([Segment(words[:width].ljust(width), base)], width)
        row, is_current = self._rows[index], index == self.cursor
        how = (is_current, is_current and self.has_focus, self._shown, self._widths, self._has_bars, width)
        key = (_face(row), how, base, self.app.theme)
        if (strip := self._painted.get(key)) is None:
            strip = self._painted[key] = self._row(row, base, width, is_current=is_current)
        return strip

    def _row(self, row: Row, base: Style, width: int, *, is_current: bool) -> Strip:
        if is_current:
            base += self.get_component_rich_style("table--focused" if self.has_focus else "table--cursor", partial=True)
        cells = [row.cells[index] if index < len(row.cells) else BLANK for index in self._shown]
        first, *others = cells
        told = first.text.rjust(self._widths[0] - MARK) if self._columns[0].right else first.text
        marked = first._replace(text=f"{MARKS[row.severity]} {told}", severity=row.severity)
        painted = [marked, *others]
        is_plain = is_current and self.has_focus
        styles = [base if is_plain else self._colour(cell.severity, base) for cell in painted]
        return self._strip([self._text(cell) for cell in painted], styles, base, width)

    def _text(self, cell: Cell) -> str:
        return cell.text if self._has_bars else without_bar(cell.text)

    def _colour(self, severity: Severity | None, base: Style) -> Style:
        if severity is None:
            return base
        return base + self.get_component_rich_style(CLASSES[severity], partial=True)

    def _strip(self, texts: Sequence[str], styles: Sequence[Style], base: Style, width: int) -> Strip:
        segments = []
        for text, style, index, wide in zip(texts, styles, self._shown, self._widths, strict=True):
            cut = text if len(text) <= wide else _cut(text, wide)
            segments += [Segment(cut.rjust(wide) if self._columns[index].right else cut.ljust(wide), style)]
            segments += [Segment(" " * GAP, base)]
        return Strip(segments).adjust_cell_length(width, base)

    def _heading(self, index: int) -> str:
        name = self._columns[index].name
        arrow = {name: " ↑", f"-{name}": " ↓"}.get(self._order, "")
        return " " * (MARK if index == 0 else 0) + name + arrow

    def _go(self, index: int) -> None:
        self.cursor = max(0, min(index, len(self._rows) - 1))

    def _sort(self, order: str) -> None:
        self._order = order
        self._arrange()
        self.refresh()
        self.post_message(self.Sorted(order))

    def _arrange(self) -> None:
        """Choose and order the rows, with the cursor on the same one as before."""
        before, seen = self.row.key if self.row is not None else None, self._seen()
        name = self._order.removeprefix("-")
        column = next((index for index, one in enumerate(self._columns) if one.name == name), None)
        rows = (
            [row for row in self._all if matches(row, self._filter, self._columns)] if self._filter else list(self._all)
        )
        self._rows = sorted_rows(rows, column, self._order.startswith("-"))
        self._measure()
        found = next((index for index, row in enumerate(self._rows) if row.key == before), self.cursor)
        index = max(0, min(found, len(self._rows) - 1))
        if index == self.cursor and (self.row.key if self.row is not None else None) != before:
            self.post_message(self.Moved(self, self.row))
        self.cursor = index
        self._refresh_from(seen)

    def _seen(self) -> list[object]:
        """Return what each line shows, the head first."""
        top, width = self.scroll_offset.y, self.size.width
        shown = self._rows[top : top + max(0, self.size.height - 1)]
        return [(self._shown, self._widths, self._has_bars, width), *map(_face, shown)]

    def _refresh_from(self, before: list[object]) -> None:
        """Have those lines painted anew that show something else than before; all, where the columns differ."""
        now = self._seen()
        if now[0] != before[0] or len(now) != len(before):
            self.refresh()
            return
        lines = [line for line, (old, new) in enumerate(zip(before, now, strict=True)) if old != new]
        if lines:
            self.refresh(*(Region(0, line, self.size.width, 1) for line in lines))

    def _measure(self) -> None:
        """Choose the columns that are shown and make them as wide as what is in them, or as fits; bars give first."""
        room = self.scrollable_content_region.width
        self._has_bars = True
        wanted = [index for index, column in enumerate(self._columns) if not index or column.name not in self._hidden]
        widths = {index: self._width(index) for index in wanted}
        spare = [index for index in wanted if self._columns[index].wide]
        while spare and not _is_legible(widths.values(), room):
            del widths[spare.pop()]
        if not _is_legible(widths.values(), room):
            self._has_bars = False
            widths = {index: self._width(index) for index in widths}
        self._shown = tuple(widths)
        self._widths = _fitted([*widths.values()], room)
        self.virtual_size = Size(room, len(self._rows) + 1)

    def _width(self, index: int) -> int:
        """Return how wide a column is to be: for all rows, whichever a filter chooses, so that none moves under it."""
        key = index, self._has_bars
        if key not in self._longest:
            texts = (self._text(row.cells[index]) for row in self._all if index < len(row.cells))
            self._longest[key] = max(map(len, texts), default=0)
        return max(self._longest[key] + (MARK if index == 0 else 0), len(self._heading(index)))

    def _column_at(self, x: int) -> str | None:
        start = 0
        for index, width in zip(self._shown, self._widths, strict=True):
            if start <= x < start + width + GAP:
                return self._columns[index].name
            start += width + GAP
        return None


def _face(row: Row) -> tuple[object, ...]:
    """Return what of a row is to be seen: an age that sorts otherwise may read the same."""
    return row.severity, *((cell.text, cell.severity) for cell in row.cells)


def _is_legible(widths: Iterable[int], room: int) -> bool:
    """Tell whether columns of these widths say something side by side."""
    return sum(min(width, LEGIBLE) + GAP for width in widths) <= room


def _cut(text: str, width: int) -> str:
    """Return as much of a text as fits: of an object at its end what tells it from others.

    That is the end where a namespace stands before it, and both ends of any other name with hyphens in it.
    """
    over = len(text) - width + 1
    before, name = text[: text.rfind(" ") + 1], text[text.rfind(" ") + 1 :]
    kept = len(name) - over
    if "/" in name and kept > 0:
        return f"{before}…{name[over:]}"
    if "-" in name and kept >= TELLING:
        return f"{before}{name[: kept - kept // 2]}…{name[-(kept // 2) :]}"
    return f"{text[: max(0, width - 1)]}…"


def _fitted(widths: Sequence[int], room: int) -> tuple[int, ...]:
    """Return widths that fit into `room` together: the widest columns give first."""
    found = list(widths)
    spare = room - GAP * len(found)
    while found and sum(found) > spare and max(found) > NARROWEST:
        widest = max(found)
        which = [index for index, width in enumerate(found) if width == widest]
        below = max((width for width in found if width < widest), default=NARROWEST)
        share = -(-(sum(found) - spare) // len(which))
        for index in which:
            found[index] = max(NARROWEST, below, widest - share)
    return tuple(found)
