"""Lines to read over a page: YAML, or all about an object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input, Static

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

    def compose(self) -> ComposeResult:
        """Title, lines, filter and keys."""
        yield Static(self._heading, id="heading", markup=False)
        yield self.lines
        yield Input(placeholder="words that a line must hold; Esc ends", id="filter")
        yield Keys()

    def on_mount(self) -> None:
        """Begin at the top."""
        self._words.display = False
        self.lines.focus()

    @property
    def _words(self) -> Input:
        return self.query_one("#filter", Input)

    def action_back(self) -> None:
        """End the filter, or put the lines away."""
        if self._words.display:
            self._words.value = ""
            self._words.display = False
            self.lines.focus()
        else:
            self.dismiss()

    def action_filter(self) -> None:
        """Ask for the words that a line must hold."""
        self._words.display = True
        self._words.focus()

    def action_wrap(self) -> None:
        """Let long lines go on in the next, or end that."""
        self.lines.wrap = not self.lines.wrap

    def action_copy(self) -> None:
        """Copy every line that matches."""
        self.app.copy_to_clipboard(self.lines.text)
        self.notify(f"copied {self.lines.text.count(chr(10)) + 1} lines", markup=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while the words are typed."""
        self.lines.filter = event.value

    def on_input_submitted(self) -> None:
        """Keep the filter, and read on."""
        self._words.display = bool(self._words.value)
        self.lines.focus()
