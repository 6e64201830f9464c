"""Lines to read over a page: YAML, or all about an object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

from kubectl_prism.tui.widgets.filter import Filter
from kubectl_prism.tui.widgets.keys import Keys
from kubectl_prism.tui.widgets.lines import Lines
from kubectl_prism.view.health import Severity


class TextScreen(ModalScreen[None]):
    """Lines under a title; they can be looked through, wrapped and copied."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "Back"),
        Binding("slash", "filter", "Filter"),
        Binding("w", "wrap", "Wrap"),
        Binding("c", "copy", "Copy"),
    ]

    def __init__(self, title: str, lines: Iterable[str] = (), *, follow: bool = False, wrap: bool = False) -> None:
        super().__init__()
        self._heading = title
        self.lines = Lines([(line, Severity.OK) for line in lines], follow=follow, wrap=wrap, id="lines")
        self._filter = Filter(lambda: self.lines, "words that a line must hold; Esc ends")

    def compose(self) -> ComposeResult:
        """Title, lines, filter and keys."""
        yield Static(self._heading, id="heading", markup=False)
        yield self.lines
        yield Keys()
        yield self._filter

    def on_mount(self) -> None:
        """Begin at the top."""
        self.lines.focus()

    def action_back(self) -> None:
        """End the filter, or put the lines away."""
        if not self._filter.end():
            self.dismiss()

    def action_filter(self) -> None:
        """Ask for the words that a line must hold."""
        self._filter.open()

    def action_wrap(self) -> None:
        """Let long lines go on in the next, or end that."""
        self.lines.wrap = not self.lines.wrap

    def action_copy(self) -> None:
        """Copy every line that matches."""
        self.app.copy_to_clipboard(self.lines.text)
        self.notify(f"copied {self.lines.text.count(chr(10)) + 1} lines", markup=False)
