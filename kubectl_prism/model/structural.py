"""Turns the models into structural schemas, as CustomResourceDefinitions of apiextensions.k8s.io/v1 carry them.

Types, bounds, patterns, enums and defaults come from pydantic's fields; the markers of `model.schema` become the
API server's own extensions; descriptions come from docstrings. Only `model.crd` calls this, never a command.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic.fields import FieldInfo

from kubectl_prism.model import docstrings
from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.schema import QUANTITY, AnyScalarType, ListMap, Printed, QuantityType, Rule, Schema

_SIZES = {"string": "Length", "array": "Items", "object": "Properties"}
_PLAIN = {str: "string", bool: "boolean", int: "integer", float: "number"}
_ORDER = (
    "description", "type", "format", "default", "enum", "pattern", "minimum", "maximum", "minLength", "maxLength",
    "minItems", "maxItems", "minProperties", "maxProperties", "anyOf", "required", "properties", "items",
    "additionalProperties",
)  # fmt: skip


def of_model(model: type[Schema], *, skip: Iterable[str] = ()) -> Manifest:
    """Return the schema of an object of `model`; fields named in `skip` are left out."""
    notes = docstrings.attributes(model)
    fields = {name: field for name, field in model.model_fields.items() if name not in set(skip)}
    undocumented = sorted(name for name in fields if not notes.get(name))
    if undocumented:
        raise TypeError(f"{model.__name__}: no docstring under {', '.join(undocumented)}")
    schema: Manifest = {
        "type": "object",
        "properties": {_alias(name, field): _property(field, notes[name]) for name, field in fields.items()},
    }
    if required := [_alias(name, field) for name, field in fields.items() if field.is_required()]:
        schema["required"] = required
    if model.rules:
        schema["x-kubernetes-validations"] = [_validation(rule) for rule in model.rules]
    return ordered(schema)


def ordered(schema: Manifest) -> Manifest:
    """Return `schema` with its keys in the order in which people read them."""
    return {key: schema[key] for key in _ORDER if key in schema} | schema


def _alias(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _property(field: FieldInfo, description: str) -> Manifest:
    schema = _of_type(field.annotation) | {"description": description}
    _constrain(schema, field.metadata)
    if (default := _default(field)) is not None:
        schema["default"] = default
    return ordered(schema)


def _default(field: FieldInfo) -> object:
    """Return the default as it stands in a manifest; None where there is none."""
    if field.is_required():
        return None
    match field.get_default(call_default_factory=True, validated_data={}):
        case Schema() as value:
            # The server judges a default by the object's own rules before it fills in what is inside.
            return value.model_dump(by_alias=True, exclude_none=True, exclude_defaults=not value.rules)
        case Enum() as value:
            return value.value
        case value:
            return value


def _of_type(annotation: object) -> Manifest:
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        return _constrain(_marked(metadata) or _of_type(inner), metadata)
    if get_origin(annotation) in (Union, types.UnionType):
        (inner,) = (choice for choice in get_args(annotation) if choice is not type(None))
        return _of_type(inner)
    if get_origin(annotation) is Literal:
        return {"type": "string", "enum": list(get_args(annotation))}
    if get_origin(annotation) is list:
        return {"type": "array", "items": _part(get_args(annotation)[0])}
    if get_origin(annotation) is dict:
        return {"type": "object", "additionalProperties": _part(get_args(annotation)[1])}
    match annotation:
        case type() if issubclass(annotation, Enum):
            return {"type": "string", "enum": [choice.value for choice in annotation]}
        case type() if issubclass(annotation, Schema):
            return of_model(annotation)
        case type() if annotation in _PLAIN:
            return {"type": _PLAIN[annotation]}
    raise TypeError(f"no schema for {annotation}")


def _part(annotation: object) -> Manifest:
    """Return the schema of a list's item or a mapping's value; objects carry their class's own words."""
    schema = _of_type(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Schema):
        schema["description"] = docstrings.summary(annotation)
    return ordered(schema)


def _marked(metadata: Iterable[Any]) -> Manifest | None:
    """Return the schema that a marker stands for, whatever the Python type beside it."""
    for marker in metadata:
        match marker:
            case QuantityType():
                any_of = [{"type": "integer"}, {"type": "string"}]
                return {"anyOf": any_of, "pattern": QUANTITY, "x-kubernetes-int-or-string": True}
            case AnyScalarType():
                # The server has no word for "string, number or boolean"; the limits refuse lists and mappings.
                return {"maxItems": 0, "maxProperties": 0, "x-kubernetes-preserve-unknown-fields": True}
    return None


def _constrain(schema: Manifest, metadata: Iterable[Any]) -> Manifest:
    for constraint in _flat(metadata):
        match constraint:
            case Ge(ge=bound):
                schema["minimum"] = bound
            case Le(le=bound):
                schema["maximum"] = bound
            case MinLen(min_length=size):
                schema[f"min{_SIZES[schema['type']]}"] = size
            case MaxLen(max_length=size):
                schema[f"max{_SIZES[schema['type']]}"] = size
            case ListMap(key=key):
                schema |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}
            case Printed(format=form):
                schema["format"] = form
            case QuantityType() | AnyScalarType():
                pass
            case _:
                schema["pattern"] = constraint.pattern
    return schema


def _flat(metadata: Iterable[Any]) -> Iterator[Any]:
    for constraint in metadata:
        if isinstance(constraint, FieldInfo):
            yield from _flat(constraint.metadata)
        else:
            yield constraint


def _validation(rule: Rule) -> Manifest:
    validation = {"rule": rule.rule, "message": rule.message}
    return validation | ({"fieldPath": rule.field_path} if rule.field_path else {})
