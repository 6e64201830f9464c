"""Says in a person's words what pydantic found wrong: the field's path, what it must be, and what was probably meant.

No message carries the value of a field, since it may be a password; only a word that an enum refuses and a number
out of bounds are repeated.
"""

from __future__ import annotations

import re
import types
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from kubectl_prism.model import schema, suggest
from kubectl_prism.model.schema import Schema

_PATTERNS = {
    schema.DURATION: "a duration such as 500ms, 30s or 1h30m",
    schema.LABEL: "lower-case letters, digits and hyphens, with a letter or digit at both ends",
    schema.LABEL_VALUE: "letters, digits, hyphens, underscores and dots, with a letter or digit at both ends",
    schema.OBJECT_NAME: "lower-case letters, digits, hyphens and dots, with a letter or digit at both ends",
}

_TYPES = {
    "string_type": "a string; put it in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}

_BOUNDS = {
    "greater_than_equal": ("at least {ge}", ""),
    "less_than_equal": ("at most {le}", ""),
    "string_too_long": ("at most {max_length} characters", "long"),
    "string_too_short": ("at least {min_length} characters", "long"),
    "too_long": ("at most {max_length} entries", "long"),
    "too_short": ("at least {min_length} entries", "long"),
}


class Problem(NamedTuple):
    """One thing that is wrong with an object; `path` is that of the field in the object."""

    path: tuple[str | int, ...]
    message: str
    hint: str | None = None


def problems(error: ValidationError, model: type[Schema]) -> list[Problem]:
    """Return what is wrong, in the order in which pydantic met it."""
    return [_problem(detail, model) for detail in error.errors(include_url=False)]


def dotted(path: tuple[str | int, ...]) -> str:
    """Return `path` as people write it: spec.patterns[2].config[a/b]."""
    written = ""
    for step in path:
        if isinstance(step, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", step):
            written += f".{step}" if written else step
        else:
            written += f"[{step}]"
    return written


def unknown(path: tuple[str | int, ...], known: list[str]) -> Problem:
    """Return the problem of a field that nobody knows, with the name that was probably meant."""
    return Problem(path, f"unknown field {dotted(path)}", suggest.hint(str(path[-1]), known))


def _problem(detail: ErrorDetails, model: type[Schema]) -> Problem:
    path, kind, context = detail["loc"], detail["type"], detail.get("ctx", {})
    field = dotted(path)
    if kind == "extra_forbidden":
        return unknown(path, _fields_at(model, path[:-1]))
    if kind == "missing":
        return Problem(path, f"{field} is missing")
    if kind in ("literal_error", "enum"):
        return _choice(path, detail["input"], re.findall(r"'([^']*)'", context["expected"]))
    if kind == "string_pattern_mismatch":
        return Problem(path, f"{field} must be {_PATTERNS.get(context['pattern'], 'written in another way')}")
    if kind in ("quantity", "scalar", "twin"):
        return Problem(path, f"{field} {detail['msg']}")
    if kind in _BOUNDS:
        return Problem(path, f"{field} must be {_bound(kind, context, detail['input'])}")
    return Problem(path, f"{field} must be {_TYPES.get(kind, 'of another kind')}")


def _choice(path: tuple[str | int, ...], given: object, choices: list[str]) -> Problem:
    shown = f", not {given}" if isinstance(given, str | int | float) else ""
    listed = ", ".join(choice for choice in choices if choice)
    near = suggest.nearest(str(given), choices)
    return Problem(path, f"{dotted(path)} must be one of {listed}{shown}", f"did you mean {near}?" if near else None)


def _bound(kind: str, context: dict[str, Any], given: object) -> str:
    limit, suffix = _BOUNDS[kind]
    text = limit.format(**context)
    return f"{text} {suffix}" if suffix else f"{text}, not {given}"


def _fields_at(model: type[Schema], path: tuple[str | int, ...]) -> list[str]:
    """Return the names of the fields that an object at `path` may have."""
    place: object = model
    for step in path:
        place = _below(place, step)
    return list(_fields(place))


def _fields(place: object) -> dict[str, object]:
    """Return the types of a model's fields by their names in a manifest; nothing for what is no model."""
    if not (isinstance(place, type) and issubclass(place, Schema)):
        return {}
    return {field.alias or name: field.annotation for name, field in place.model_fields.items()}


def _below(place: object, step: str | int) -> object:
    """Return the type one step below a type."""
    fields = _fields(place)
    inner = fields[str(step)] if fields else get_args(place)[-1]
    while get_origin(inner) in (Annotated, Union, types.UnionType):
        inner = next(choice for choice in get_args(inner) if choice is not type(None))
    return inner
