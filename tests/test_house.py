"""The house rules that no linter holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = sorted((ROOT / "kubectl_prism").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
LONGEST_FILE = 400
BROAD = {"kubectl_prism/cli/edge.py", "kubectl_prism/reconcile/controller.py"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def is_test(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return node.name.startswith("test_")


def broad_excepts(tree: ast.AST) -> Iterator[ast.ExceptHandler]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            types = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(type is None or getattr(type, "id", "") == "Exception" for type in types):
                yield node


@pytest.mark.parametrize("path", TESTS, ids=name)
def test_every_test_states_its_fact(path: Path) -> None:
    """A test without a docstring does not say what it proves."""
    nodes = ast.walk(ast.parse(path.read_text()))
    tests = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and is_test(node)]
    assert [node.name for node in tests if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("path", TESTS, ids=name)
def test_no_test_is_skipped(path: Path) -> None:
    """A missing control plane is a failure, so nothing here may be skipped for want of something."""
    words = ("pytest.skip", "mark.skip", "mark.xfail", "importorskip")
    text = path.read_text()
    assert path == Path(__file__) or [word for word in words if word in text] == []


@pytest.mark.parametrize("path", PACKAGE, ids=name)
def test_every_file_is_small_and_says_what_lives_there(path: Path) -> None:
    """A module begins with a docstring and ends before it is a house of its own."""
    text = path.read_text()
    assert (bool(ast.get_docstring(ast.parse(text))), text.count("\n") <= LONGEST_FILE) == (True, True)


def test_broad_excepts_stand_in_two_places() -> None:
    """Only the worker's guard and the command line's edge catch whatever comes."""
    found = {name(path) for path in PACKAGE for _ in broad_excepts(ast.parse(path.read_text()))}
    assert found == BROAD
