"""kubectl's dialect of JSONPath, as `-o jsonpath=TEMPLATE` takes it: fields, indexes, slices, filters, range, quotes.

`compile` reads a template once and returns what fills it in; faults of the template are UsageErrors, faults that only
an object shows are PrismErrors. As in kubectl, what an object lacks is empty, and text outside braces is copied.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from kubectl_prism.cli import template as parser
from kubectl_prism.cli.template import (
    Compare,
    Field,
    Filter,
    Items,
    Path,
    Range,
    Recursive,
    SingleStep,
    Text,
    Union,
    Wildcard,
)
from kubectl_prism.errors import PrismError

Value = Any
"""What JSON can say."""


def compile(template: str) -> Callable[[Value], str]:
    """Return a function from a value to the text that the template makes of it; UsageError for a wrong template."""
    nodes = parser.parse(template)

    def fill(value: Value) -> str:
        return "".join(_rendered(nodes, value))

    return fill


def _rendered(nodes: Sequence[parser.Node], value: Value) -> Iterator[str]:
    for node in nodes:
        match node:
            case Text(text):
                yield text
            case Range(path, body):
                for item in _found(path, value):
                    yield from _rendered(body, item)
            case Path():
                yield " ".join(_text(found) for found in _found(node, value))


def _found(path: Path, value: Value) -> list[Value]:
    found = [value]
    for step in path.steps:
        if isinstance(step, Union):
            found = [result for part in step.paths for item in found for result in _found(part, item)]
        else:
            found = [result for item in found for result in _taken(step, item)]
    return found


def _taken(step: SingleStep, value: Value) -> Iterator[Value]:
    match step:
        case Field(name):
            if isinstance(value, Mapping) and name in value:
                yield value[name]
        case Wildcard():
            yield from _children(value)
        case Recursive():
            yield value
            for child in _children(value):
                yield from _taken(step, child)
        case Items():
            yield from _items(step, value)
        case Filter(condition):
            yield from (item for item in _children(value) if _holds(condition, item))


def _children(value: Value) -> list[Value]:
    match value:
        case Mapping():
            return [value[name] for name in sorted(value)]
        case list() | tuple():
            return list(value)
        case _:
            return []


def _items(step: Items, value: Value) -> list[Value]:
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise PrismError(f"jsonpath: {_text(value)[:60]} is not a list, so it has no [{step.text}]")
    if not step.is_slice:
        index = step.first or 0
        if not -len(value) <= index < len(value):
            raise PrismError(f"jsonpath: index {index} is out of range, the list has {len(value)} items")
        return [value[index]]
    return list(value[step.first : step.end : step.step])


def _holds(condition: Compare, value: Value) -> bool:
    left = _found(condition.left, value)
    if condition.operator == "exists":
        return bool(left)
    right = _found(condition.right, value) if isinstance(condition.right, Path) else [condition.right]
    return len(left) == 1 and len(right) == 1 and _compared(condition.operator, left[0], right[0])


def _compared(operator: str, left: Value, right: Value) -> bool:
    if isinstance(left, bool) != isinstance(right, bool) or isinstance(left, str) != isinstance(right, str):
        return operator == "!="
    try:
        return bool(_OPERATORS[operator](left, right))
    except TypeError:
        return False


_OPERATORS: Mapping[str, Callable[[Any, Any], object]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def _text(value: Value) -> str:
    """Write one result: strings and numbers bare, the rest as compact JSON with sorted keys, as Go writes it."""
    match value:
        case str():
            return value
        case bool() | None:
            return json.dumps(value)
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
        case int():
            return str(value)
        case _:
            text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            return "".join(_ESCAPED.get(character, character) for character in text)
