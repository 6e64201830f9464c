"""Data is printed in the form that is asked for; colours only where a person sees them."""

from __future__ import annotations

import io
import json

import pytest
import yaml

from kubectl_prism.cli import ask, output
from kubectl_prism.cli.options import Color, Options
from kubectl_prism.cli.output import Format, format_of
from kubectl_prism.errors import UsageError
from kubectl_prism.view.health import Severity


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("color", "stream", "variables", "colored"),
    [
        ("auto", Terminal(), {"TERM": "xterm"}, True),
        ("auto", Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, False),
        ("auto", Terminal(), {"TERM": "xterm", "NO_COLOR": ""}, True),
        ("auto", Terminal(), {"TERM": "dumb"}, False),
        ("auto", Terminal(), {}, False),
        ("auto", io.StringIO(), {"TERM": "xterm"}, False),
        ("always", io.StringIO(), {"NO_COLOR": "1"}, True),
        ("never", Terminal(), {"TERM": "xterm"}, False),
    ],
)
def test_where_colours_are(color: Color, stream: io.StringIO, variables: dict[str, str], colored: bool) -> None:
    """On a colour terminal, unless NO_COLOR is set; --color decides over all."""
    assert output.has_colors(Options(color=color), stream, variables) is colored


def test_paint_marks_or_leaves_alone() -> None:
    """With colours a text is wrapped; without, and for an unknown style, it is the same text."""
    assert output.paint(Options(color="always"))("bad", Severity.BAD) == "\x1b[31mbad\x1b[0m"
    assert output.paint(Options(color="always"))("text", "") == "text"
    assert output.paint(Options(color="never"))("bad", Severity.BAD) == "bad"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, Format()),
        ("", Format()),
        ("json", Format("json")),
        ("wide", Format("wide")),
        ("jsonpath={.a}", Format("jsonpath", "{.a}")),
        ("jsonpath={.a[?(@.b==1)]}", Format("jsonpath", "{.a[?(@.b==1)]}")),
    ],
)
def test_forms_are_read(text: str | None, expected: Format) -> None:
    """As in kubectl."""
    assert format_of(text) == expected


@pytest.mark.parametrize("text", ["xml", "json=x", "jsonpath", "custom-columns=A:.a", "go-template={{.a}}"])
def test_other_forms_are_wrong_usage(text: str) -> None:
    """The error names the forms that there are."""
    with pytest.raises(UsageError) as raised:
        format_of(text)
    assert raised.value.hint == "write one of: wide, json, yaml, name, jsonpath=TEMPLATE"


VALUE: dict[str, object] = {
    "b": ["x", {"y": 1}],
    "a": "two\nlines\n",
    "e": "é" * 100,
    "n": None,
    "t": "true",
    "empty": {},
}


def test_yaml_and_json_say_the_same() -> None:
    """Both read back as what was written; several lines stay several lines, nothing is folded or escaped."""
    text = output.yaml_text(VALUE)
    assert yaml.safe_load(text) == json.loads(output.json_text(VALUE)) == VALUE
    assert "a: |\n  two\n  lines\n" in text
    assert f"e: {'é' * 100}\n" in text
    shared = {"x": VALUE, "y": VALUE}
    assert "&id" not in output.yaml_text(shared)
    assert list(yaml.safe_load_all(output.yaml_documents([{"a": 1}, {"b": 2}]))) == [{"a": 1}, {"b": 2}]


def test_tables_are_columns_three_spaces_apart() -> None:
    """No boxes, no spaces at the end of a line."""
    assert output.table(("NAME", "AGE"), [("a", "1m"), ("longer", "")]) == "NAME     AGE\na        1m\nlonger"


def test_names_are_kubectls() -> None:
    """`-o name` prints the kind with its group."""
    stack = {"apiVersion": "prism.io/v1alpha1", "kind": "PrismStack", "metadata": {"name": "a"}}
    assert output.name_of(stack) == "prismstack.prism.io/a"
    assert output.name_of({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "b"}}) == "secret/b"


def test_a_question_is_asked_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal a missing --yes is an error; with one, only a yes is a yes."""
    assert ask.confirmed("Sure?", yes=True)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(UsageError) as raised:
        ask.confirmed("Sure?", flag="--all")
    assert raised.value.hint == "add --all; there is no terminal to ask on"
    for answer, expected in (("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False), ("", False)):
        monkeypatch.setattr("sys.stdin", Terminal(answer))
        monkeypatch.setattr("sys.stderr", Terminal())
        assert ask.confirmed("Sure?") is expected
