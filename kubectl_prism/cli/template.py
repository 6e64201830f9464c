"""Reads the templates of `-o jsonpath`: text with actions in braces becomes a tree that `jsonpath` walks.

Knows the grammar of kubectl and no values. Every fault is one UsageError that shows the template.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from kubectl_prism.errors import UsageError


@dataclass(frozen=True, slots=True)
class Field:
    """The value under a name."""

    name: str


@dataclass(frozen=True, slots=True)
class Wildcard:
    """All values of a mapping or list."""


@dataclass(frozen=True, slots=True)
class Recursive:
    """A value and everything in it."""


@dataclass(frozen=True, slots=True)
class Items:
    """One item of a list, or a slice of it."""

    text: str
    first: int | None
    end: int | None = None
    step: int | None = None
    is_slice: bool = False


@dataclass(frozen=True, slots=True)
class Union:
    """What several paths find, one after the other."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """The items for which a condition holds."""

    condition: Compare


@dataclass(frozen=True, slots=True)
class Path:
    """Steps from a value to others."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """A condition on one item; `operator` is `exists` where nothing is compared."""

    left: Path
    operator: str = "exists"
    right: Path | str | float | bool | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """Text to be copied."""

    text: str


@dataclass(frozen=True, slots=True)
class Range:
    """A body that is repeated for every value that a path finds."""

    path: Path
    body: tuple[Node, ...]


SingleStep = Field | Wildcard | Recursive | Items | Filter
Step = SingleStep | Union
Node = Text | Path | Range

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'', re.DOTALL)
_NAME = re.compile(r"(?:\\.|[^\s.,\[\]$@{}()\"'\\=<>!])+")
_SLICE = re.compile(r"^(-?\d*)(?::(-?\d*))?(?::(-?\d*))?$")
_OPERATOR = re.compile(r"^(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_CONTROL = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def parse(template: str) -> tuple[Node, ...]:
    """Return the tree of a template; UsageError shows what is wrong with it."""
    if not template:
        raise UsageError("-o jsonpath= lacks its template", hint="write -o jsonpath='{.items[*].name}'")
    return _Reader(template).nodes()


class _Reader:
    """Reads one template from left to right."""

    def __init__(self, template: str) -> None:
        self._template = template

    def nodes(self) -> tuple[Node, ...]:
        open_bodies: list[tuple[Path, list[Node]]] = []
        nodes: list[Node] = []
        for text, action in self._actions():
            if text:
                nodes.append(Text(text))
            if action is None:
                continue
            word, _, rest = action.partition(" ")
            if word == "range":
                open_bodies.append((self._path(rest.strip()), nodes))
                nodes = []
            elif action == "end":
                if not open_bodies:
                    self._fail("{end} without {range}")
                path, outer = open_bodies.pop()
                outer.append(Range(path, tuple(nodes)))
                nodes = outer
            else:
                nodes += self._pieces(action)
        while open_bodies:  # kubectl, too, takes the end of the template for a missing {end}
            path, outer = open_bodies.pop()
            outer.append(Range(path, tuple(nodes)))
            nodes = outer
        return tuple(nodes)

    def _actions(self) -> list[tuple[str, str | None]]:
        """Split the template into text and the action that follows it."""
        found: list[tuple[str, str | None]] = []
        position = 0
        while (start := self._template.find("{", position)) >= 0:
            end = self._closing(start + 1)
            found.append((self._template[position:start], self._template[start + 1 : end].strip()))
            position = end + 1
        return [*found, (self._template[position:], None)]

    def _closing(self, position: int) -> int:
        while position < len(self._template):
            character = self._template[position]
            if character == "}":
                return position
            quoted = _QUOTED.match(self._template, position) if character in "\"'" else None
            position = quoted.end() if quoted else position + 1
        self._fail("a { is not closed")

    def _pieces(self, action: str) -> list[Node]:
        """Read quoted texts and at most one path after each."""
        nodes: list[Node] = []
        while match := _QUOTED.match(action):
            nodes.append(Text(unescaped(match[1] if match[1] is not None else match[2])))
            action = action[match.end() :].lstrip()
        return nodes if nodes and not action else [*nodes, self._path(action)]

    def _path(self, text: str) -> Path:
        steps: list[Step] = []
        text = text[1:] if text[:1] in ("$", "@") else text
        if text and text[0] not in ".[":
            self._fail(f"{text.split('.')[0]} is not known here; a path begins with a dot")
        while text:
            text = text.lstrip()
            if text.startswith(".."):
                steps.append(Recursive())
                text = text[2:] if text[2:3] == "[" else text[1:]
            elif text.startswith(".*"):
                steps.append(Wildcard())
                text = text[2:]
            elif text.startswith("["):
                end = self._bracket(text)
                steps.append(self._brackets(text[1:end].strip()))
                text = text[end + 1 :]
            elif text.startswith("."):
                name = _NAME.match(text, 1)
                if name:
                    steps.append(Field(re.sub(r"\\(.)", r"\1", name[0])))
                text = text[name.end() if name else 1 :]
            else:
                self._fail(f"cannot read {text}")
        return Path(tuple(steps))

    def _bracket(self, text: str) -> int:
        position, depth = 0, 0
        while position < len(text):
            character = text[position]
            quoted = _QUOTED.match(text, position) if character in "\"'" else None
            if quoted:
                position = quoted.end()
                continue
            depth += {"[": 1, "]": -1}.get(character, 0)
            if depth == 0:
                return position
            position += 1
        self._fail("a [ is not closed")

    def _brackets(self, text: str) -> Step:
        if text == "*":
            return Wildcard()
        if text.startswith("?(") and text.endswith(")"):
            return Filter(self._condition(text[2:-1].strip()))
        if "," in text:
            return Union(tuple(Path((self._brackets(part.strip()),)) for part in text.split(",")))
        if match := _QUOTED.fullmatch(text):
            return Union((self._path("." + (match[1] if match[1] is not None else match[2])),))
        if (match := _SLICE.match(text)) and text:
            first, end, step = (int(part) if part else None for part in match.groups())
            return Items(text, first, end, step, is_slice=":" in text)
        self._fail(f"invalid array index {text}")

    def _condition(self, text: str) -> Compare:
        match = _OPERATOR.match(text)
        if match is None:
            return Compare(self._path(text))
        return Compare(self._path(match[1].strip()), match[2], self._operand(match[3].strip()))

    def _operand(self, text: str) -> Path | str | float | bool | None:
        if quoted := _QUOTED.fullmatch(text):
            return unescaped(quoted[1] if quoted[1] is not None else quoted[2])
        if text in ("true", "false"):
            return text == "true"
        try:
            return float(text)
        except ValueError:
            return self._path(text)

    def _fail(self, fault: str) -> NoReturn:
        raise UsageError(
            f"jsonpath {self._template}: {fault}", hint="quote the template for the shell: '{.items[*].name}'"
        )


def unescaped(text: str) -> str:
    r"""Replace `\n`, `\t`, `\u00e9` and the like by what they mean."""

    def character(match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3]
        return chr(int(code, 16)) if code else _CONTROL.get(match[4], match[4])

    return _ESCAPE.sub(character, text)
