"""Intent against reality: what of a live object our intent speaks of, and where the two differ.

Pure; `apply` asks it before it writes. Reads both sides as the API server's merge does: associative lists by their
keys, all other lists as one value. Field paths come out, values never do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from kubectl_prism.model.meta import Manifest

Path = tuple[str, ...]
Value = Any  # JSON: dict, list, str, int, float, bool or None

_MISSING: Value = object()

_LIST_KEYS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "containers": (("name",),),
    "initContainers": (("name",),),
    "env": (("name",),),
    "volumes": (("name",),),
    "volumeMounts": (("mountPath",),),
    "ports": (("containerPort", "protocol"), ("port", "protocol")),
    "topologySpreadConstraints": (("topologyKey", "whenUnsatisfiable"),),
    "hostAliases": (("ip",),),
    "ownerReferences": (("uid",),),
    "conditions": (("type",),),
}
"""Lists that the API server merges by keys. One that is missing here is compared whole, which is always safe: at worst
somebody else's addition to it costs one apply that changes nothing."""

_QUANTITY_MAPS = ("requests", "limits", "hard", "capacity")
_QUANTITY_FIELDS = ("averageValue", "divisor", "sizeLimit")
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?\d{1,3}))?")
_SUFFIXES = {"n": -3, "u": -2, "m": -1, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}


def project(live: Manifest, intent: Manifest) -> Manifest:
    """Return the part of `live` that `intent` speaks of, in the live object's own words."""
    projection: Manifest = _project(live, intent, ())
    return projection


def _project(live: Value, intent: Value, path: Path) -> Value:
    if live == intent:  # the usual case, told by the interpreter's own comparison
        return live
    if isinstance(intent, dict) and isinstance(live, dict):
        return {
            field: _project(live[field], wanted, (*path, field)) for field, wanted in intent.items() if field in live
        }
    if isinstance(intent, list) and isinstance(live, list):
        if (keys := _keys(path, intent)) is not None:
            found = {_identity(item, keys): item for item in live if isinstance(item, dict)}
            pairs = ((item, found.get(_identity(item, keys), _MISSING)) for item in intent)
            return [_project(there, item, path) for item, there in pairs if there is not _MISSING]
        if len(intent) == len(live):
            return [_project(there, item, path) for there, item in zip(live, intent, strict=True)]
    return live


def covers(live: Manifest, intent: Manifest) -> bool:
    """Tell whether `live` holds everything that `intent` asks for, quantities compared by value."""
    return next(_differences(live, intent, (), ""), None) is None


def differences(live: Manifest, intent: Manifest) -> list[str]:
    """Return the paths, such as `spec.replicas`, at which `live` does not hold what `intent` asks for."""
    return sorted(set(_differences(live, intent, (), "")))


def parse_quantity(value: Value) -> Decimal | None:
    """Return the value of a Kubernetes quantity (`500m`, `1Gi`, `2e3`, 1); None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    match = _QUANTITY.fullmatch(str(value))
    if match is None:
        return None
    number, suffix, exponent = match.groups()
    if exponent is not None:
        return Decimal(number) * Decimal(10) ** int(exponent)
    if suffix is None:
        return Decimal(number)
    if suffix.endswith("i"):
        return Decimal(number) * Decimal(1024) ** _SUFFIXES["k" if suffix == "Ki" else suffix[0]]
    return Decimal(number) * Decimal(1000) ** _SUFFIXES[suffix]


def _differences(live: Value, intent: Value, path: Path, shown: str) -> Iterator[str]:
    if live is _MISSING:
        if intent not in (None, {}, []):
            yield shown
    elif isinstance(intent, dict) and isinstance(live, dict):
        for field, wanted in intent.items():
            yield from _differences(live.get(field, _MISSING), wanted, (*path, field), _join(shown, field))
    elif isinstance(intent, list) and isinstance(live, list):
        yield from _list_differences(live, intent, path, shown)
    elif not _is_equal(live, intent, path):
        yield shown


def _list_differences(live: list[Value], intent: list[Value], path: Path, shown: str) -> Iterator[str]:
    if (keys := _keys(path, intent)) is not None:
        found = {_identity(item, keys): item for item in live if isinstance(item, dict)}
        for item in intent:
            identity = _identity(item, keys)
            yield from _differences(found.get(identity, _MISSING), item, path, f"{shown}[{identity[0]}]")
    elif len(intent) != len(live):
        yield shown
    else:
        for number, (there, item) in enumerate(zip(live, intent, strict=True)):
            yield from _differences(there, item, path, f"{shown}[{number}]")


def _keys(path: Path, intent: list[Value]) -> tuple[str, ...] | None:
    """Return the merge keys of the list at `path`; None where it is compared whole."""
    for keys in _LIST_KEYS.get(path[-1] if path else "", ()):
        if intent and all(isinstance(item, dict) and item.get(keys[0]) is not None for item in intent):
            return keys
    return None


def _identity(item: Manifest, keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(item.get(field, "TCP" if field == "protocol" else "")) for field in keys)


def _is_equal(live: Value, intent: Value, path: Path) -> bool:
    if isinstance(live, bool) == isinstance(intent, bool) and live == intent:
        return True
    if not _is_quantity(path):
        return False
    wanted = parse_quantity(intent)
    return wanted is not None and wanted == parse_quantity(live)


def _is_quantity(path: Path) -> bool:
    parent = path[-2] if len(path) > 1 else ""
    field = path[-1] if path else ""
    return parent in _QUANTITY_MAPS or field in _QUANTITY_FIELDS or (parent == "target" and field == "value")


def _join(shown: str, field: str) -> str:
    """Append a field to a path; a key with dots or slashes is bracketed, as kubectl's jsonpath reads it."""
    plain = field.replace("_", "").replace("-", "").isalnum()
    return f"{shown}.{field}" if plain and shown else field if plain else f"{shown}['{field}']"
