"""Reads YAML as kubectl reads it, and remembers on which line each field stands.

Pure: text in, `Document`s out. What is not YAML, or says the same key twice, is a UsageError that names the
line; what the objects mean is the business of `model.documents`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from kubectl_prism.errors import UsageError

try:
    from yaml import CSafeLoader as _Base
except ImportError:  # a PyYAML built without libyaml is slower, not wrong
    from yaml import SafeLoader as _Base  # type: ignore[assignment]

_TAG = "tag:yaml.org,2002:"
_TEXT_KEYS = (f"{_TAG}str", f"{_TAG}merge")
_TRUE = ("y", "yes", "true", "on")
_PLAIN_VALUES: tuple[tuple[str, str, Sequence[str]], ...] = (
    ("bool", r"[yYnN]|yes|Yes|YES|true|True|TRUE|on|On|ON|no|No|NO|false|False|FALSE|off|Off|OFF", "yYnNtTfFoO"),
    ("int", r"[-+]?(0b[01_]+|0o?[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(inf|Inf|INF|nan|NaN|NAN)", "-+."),
    ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
    ("merge", r"<<", "<"),
)

_PLAINLY = {
    "found unconstructable recursive node": "an alias that contains itself",
    "found unhashable key": "a key must be plain text",
}

_DEEPEST = 100

Path = Sequence[str | int]


class _Loader(_Base):
    """Plain values mean what they mean to kubectl: no dates, no sexagesimals; keys are text, each said once."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  # filled below; PyYAML's own are left behind

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        node.value = [(self._text(key), value) for key, value in node.value]
        _refuse_twins(node)
        return super().construct_mapping(node, deep=deep)

    def _text(self, key: yaml.Node) -> yaml.Node:
        """Return a key as text: to JSON, and so to kubectl, `1` and `true` are no other keys than their spelling."""
        if not isinstance(key, yaml.ScalarNode) or key.tag in _TEXT_KEYS:
            return key
        meant = json.dumps(self.construct_object(key))
        return yaml.ScalarNode(f"{_TAG}str", meant, key.start_mark, key.end_mark)


def _refuse_twins(node: yaml.MappingNode) -> None:
    """Raise where a key stands twice in one mapping."""
    first: dict[str, yaml.Node] = {}
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and first.setdefault(key.value, key) is not key:
            problem = f"the key {key.value} stands twice in one mapping, first in line {_line(first[key.value])}"
            raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _bool(loader: _Loader, node: yaml.ScalarNode) -> bool:
    return str(loader.construct_scalar(node)).lower() in _TRUE


def _int(loader: _Loader, node: yaml.ScalarNode) -> int:
    digits = str(loader.construct_scalar(node)).replace("_", "")
    return int(digits, 8 if re.fullmatch(r"[-+]?0[0-7]+", digits) else 0)


def _float(loader: _Loader, node: yaml.ScalarNode) -> float | int:
    digits = str(loader.construct_scalar(node)).replace("_", "").lower()
    number = float(digits.replace(".inf", "inf").replace(".nan", "nan"))
    if not math.isfinite(number):
        raise yaml.constructor.ConstructorError(None, None, "a number must be finite", node.start_mark)
    return int(number) if number.is_integer() else number


for _name, _pattern, _starts in _PLAIN_VALUES:
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(f"^(?:{_pattern})$"), list(_starts))
_Loader.add_constructor(f"{_TAG}bool", _bool)
_Loader.add_constructor(f"{_TAG}int", _int)
_Loader.add_constructor(f"{_TAG}float", _float)


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file: its value, and where in the file the value's parts stand."""

    value: Any
    node: yaml.Node

    def line(self, path: Path) -> int:
        """Return the line of the field at `path`, or of the nearest field around it that is there."""
        node, line = self.node, _line(self.node)
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            node, line = found
        return line


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, int] | None:
    """Return the node one step below `node` and the line it stands on; None where there is none."""
    match node, step:
        case yaml.MappingNode(), str():
            for key, value in node.value:
                if key.value == step:
                    return value, _line(key)
        case yaml.SequenceNode(), int() if step < len(node.value):
            return node.value[step], _line(node.value[step])
    return None


def documents(text: str, *, source: str) -> Iterator[Document]:
    """Yield the documents of `text` that are not empty; UsageError names `source` and the line that is wrong."""
    try:
        _refuse_depth(text, source)
        loader = _Loader(text)
        while loader.check_node():
            node = loader.get_node()
            loader.deep_construct = True  # finds an alias that contains itself
            if node is not None and (value := loader.construct_document(node)) is not None:
                yield Document(value, node)
    except yaml.MarkedYAMLError as error:
        raise _unreadable(error, source) from None
    except yaml.reader.ReaderError as error:
        raise UsageError(f"{source}: not text: {error.reason}") from None


def _refuse_depth(text: str, source: str) -> None:
    """Raise where `text` is nested beyond all sense: composing it would overflow the stack of the C library."""
    loader, depth = _Loader(text), 0
    while loader.check_event():
        match loader.get_event():
            case yaml.CollectionStartEvent(start_mark=mark):
                depth += 1
                if depth > _DEEPEST and mark:
                    raise UsageError(f"{source}:{mark.line + 1}: nested deeper than {_DEEPEST} levels")
            case yaml.CollectionEndEvent():
                depth -= 1


def _unreadable(error: yaml.MarkedYAMLError, source: str) -> UsageError:
    problem = error.problem or "no YAML"
    mark = error.problem_mark or error.context_mark
    where = f"{source}:{mark.line + 1}:{mark.column + 1}" if mark else source
    if isinstance(error, yaml.constructor.ConstructorError):
        return UsageError(f"{where}: {_PLAINLY.get(problem, problem)}")
    tabs = "cannot start any token" in problem
    hint = "indent with blanks, not with tabs" if tabs else "look at the indentation there and just above"
    return UsageError(f"{where}: not YAML: {problem}", hint=hint)
