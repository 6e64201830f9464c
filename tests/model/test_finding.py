"""The table of codes is what people look up: each is there once, and leads to a page that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from kubectl_prism.model import finding
from kubectl_prism.model.finding import CODES, Finding, Link
from kubectl_prism.model.meta import Ref

ROOT = Path(__file__).parents[2]
REF = Ref("PrismStack", "shop", "demo")


def test_each_code_stands_once_in_the_table() -> None:
    """A code that stood twice would mean two things; Python keeps only the last one."""
    tree = ast.parse(Path(finding.__file__).read_text())
    keys = [
        key.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    ]
    assert sorted(keys) == sorted(set(keys)) == sorted(CODES)
    assert [code for code in CODES if not re.fullmatch(r"PRISM\d{3}", code)] == []


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_a_page_and_one_line(code: str) -> None:
    """The page is there to be read, and the title is a sentence without its full stop."""
    found = Finding(
        code=code, severity=3, ref=REF, title="", chain=(Link(REF, "is not Ready"),), evidence=(), command="kubectl"
    )
    assert (ROOT / found.docs).is_file()
    assert re.fullmatch(r"[A-Z][^\n]{8,80}[^.\n]", CODES[code].title)


def test_a_link_reads_as_a_line() -> None:
    """The object, then what is the matter with it."""
    assert str(Link(REF, "is not Ready")) == "PrismStack shop/demo: is not Ready"
