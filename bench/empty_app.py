"""The least that Textual can be asked for: one line of text. What our first frame is compared with."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Static

WORDS = "1 Overview"


class EmptyApp(App[None]):
    """One Static."""

    def compose(self) -> ComposeResult:
        """Yield it."""
        yield Static(WORDS)


if __name__ == "__main__":
    EmptyApp().run()
