"""A terminal of characters with their styles, as far as Textual writes to one: what a person would see at a moment."""

from __future__ import annotations

import codecs
import re

_TOKEN = re.compile(
    r"\x1b\[(?P<parameters>[0-9;:?<>=!$ ]*)(?P<final>[@-~])"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[^\[\]]"
    r"|(?P<control>[\r\n])"
    r"|(?P<text>[^\x1b\r\n]+)"
)


class Cells:
    """Lines of characters, and lines of the style of each: the parameters of the SGR sequences before it."""

    def __init__(self, columns: int, lines: int) -> None:
        self.text = [[" "] * columns for _ in range(lines)]
        self.styles = [[""] * columns for _ in range(lines)]
        self._row = self._column = 0
        self._style = ""
        self._rest = ""
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def feed(self, data: bytes) -> None:
        """Take what a program wrote."""
        found = self._rest + self._decode(data)
        end = 0
        for token in _TOKEN.finditer(found):
            if token.start() != end:
                break
            end = token.end()
            self._take(token)
        self._rest = found[end:]

    def line(self, row: int) -> str:
        """Return the text of a line."""
        return "".join(self.text[row])

    def has(self, words: str) -> bool:
        """Tell whether words are on the screen."""
        return any(words in self.line(row) for row in range(len(self.text)))

    def _take(self, token: re.Match[str]) -> None:
        if (text := token["text"]) is not None:
            self._write(text)
        elif token["control"] == "\r":
            self._column = 0
        elif token["control"] == "\n":
            self._row = min(self._row + 1, len(self.text) - 1)
        elif token["final"] == "H":
            row, _, column = token["parameters"].partition(";")
            self._row, self._column = int(row or 1) - 1, int(column or 1) - 1
        elif token["final"] == "m":
            parameters = token["parameters"]
            self._style = "" if parameters in ("", "0") else f"{self._style};{parameters}"

    def _write(self, text: str) -> None:
        if not 0 <= self._row < len(self.text):
            return
        characters, styles = self.text[self._row], self.styles[self._row]
        for character in text[: max(0, len(characters) - self._column)]:
            characters[self._column], styles[self._column] = character, self._style
            self._column += 1
