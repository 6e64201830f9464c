"""Every command has help: what it does, examples, and where the other flags are; plain text, whatever the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kubectl_prism.cli.commands import VERBS, tree
from tests.cli.terminal import prism


def paths(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:  # noqa: ANN401 (typer's tree)
    """Yield the words of every command in the tree."""
    yield words
    for name, child in getattr(command, "commands", {}).items():
        yield from paths(child, (*words, name))


EVERY = list(paths(tree()))


def test_every_verb_is_in_the_tree_in_its_order() -> None:
    """The list of verbs and the tree of commands are the same."""
    assert set(VERBS) == {words[0] for words in EVERY if words}


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_command_has_help(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Usage says `kubectl prism`, there is a description, there are examples that begin with it, nothing is boxed."""
    done = prism(tmp_path, *words, "--help", more={"FORCE_COLOR": "1"})
    assert (done.returncode, done.stderr) == (0, "")
    text = done.stdout
    assert text.startswith(" ".join(["Usage: kubectl prism", *words]))
    assert "Examples:" in text
    examples = text.partition("Examples:")[2]
    assert "kubectl prism" in examples
    assert "    # " in examples
    assert text.rstrip().endswith("`kubectl prism options` lists the flags that every command takes.")
    assert not set(text) & set("─│╭╮╰╯\x1b")
    assert "Traceback" not in text


def test_every_verbs_summary_fits_its_line(tmp_path: Path) -> None:
    """No summary in the list of commands is cut off."""
    listed = prism(tmp_path, "--help").stdout.partition("Commands:")[2].partition("Examples:")[0]
    assert [line for line in listed.splitlines() if line.rstrip().endswith("...")] == []


def test_options_lists_kubectls_flags(tmp_path: Path) -> None:
    """What every help points to is there."""
    done = prism(tmp_path, "options")
    assert done.returncode == 0
    assert "--as-group=GROUP" in done.stdout
    assert "-n, --namespace=NAME" in done.stdout
