"""Many lines of text, of which only those are drawn that are seen: logs, YAML, what describes an object.

Lines may be filtered and wrapped; at its end it follows what comes, until a person scrolls up or pauses it.
"""

from __future__ import annotations

import textwrap
from collections import deque
from collections.abc import Iterable
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kubectl_prism.tui.widgets.marks import CLASSES
from kubectl_prism.view.health import Severity

KEPT = 10_000
"""The lines that are kept; the oldest go first."""

Line = tuple[str, Severity]


class Lines(ScrollView, can_focus=True):
    """Lines, each with how bad it is."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*CLASSES.values()}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up", show=False),
        Binding("down,j", "scroll_down", "Down", show=False),
        Binding("pageup,ctrl+b", "page_up", "Page up", show=False),
        Binding("pagedown,ctrl+f,space", "page_down", "Page down", show=False),
        Binding("home,g", "scroll_home", "First", show=False),
        Binding("end,G", "scroll_end", "Last", show=False),
    ]

    def __init__(
        self, lines: Iterable[Line] = (), *, follow: bool = False, wrap: bool = False, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._all: deque[Line] = deque(lines, maxlen=KEPT)
        self._drawn: list[Line] = []
        self._filter = ""
        self._wrap = wrap
        self._follow = follow

    @property
    def text(self) -> str:
        """Everything that is kept and matches, to be copied or saved."""
        return "\n".join(text for text, _ in self._chosen())

    @property
    def filter(self) -> str:
        """What a line must hold to be shown."""
        return self._filter

    @filter.setter
    def filter(self, words: str) -> None:
        self._filter = words
        self._draw()

    @property
    def wrap(self) -> bool:
        """Whether long lines go on in the next."""
        return self._wrap

    @wrap.setter
    def wrap(self, wraps: bool) -> None:
        self._wrap = wraps
        self._draw()

    def show(self, lines: Iterable[Line]) -> None:
        """Show these lines in place of those before."""
        found = deque(lines, maxlen=KEPT)
        if found != self._all:
            self._all = found
            self._draw()

    def add(self, lines: Iterable[Line]) -> None:
        """Show these lines after those before."""
        self._all.extend(lines)
        self._draw()

    def on_resize(self) -> None:
        """Wrap anew."""
        self._draw()

    def render_line(self, y: int) -> Strip:
        """Return one line."""
        x, top = self.scroll_offset
        index, width, base = top + y, self.scrollable_content_region.width, self.visual_style.rich_style
        if index >= len(self._drawn):
            return Strip.blank(width, base)
        text, severity = self._drawn[index]
        style = (
            base if severity is Severity.OK else base + self.get_component_rich_style(CLASSES[severity], partial=True)
        )
        return Strip([Segment(text, style)]).crop_extend(x, x + width, base)

    def _chosen(self) -> Iterable[Line]:
        words = self._filter.casefold().split()
        return (line for line in self._all if all(word in line[0].casefold() for word in words)) if words else self._all

    def _draw(self) -> None:
        width = max(1, self.scrollable_content_region.width)
        self._drawn = [piece for line in self._chosen() for piece in (_wrapped(line, width) if self._wrap else [line])]
        longest = width if self._wrap else max((len(text) for text, _ in self._drawn), default=0)
        is_at_end = self.is_vertical_scroll_end
        self.virtual_size = Size(longest, len(self._drawn))
        self.refresh()
        if self._follow and is_at_end:
            self.scroll_end(animate=False)


def _wrapped(line: Line, width: int) -> list[Line]:
    """Break a line that is too long between words, the rest as far in as its beginning."""
    text, severity = line
    if len(text) <= width:
        return [line]
    indent = " " * min(len(text) - len(text.lstrip()), width // 2)
    pieces = textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False)
    return [(piece, severity) for piece in pieces]
