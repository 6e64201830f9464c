"""Keys that a person presses, each with what on the screen answers it: nothing that changes by itself does.

A page answers by its name being set off, a move by another name under the cursor, a letter by standing in the filter.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from bench.cells import Cells
from bench.tape import COLUMNS, LINES, Chunk
from kubectl_prism.tui.screens.page import PAGES
from kubectl_prism.tui.themes import THEMES

ASKS = "words to look for"
"""What the filter says while it is empty."""
ESC = b"\x1b[27u"
"""As terminals send it that have the protocol for which Textual asks; in others it waits 100 ms for more to come."""
BAR, FIRST = 1, 3
"""The line of the pages, and the first that may hold a row."""
FILTERED = ("overview", "namespaces")
EMPTY = ("reconciler",)
"""Pages whose table may have no rows to move in."""

_PRIMARY = THEMES[0].primary.lstrip("#")
_CURSOR = "48;2;" + ";".join(str(int(_PRIMARY[index : index + 2], 16)) for index in (0, 2, 4))

Look = Callable[[Cells], object]


@dataclass(frozen=True, slots=True)
class Key:
    """One key; `look` sees what it changes, `wanted` is what is seen then, None for anything else than before."""

    name: str
    sent: bytes
    look: Look
    wanted: object = None


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key, when it was pressed, and the milliseconds until it was answered; endless where the next came before.

    `waited` are seconds for which the dashboard had waited for a processor when it was pressed, `own` the milliseconds
    without such waits.
    """

    key: Key
    at: float
    waited: float
    took: float = math.inf
    own: float = math.inf


def page_of(cells: Cells) -> str:
    """Return the title of the page that is set off."""
    line, styles = cells.line(BAR), cells.styles[BAR]
    shown = (character for character, style in zip(line, styles, strict=True) if "7" in style.split(";")[:4])
    return "".join(shown).strip()


def row_of(cells: Cells) -> str:
    """Return the name under the cursor, without its mark."""
    for row in range(FIRST, LINES):
        if _CURSOR in cells.styles[row][0]:
            return cells.line(row)[2:].strip().split("  ")[0]
    return ""


def filter_of(cells: Cells) -> str:
    """Return the line of the filter."""
    return cells.line(LINES - 1).strip()


def round_trip() -> Iterator[Key]:
    """Yield the keys of one walk through all pages, which ends on the first: it begins there."""
    pages = [*enumerate(PAGES.items(), start=1)]
    for number, (name, title) in (*pages[1:], pages[0]):
        yield Key(f"page {name}", str(number).encode(), page_of, f"{number} {title}")
        if name not in EMPTY:
            yield from (Key(f"move on {name}", letter, row_of) for letter in (b"j", b"j", b"k"))
        if name in FILTERED:
            yield Key("filter", b"/", lambda cells: ASKS in filter_of(cells), True)
            yield Key("letter", b"0", lambda cells: filter_of(cells)[:1], "0")
            yield Key("letter", b"1", lambda cells: filter_of(cells)[:2], "01")
            yield Key("end of filter", ESC, lambda cells: filter_of(cells)[:2] == "01", False)


def answered(chunks: Sequence[Chunk], pressed: Sequence[Pressed]) -> list[Pressed]:
    """Return the keys with how long each took, by looking at the screen after every piece that was written."""
    cells, found, times = Cells(COLUMNS, LINES), [], [chunk.at for chunk in chunks]
    fed = 0
    for index, one in enumerate(pressed):
        start = bisect.bisect_right(times, one.at)
        end = bisect.bisect_right(times, pressed[index + 1].at) if index + 1 < len(pressed) else len(chunks)
        for chunk in chunks[fed:start]:
            cells.feed(chunk.data)
        before, answer = one.key.look(cells), None
        for chunk in chunks[start:end]:
            cells.feed(chunk.data)
            if answer is None and _is_answered(one.key, before, one.key.look(cells)):
                answer = chunk
        fed = end
        found.append(_with(one, answer))
    return found


def _with(one: Pressed, answer: Chunk | None) -> Pressed:
    if answer is None:
        return one
    took = (answer.at - one.at) * 1000
    return replace(one, took=took, own=max(0.0, took - (answer.waited - one.waited) * 1000))


def _is_answered(key: Key, before: object, after: object) -> bool:
    return after == key.wanted if key.wanted is not None else bool(after) and after != before
