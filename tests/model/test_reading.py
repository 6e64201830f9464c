"""YAML is read as kubectl reads it, and every part knows its line."""

from __future__ import annotations

import json
import textwrap

import pytest

from kubectl_prism.errors import UsageError
from kubectl_prism.model.reading import Document, documents
from tests.model.served import Served

PLAIN = {
    "yes": True, "on": True, "y": True, "No": False, "off": False, "TRUE": True, "tRUE": "tRUE",
    "0x1F": 31, "0755": 493, "0o17": 15, "0b101": 5, "1_000": 1000, "+5": 5, "-7": -7, "08": 8, "0": 0,
    "190:20:30": "190:20:30", "1e3": 1000, "1.50": 1.5, ".5": 0.5, "1.": 1, "1.2.3": "1.2.3", "2.0": 2,
    "2025-10-16": "2025-10-16", "2025-10-16T10:00:00Z": "2025-10-16T10:00:00Z", "=": "=",
    "~": None, "null": None, "''": "", "10m": "10m", "1Gi": "1Gi",
}  # fmt: skip


def _read(text: str) -> list[Document]:
    return list(documents(text, source="file.yaml"))


@pytest.mark.parametrize(("written", "meant"), PLAIN.items())
def test_a_plain_value_means_what_it_means_to_kubectl(written: str, meant: object) -> None:
    """No dates, no sexagesimals, booleans and numbers in all their spellings."""
    (document,) = _read(f"value: {written}\n")
    assert (document.value["value"], type(document.value["value"])) == (meant, type(meant))


def test_kubectl_agrees(served: Served) -> None:
    """The table above is what kubectl itself makes of these values."""
    data = "".join(f"  k{index}: {written}\n" for index, written in enumerate(PLAIN))
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: plain, namespace: default}}\ndata:\n{data}"
    shown = served.said("create", "--dry-run=client", "--validate=false", "-o=json", "-f=-", stdin=text)
    assert list(json.loads(shown)["data"].values()) != []
    assert json.loads(shown)["data"] == {f"k{index}": meant for index, meant in enumerate(PLAIN.values())}


def test_keys_become_text() -> None:
    """JSON has no other keys, so a number or a boolean as key is its spelling."""
    (document,) = _read("1: one\ntrue: t\n1.5: f\n")
    assert document.value == {"1": "one", "true": "t", "1.5": "f"}


def test_every_part_knows_its_line() -> None:
    """Mappings, lists and flow style; a part that is not there has the line of what is around it."""
    text = """\
        # comment
        spec:
          patterns:
            - name: a
            - name: b
              config: {x: 1,
                z: 2}
        """
    (document,) = _read(textwrap.dedent(text))
    lines = {
        ("spec",): 2,
        ("spec", "patterns"): 3,
        ("spec", "patterns", 1): 5,
        ("spec", "patterns", 1, "config", "x"): 6,
        ("spec", "patterns", 1, "config", "z"): 7,
        ("spec", "patterns", 1, "missing", "deep"): 5,
        ("spec", "patterns", 9): 3,
        (): 2,
    }
    assert {path: document.line(path) for path in lines} == lines


def test_empty_documents_do_not_count() -> None:
    """Separators and comments alone hold nothing; several documents come in their order."""
    assert _read("---\n# nothing\n---\n") == []
    assert [document.value for document in _read("---\na: 1\n---\n---\nb: 2\n")] == [{"a": 1}, {"b": 2}]


def test_merged_mappings_are_merged() -> None:
    """An anchor merged into a mapping gives way to what is written there."""
    (document,) = _read("base: &base {a: 1, b: 2}\nmine:\n  <<: *base\n  b: 3\n")
    assert document.value["mine"] == {"a": 1, "b": 3}


BROKEN = {
    "a: [": "file.yaml:2:1: not YAML: did not find expected node content",
    "\ta: 1": "file.yaml:1:1: not YAML: found character that cannot start any token",
    "a: 1\n b: 2": "file.yaml:2:3: not YAML: mapping values are not allowed in this context",
    "a: *nobody": "file.yaml:1:4: not YAML: found undefined alias",
    "a:\n  b: 1\n  b: 2": "file.yaml:3:3: the key b stands twice in one mapping, first in line 2",
    "{a: 1, a: 2}": "file.yaml:1:8: the key a stands twice in one mapping, first in line 1",
    "a: &a\n  b: *a": "file.yaml:1:4: an alias that contains itself",
    "? [a]\n: 1": "file.yaml:1:3: a key must be plain text",
    "a: .inf": "file.yaml:1:4: a number must be finite",
    "a: !python/object x": "file.yaml:1:4: could not determine a constructor for the tag '!python/object'",
    "a: \x01": "file.yaml: not text: control characters are not allowed",
}


@pytest.mark.parametrize(("text", "message"), BROKEN.items(), ids=range(len(BROKEN)))
def test_what_cannot_be_read_is_named_with_its_place(text: str, message: str) -> None:
    """One line: file, line, column, and what is wrong there."""
    with pytest.raises(UsageError) as caught:
        _read(text)
    assert caught.value.message == message


def test_tabs_get_a_hint() -> None:
    """The commonest slip in indentation is called by its name."""
    with pytest.raises(UsageError) as caught:
        _read("spec:\n\tproxy: {}")
    assert caught.value.hint == "indent with blanks, not with tabs"


@pytest.mark.parametrize("nest", ["[", "{a: ", "- "])
def test_nesting_beyond_all_sense_is_an_error_and_not_a_crash(nest: str) -> None:
    """A hundred thousand levels end in one line, at once."""
    with pytest.raises(UsageError) as caught:
        _read(nest * 100_000)
    assert caught.value.message == "file.yaml:1: nested deeper than 100 levels"


def test_a_hundred_levels_are_fine() -> None:
    """The limit is far above what any object needs, and exact."""
    assert len(_read("[" * 100 + "]" * 100)) == 1
