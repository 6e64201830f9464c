"""How a person goes through the screen: to a row of a page, into what can be read of it, and through its questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kubectl_prism.tui.screens.page import PAGES
from tests.tui.live.terminal import Terminal

SCALE, RESTART, PAUSE, DELETE = "s", "r", "p", "C-d"
WRITES = {SCALE: "scale", RESTART: "restart", PAUSE: "pause", DELETE: "delete"}
"""The keys that may lead to a write, with what they are called."""
QUESTION = "No (n)"
READING = "w Wrap"
"""What is among the keys below lines that are read, and nowhere else."""
OPEN = "⏎ Open"
"""What is among the keys while those of a row are taken, and nothing is typed."""
WHY_NOT = "nothing is written here: --readonly"


@dataclass(frozen=True)
class Where:
    """A row of a page, found by the words of a filter; `stands` is why a key does nothing to it, empty where it asks.

    `is_read` says whether it is described and so on, too.
    """

    page: str
    filter: str
    row: str
    stands: Mapping[str, str]
    is_read: bool = False


def go(terminal: Terminal, where: Where) -> None:
    """Go to a page, and filter it so that the row is the first, with the cursor on it."""
    terminal.press(str([*PAGES].index(where.page) + 1))
    terminal.row(where.row)
    terminal.press("/")
    terminal.seen("words to look for")
    terminal.type(where.filter)
    terminal.until(lambda text: where.filter in map(_uncovered, text.splitlines()), what="what was typed")
    terminal.press("Enter")
    terminal.seen(OPEN)
    terminal.press("g")


def read(terminal: Terminal) -> None:
    """Describe the object, read it as YAML, and its logs."""
    for key, words in (("d", "Name:"), ("y", "apiVersion:"), ("l", "Logs of")):
        terminal.press(key)
        terminal.seen(words, READING)
        _back(terminal)


def answer(terminal: Terminal, where: Where, key: str, said: Literal["yes", "no"]) -> None:
    """Press a key that may write, go through what is asked, and answer the last question."""
    terminal.press(key)
    if words := where.stands[key]:
        terminal.seen(f"cannot {WRITES[key]}", words)
        return
    now = ""
    while (now := _asked(terminal, now)) != "question":
        if now == "number":
            terminal.press("7")
        terminal.press("Enter")
    terminal.press("y" if said == "yes" else "n")
    terminal.seen("Overview", without=(QUESTION,))


def refused(terminal: Terminal, key: str) -> None:
    """Press a key that may write where nothing may be written, and a yes, which means another thing then."""
    terminal.press(key)
    terminal.seen(f"cannot {WRITES[key]}", WHY_NOT)
    terminal.press("y")
    terminal.seen("apiVersion:", READING)
    _back(terminal)


def _uncovered(line: str) -> str:
    """Return what a line holds beside a note that lies over it."""
    return line.partition("▌")[0].strip()


def _back(terminal: Terminal) -> None:
    terminal.press("Escape")
    terminal.seen(OPEN, without=(READING,))


def _asked(terminal: Terminal, before: str) -> str:
    """Wait until something else is asked than before; return what."""
    terminal.until(lambda text: _stage(text) not in ("", before), what=f"what is asked after {before or 'a key'}")
    return _stage(terminal.text)


def _stage(text: str) -> str:
    for words, stage in ((QUESTION, "question"), ("Replicas of", "number"), ("│  Which", "choice")):
        if words in text:
            return stage
    return ""
