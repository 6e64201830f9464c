"""Builds an object that carries every field of its kind, from pydantic's own JSON schema.

It shares no code with the generator of the CRDs, so the two cannot forget the same field.
"""

from __future__ import annotations

from typing import Any

from kubectl_prism.model import schema as vocabulary
from kubectl_prism.model.documents import MODELS
from kubectl_prism.model.meta import API_VERSION

_WORDS = {
    vocabulary.DURATION: "30s",
    vocabulary.LABEL: "example",
    vocabulary.LABEL_VALUE: "example",
    vocabulary.OBJECT_NAME: "example",
    vocabulary.QUANTITY: "100m",
    "^(True|False|Unknown)$": "True",
}
_TIMES = ("lastTransitionTime", "lastChecked", "provisionedAt", "lastSyncedAt")


def maximal(kind: str) -> dict[str, Any]:
    """Return an object of `kind` with every field of spec and status set, each to a value that is allowed."""
    whole = MODELS[kind].model_json_schema(by_alias=True)
    built = {part: _value(part, whole["properties"][part], whole["$defs"]) for part in ("spec", "status")}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": "maximal", "namespace": "default"}} | built


def without(obj: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return `obj` without the fields of these names, wherever they stand."""

    def strip(value: Any) -> Any:  # noqa: ANN401  # as open as JSON
        match value:
            case dict():
                return {key: strip(part) for key, part in value.items() if key not in names}
            case list():
                return [strip(part) for part in value]
        return value

    return dict(strip(obj))


def _value(name: str, schema: dict[str, Any], defs: dict[str, Any]) -> Any:  # noqa: ANN401  # as open as JSON
    match schema:
        case {"$ref": where}:
            return _value(name, defs[where.rpartition("/")[2]], defs)
        case {"anyOf": choices}:
            return _value(name, choices[-1] if choices[-1].get("type") != "null" else choices[0], defs)
        case {"default": False}:
            return True  # what is only allowed with something else is allowed with everything
        case {"default": str() | int() | bool() as default} if default != "":
            return default
        case {"enum": [first, *others]}:
            return first or others[0]
        case {"type": "object", "properties": fields}:
            return {field: _value(field, inner, defs) for field, inner in fields.items()}
        case {"type": "object", "additionalProperties": inner}:
            return {"example.org/key": _value(name, inner, defs)}
        case {"type": "array", "items": inner}:
            return [_value(name, inner, defs)]
        case {"type": "string"}:
            return "2025-10-16T10:00:00Z" if name in _TIMES else _WORDS.get(schema.get("pattern", ""), "example")
        case {"type": "integer" | "number"}:
            return schema.get("minimum") or 1
        case {"type": "boolean"}:
            return True
    raise AssertionError(f"no value for {name}: {schema}")
