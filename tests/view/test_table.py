"""A table sorts whatever stands in it and shows what a person looks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_prism.view.health import Severity
from kubectl_prism.view.table import Cell, Column, Row, matches, sorted_rows

COLUMNS = (Column("NAME"), Column("STATUS"), Column("WAITS FOR", wide=True))


def row(*cells: Cell | str, tags: tuple[tuple[str, str], ...] = ()) -> Row:
    made = tuple(Cell(cell) if isinstance(cell, str) else cell for cell in cells)
    return Row(made[0].text, None, made, Severity.OK, tags)


CELLS = st.builds(Cell, st.text("aB1", max_size=2), order=st.none() | st.floats() | st.text("aB", max_size=2))


@pytest.mark.parametrize(
    ("descending", "names"),
    [(False, ["9m", "10m", "2h", "<none>", "a", "B"]), (True, ["2h", "10m", "9m", "B", "a", "<none>"])],
)
def test_numbers_sort_as_numbers_and_words_after_them(descending: bool, names: list[str]) -> None:
    """Either way round, what cannot be told in numbers is last."""
    cells = [
        *(Cell("B"), Cell("2h", order=7200.0), Cell("<none>")),
        *(Cell("10m", order=600.0), Cell("a"), Cell("9m", order=540)),
    ]
    assert [one.key for one in sorted_rows([row(cell) for cell in cells], 0, descending)] == names


@pytest.mark.parametrize("descending", [False, True])
def test_equal_rows_keep_their_order(descending: bool) -> None:
    """A column that says the same of all leaves them as they came; so does no column, and one that no row has."""
    rows = [row(name, "same") for name in "bca"]
    assert [sorted_rows(rows, column, descending) for column in (None, 1, 7, -1)] == [rows] * 4


@given(st.lists(st.lists(CELLS, min_size=1, max_size=2).map(lambda cells: row(*cells))), st.booleans())
def test_whatever_stands_in_a_column_sorts(rows: list[Row], descending: bool) -> None:
    """Numbers, words, nothing and what is no number at all stand beside each other."""
    assert sorted(map(id, sorted_rows(rows, 1, descending))) == sorted(map(id, rows))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", True),
        ("  ", True),
        ("demo", True),
        ("DEMO pattern", True),
        ("demo nothing", False),
        ("!nothing", True),
        ("!demo", False),
        ("!", True),
        ("status:ready", True),
        ("status:demo", False),
        ("!status:ready", False),
        ("waits-for:kv", True),
        ("team=pay", True),
        ("TEAM=payments", True),
        ("team=search", False),
        ("!team=search", True),
        ("other=pay", False),
        ("image:x", False),
    ],
)
def test_a_row_is_found_by_words_tags_and_columns(words: str, found: bool) -> None:
    """Every word must occur, one after a `!` must not; a tag and a column are asked by their names."""
    one = row("shop/demo", "Ready", "pattern kv", tags=(("team", "Payments"),))
    assert matches(one, words, COLUMNS) is found


def test_names_that_nobody_has_are_words() -> None:
    """`x/y:1` and `a=b` are looked for as they are where no column and no tag is called so."""
    assert matches(row("image x/y:1"), "x/y:1", COLUMNS)
    assert matches(row("selector a=b"), "a=b")
