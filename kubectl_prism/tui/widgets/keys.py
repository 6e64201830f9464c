"""The last line: which keys do what here. A click presses one.

Textual's Footer makes a widget of every key anew whenever another page is seen, which costs as much as to draw that.
"""

from __future__ import annotations

from rich.markup import escape
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Static


class Keys(Static):
    """The keys that are to be shown, of what has the focus, the page and the application."""

    def __init__(self) -> None:
        super().__init__("", id="keys")
        self._said = ""
        self._words = ""

    def on_mount(self) -> None:
        """Follow what can be pressed."""
        self.screen.bindings_updated_signal.subscribe(self, self._show)

    def filtered(self, words: str) -> None:
        """Say by which words rows or lines are chosen, first of all; nothing where there are none."""
        self._words = words
        self._show(self.screen)

    def _show(self, screen: Screen[object]) -> None:
        shown: dict[str, Binding] = {}
        for one in screen.active_bindings.values():
            if one.binding.show:
                shown.setdefault(one.binding.action, one.binding)
        chosen = f"[b reverse] {escape(self._words)} [/][b $accent] esc [/]All " if self._words else ""
        said = chosen + "".join(self._key(binding) for binding in shown.values())
        if said != self._said:
            self._said = said
            self.update(said, layout=False)

    def _key(self, binding: Binding) -> str:
        words = f"[b $accent] {escape(self.app.get_key_display(binding))} [/]{escape(binding.description)} "
        return f"[@click=app.simulate_key('{binding.key}')]{words}[/]"
