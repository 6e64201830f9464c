"""Words that rows or lines must hold to be shown: typed over the last line, kept there among the keys.

Nothing else on the screen moves when it comes and goes, so that it costs no more than its own line.
"""

from __future__ import annotations

from collections.abc import Callable

from textual.widgets import Input

from kubectl_prism.tui.widgets.keys import Keys
from kubectl_prism.tui.widgets.lines import Lines
from kubectl_prism.tui.widgets.table import Table


class Filter(Input):
    """The filter of the Table or the Lines that `find` finds on the same screen."""

    def __init__(self, find: Callable[[], Table | Lines], words: str) -> None:
        super().__init__(placeholder=words, id="filter")
        self.display = False
        self._find = find

    def open(self) -> None:
        """Ask for words."""
        self.display = True
        self.focus()

    def end(self) -> bool:
        """Show everything again; False where that is so already."""
        is_used = self.display or bool(self.value)
        self.value = ""
        self._close()
        return is_used

    def on_input_changed(self) -> None:
        """Filter while the words are typed."""
        self._find().filter = self.value

    def on_input_submitted(self) -> None:
        """Keep the filter, and go on in what it filters."""
        self._close()

    def _close(self) -> None:
        self.display = False
        self.screen.query_one(Keys).filtered(self.value)
        self._find().focus()
