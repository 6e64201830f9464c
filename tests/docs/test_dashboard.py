"""What the documentation says of the dashboard is what the dashboard does, and its pictures are there."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.dom import DOMNode

from docs import dashboard, pictures
from kubectl_prism import tui
from kubectl_prism.cli.showing import MANAGER, WATCHED
from kubectl_prism.model.finding import CODES
from kubectl_prism.model.meta import PAUSED
from kubectl_prism.model.resource import resource
from kubectl_prism.tui.screens.page import PAGES
from kubectl_prism.tui.settings import Settings, load
from kubectl_prism.tui.themes import THEMES
from kubectl_prism.view.health import Severity
from kubectl_prism.view.table import Cell, Column, Row, matches

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs/reference/dashboard.md").read_text()
HOW_TO = (ROOT / "docs/how-to/watch-with-the-dashboard.md").read_text()
FOLDER = ROOT / "docs/pictures"
DRAWN = sorted(FOLDER.glob("*.svg"))


def parts() -> Iterator[type[DOMNode]]:
    """Yield every part of the dashboard that has keys of its own."""
    for module in pkgutil.walk_packages(tui.__path__, f"{tui.__name__}."):
        for _, found in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if found.__module__ == module.name and issubclass(found, DOMNode) and "BINDINGS" in vars(found):
                yield found


def sections() -> list[list[tuple[str, str]]]:
    """Return the rows of every table of keys, as keys and name."""
    text = REFERENCE.partition("## Keys")[2].partition("\n## ")[0]
    return [re.findall(r"^\| (`.*?) \| (.*?) \|", section, re.MULTILINE) for section in text.split("###")[1:]]


@pytest.mark.parametrize("part", [*parts()], ids=lambda part: part.__name__)
def test_every_key_stands_in_the_reference(part: type[DOMNode]) -> None:
    """Some table of keys holds just the keys of this part, by the names that the palette of keys shows."""
    bound = [binding for binding in part.BINDINGS if isinstance(binding, Binding)]
    assert [(dashboard.keys(binding), binding.description) for binding in bound] in sections()


def test_no_table_of_keys_is_of_something_else() -> None:
    """There are as many tables of keys as parts with keys."""
    assert len(sections()) == len([*parts()])


def test_every_finding_has_its_row() -> None:
    """The reference of findings names each code, what it means, and a page that exists."""
    text = (ROOT / "docs/reference/findings.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| \[.*?\]\((.*?)\) \|$", text, re.MULTILINE)
    told = [(code, meant.title, f"../troubleshooting/{meant.page}") for code, meant in CODES.items()]
    assert rows == told
    assert [page for _, _, page in rows if not (ROOT / "docs/reference" / page).is_file()] == []


def test_every_setting_is_told_and_its_example_is_read(tmp_path: Path) -> None:
    """A settings file of the examples is taken as it stands."""
    path = tmp_path / "tui.json"
    fields = ", ".join(f'"{name}": {example}' for name, (_, example) in dashboard.SETTINGS.items())
    path.write_text(f"{{{fields}}}")
    assert load(path) == Settings(path, "prism-light", {"namespaces": "-RATE"}, {"overview": ["TREND"]}, ["production"])
    assert [name for name in dashboard.SETTINGS if f"| `{name}` |" not in REFERENCE] == []


def test_the_example_of_a_context_that_is_only_looked_at_is_read(tmp_path: Path) -> None:
    """What the how-to writes into the file makes that context read-only."""
    block = re.search(r"```json\n(.*?)```", HOW_TO, re.DOTALL)
    assert block is not None
    path = tmp_path / "tui.json"
    path.write_text(block[1])
    assert load(path).readonly == ["production"]


def test_every_theme_is_named() -> None:
    """Reference and how-to name each theme that comes with the dashboard."""
    assert [theme.name for theme in THEMES if f"`{theme.name}`" not in REFERENCE or theme.name not in HOW_TO] == []


def test_every_kind_that_is_watched_is_a_right_that_is_told() -> None:
    """What the pages are said to read, taken together, is what the dashboard lists and watches."""
    told = {kind for kinds in dashboard.READS.values() for kind in kinds}
    assert told == {_named(kind) for kind in WATCHED}
    assert [*dashboard.READS] == [*PAGES]


def test_what_is_written_is_told() -> None:
    """The field manager of the dashboard and the annotation of what is paused stand where people look for them."""
    assert MANAGER in REFERENCE
    assert MANAGER in HOW_TO
    assert PAUSED in HOW_TO
    assert PAUSED in (ROOT / "docs/reference/labels-and-names.md").read_text()


@pytest.mark.parametrize(
    ("words", "is_shown"),
    [
        ("acme", True),
        ("!acme", False),
        ("team=pay", True),
        ("ttl-left:d", True),
        ("ttl-left:h", False),
        ("!ttl-left:h !beta ACME", True),
    ],
)
def test_the_filter_is_as_it_is_told(words: str, is_shown: bool) -> None:
    """Words, what they may not be, tags and columns choose rows as the reference says."""
    row = Row("acme", None, (Cell("acme"), Cell("29d")), Severity.OK, (("team", "payments"),))
    assert matches(row, words, (Column("NAME"), Column("TTL LEFT"))) is is_shown


def test_every_page_has_its_pictures() -> None:
    """Each page is drawn in each size and theme, and nothing is left over from another time."""
    names = {f"{page}-{size}-{theme}" for page in PAGES for size in pictures.SIZES for theme in pictures.THEMES}
    names |= {f"{shot.name}-{shot.size}-{theme}" for shot in pictures.SHOTS for theme in pictures.THEMES}
    names |= {f"overview-{[*pictures.SIZES][-1]}-{theme}" for theme in pictures.MORE_THEMES}
    assert {path.stem for path in DRAWN} == names


@pytest.mark.parametrize("path", DRAWN, ids=lambda path: path.stem)
def test_a_picture_fetches_nothing(path: Path) -> None:
    """A picture names no address but that of its own language, is small, and has no number of its own in its names."""
    text = path.read_text()
    assert re.findall(r"\w+://[^\s\"')]+", text.replace('xmlns="http://www.w3.org/2000/svg"', "")) == []
    assert re.findall(r"@font-face|@import|<image|<script|href=|terminal-\d", text) == []
    assert len(text) < 60_000


def test_the_same_screen_gives_the_same_picture() -> None:
    """What Textual numbers by chance is not in a picture, and its window has the colours of the theme."""
    one, other = (
        f"""<svg xmlns="http://www.w3.org/2000/svg">
        <!-- Generated with Rich https://www.textualize.io -->
        <style> @font-face {{ src: url("https://cdn/x.woff2") }} .terminal-{number}-r1 {{ fill: #c5c8c6 }} </style>
        <clipPath id="terminal-{number}-line-0"> <rect x="0"/> </clipPath>
        <rect fill="#292929" stroke="rgba(255,255,255,0.35)"/>
        <text class="terminal-{number}-title" fill="#c5c8c6">x</text>
        <text class="terminal-{number}-r1" clip-path="url(#terminal-{number}-line-0)">y</text></svg>"""
        for number in (12, 345)
    )
    drawn = pictures.slim(one, background="#ffffff", foreground="#000000")
    assert drawn == pictures.slim(other, background="#ffffff", foreground="#000000")
    assert '<rect fill="#ffffff" stroke="#8888"/>' in drawn
    assert '<text class="t-title" fill="#000000">x</text>' in drawn
    assert '<text class="t-r1">y</text>' in drawn
    assert "//cdn" not in drawn


def _named(kind: str) -> str:
    """Return a kind as the reference names it: ours and those of the core by their plural alone."""
    found = resource(kind)
    return found.plural if kind.startswith("Prism") or "." not in found.full_name else found.full_name
