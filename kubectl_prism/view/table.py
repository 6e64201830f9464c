"""Tables before anybody draws them: cells, rows and columns, how they sort and which of them a person looks for. Pure.

The pages of the screen build their rows here; a cell's severity is its colour, its `order` what a column sorts by.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kubectl_prism.model.meta import Ref
from kubectl_prism.view.health import Severity


class Cell(NamedTuple):
    """One field: its text, its colour (None for no colour), and what it sorts by (None for its text)."""

    text: str
    severity: Severity | None = None
    order: float | str | None = None


class Row(NamedTuple):
    """One line: `key` is stable and unique in its table, `ref` the object that it tells of."""

    key: str
    ref: Ref | None
    cells: tuple[Cell, ...]
    severity: Severity
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One column; a `wide` one is shown where there is room, a `right` one holds numbers."""

    name: str
    wide: bool = False
    right: bool = False


BLANK = Cell("")


def sorted_rows(rows: Iterable[Row], column: int | None, descending: bool) -> list[Row]:
    """Return the rows by one column, as they come for None; what cannot be told in numbers stands last either way."""
    if column is None:
        return list(rows)

    def place(row: Row) -> tuple[bool, float, str]:
        number, text = _order(row.cells[column] if 0 <= column < len(row.cells) else BLANK)
        return (number is None) != descending, number or 0.0, text

    return sorted(rows, key=place, reverse=descending)


def matches(row: Row, words: str, columns: Sequence[Column] = ()) -> bool:
    """Tell whether a row has every one of the words, and none of those after a `!`.

    A word may stand in any cell. `name=value` asks for a tag where the row has one of that name, `status:word` for a
    word in the column of that name where `columns` has one; a name with a space in it is written with a hyphen.
    """
    return all(_has(row, word[1:], columns) != (word[0] == "!") for word in _marked(words))


def _marked(words: str) -> Iterable[str]:
    """Yield each word after one character that says whether it must not be there; a mark alone asks for nothing."""
    for word in words.casefold().split():
        marked = word if word.startswith("!") else f" {word}"
        if len(marked) > 1:
            yield marked


def _has(row: Row, word: str, columns: Sequence[Column]) -> bool:
    name, is_tag, value = word.partition("=")
    tags = [held.casefold() for tag, held in row.tags if is_tag and tag.casefold() == name]
    if tags:
        return any(value in held for held in tags)
    name, is_column, value = word.partition(":")
    if is_column:
        for index, column in enumerate(columns[: len(row.cells)]):
            if column.name.casefold().replace(" ", "-") == name:
                return value in row.cells[index].text.casefold()
    return any(word in cell.text.casefold() for cell in row.cells)


def _order(cell: Cell) -> tuple[float | None, str]:
    if isinstance(cell.order, int | float) and not math.isnan(cell.order):
        return cell.order, ""
    return None, (cell.order if isinstance(cell.order, str) else cell.text).casefold()
