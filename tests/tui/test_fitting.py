"""What a table leaves out where there is no room for everything."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from textual.app import App, ComposeResult

from kubectl_prism.tui.widgets.table import Table
from kubectl_prism.view.bar import bar
from kubectl_prism.view.health import Severity
from kubectl_prism.view.table import Cell, Column, Row

COLUMNS = (Column("NAME"), Column("USED"), Column("ZONE", wide=True))


class Shown(App[None]):
    """A table alone."""

    def __init__(self, columns: Sequence[Column], *rows: Sequence[str]) -> None:
        super().__init__()
        self._columns = columns
        self._rows = [Row(cells[0], None, tuple(map(Cell, cells)), Severity.OK) for cells in rows]

    def compose(self) -> ComposeResult:
        yield Table(self._columns)

    def on_mount(self) -> None:
        self.query_one(Table).show(self._rows)


async def lines(width: int, columns: Sequence[Column], *rows: Sequence[str]) -> list[str]:
    """Return what a table of this width shows below its head."""
    app = Shown(columns, *rows)
    async with app.run_test(size=(width, 6)) as pilot:
        await pilot.pause()
        table = app.query_one(Table)
        return [table.render_line(y).text.rstrip() for y in range(1, len(rows) + 1)]


async def test_rows_that_change_places_are_painted_where_they_are() -> None:
    """Also those between, where the row under the cursor goes from the last place to the first."""
    app = Shown(COLUMNS, ("a", "1", "x"), ("b", "2", "x"), ("c", "3", "x"))
    async with app.run_test(size=(40, 6)) as pilot:
        table = app.query_one(Table)
        table.focus()
        await pilot.press("G")
        rows = [Row(name, None, (Cell(name), Cell("1"), Cell("x")), Severity.OK) for name in "cab"]
        table.show(rows)
        await pilot.pause()
        assert table.cursor == 0
        painted = [strip.text.split() for strip in app.screen._compositor.render_strips()]  # what is on the screen
        assert [line[1] for line in painted[1:4]] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (60, f"● shop/cart  3/4 {bar(0.75)}  us-east-1a"),
        (30, f"● shop/cart  3/4 {bar(0.75)}"),
        (22, "● shop/cart  3/4"),
        (16, "● …/cart  3/4"),
    ],
)
async def test_lesser_columns_give_first_then_bars_then_names(width: int, line: str) -> None:
    """A number stays whole for longer than the bar that draws it, and a name for longer than either."""
    (found,) = await lines(width, COLUMNS, ("shop/cart", f"3/4 {bar(0.75)}", "us-east-1a"))
    assert found == line


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("prism-system/prism-production-proxy", "● …roduction-proxy"),
        ("Pod prism-system/kv-6cf55897f5-6tj5j", "● Pod …897f5-6tj5j"),
        ("prism-production-proxy-6cf55897f5-6tj5j", "● prism-pr…5-6tj5j"),
        ("no node fits: 72 of 130 do not match", "● no node fits: 7…"),
        ("CreateContainerConfigError", "● CreateContainer…"),
    ],
)
async def test_a_name_keeps_what_tells_it_from_others(text: str, cut: str) -> None:
    """Of an object in a namespace that is its end, of a long name both ends; prose and reasons keep their beginning."""
    (found,) = await lines(20, (Column("NAME"),), (text,))
    assert found == cut


async def test_marks_stand_below_each_other() -> None:
    """A mark keeps its place where numbers stand to the right."""
    found = await lines(30, (Column("AGE", right=True), Column("WHAT")), ("9m29s", "old"), ("7s", "new"))
    assert found == ["● 9m29s  old", "●    7s  new"]
