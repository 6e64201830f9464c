"""A few words that are said anew with every drawing, and mostly are the same."""

from __future__ import annotations

from textual.widgets import Static


class Words(Static):
    """Plain text. Saying the same again costs nothing, and other words of the same width no new layout of the page."""

    def __init__(self, words: str = "", *, id: str | None = None) -> None:
        super().__init__(words, id=id, markup=False)
        self._said = words

    def say(self, words: str) -> None:
        """Show these words in place of those before."""
        if words != self._said:
            is_as_long, self._said = len(words) == len(self._said), words
            self.update(words, layout=not is_as_long)
