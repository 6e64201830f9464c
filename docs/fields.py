"""The reference page of the four kinds: every field, from the CRDs as the package ships them.

Called by `generate`. A type that several fields share is described once, under the names of these fields.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from kubectl_prism import manifests
from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.resource import OUR_KINDS

Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]
HEADERS = ("Field", "Type", "Default", "What it is")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its path within what is being described, and its schema."""

    path: str
    schema: Manifest
    is_required: bool


@dataclass(frozen=True, slots=True)
class Shared:
    """A type that several fields have, and the heading of its section: those fields' names."""

    title: str
    schema: Manifest

    @property
    def link(self) -> str:
        """A link to its section."""
        anchor = re.sub(r"[^a-z0-9 -]", "", self.title.lower()).replace(" ", "-")
        return f"[{self.title}](#{anchor})"


def page(table: Table) -> str:
    """Return the whole page."""
    shared = _shared()
    parts = ["# Fields of the four kinds", _introduction()]
    for crd in sorted(manifests.crds(), key=lambda crd: OUR_KINDS.index(crd["spec"]["names"]["kind"])):
        names, version = crd["spec"]["names"], crd["spec"]["versions"][0]
        root = version["schema"]["openAPIV3Schema"]
        parts += [
            f"## {names['kind']}",
            f"{root['description']} Short name `{names['shortNames'][0]}`.",
            table(HEADERS, [_row(field, shared) for field in _fields(_visible(root), "", shared)]),
        ]
        parts += _rules(root)
    parts += ["## Shared types", "The fields named in a heading have the fields below it."]
    for found in sorted(shared.values(), key=lambda one: one.title):
        rows = [_row(field, shared) for field in _fields(found.schema, "", shared)]
        parts += [f"### {found.title}", table(HEADERS, rows)]
    return "\n\n".join(parts) + "\n"


def _introduction() -> str:
    return (
        "All are of `prism.io/v1alpha1` and live in a Kubernetes namespace; `kubectl get prism` lists the four. "
        "`kubectl explain prismstack.spec` shows the same in your terminal. A field marked **required** must be "
        "given; `[]` marks the items of a list, `{}` the values of a map. The status is written by the reconciler."
    )


def _visible(root: Manifest) -> Manifest:
    return {"properties": {name: root["properties"][name] for name in ("spec", "status") if name in root["properties"]}}


def _fields(schema: Manifest, prefix: str, shared: dict[str, Shared]) -> Iterator[Field]:
    required = schema.get("required") or ()
    for name, inner in (schema.get("properties") or {}).items():
        path = f"{prefix}.{name}" if prefix else name
        yield Field(path, inner, name in required)
        item, mark = _item(inner)
        if _key(item) not in shared:
            yield from _fields(item, path + mark, shared)


def _item(schema: Manifest) -> tuple[Manifest, str]:
    """Return the schema within lists and maps, and the marks that say so."""
    mark = ""
    while True:
        inner = schema.get("items") or schema.get("additionalProperties")
        if not isinstance(inner, dict):
            return schema, mark
        mark += "[]" if schema.get("items") else "{}"
        schema = inner


def _row(field: Field, shared: dict[str, Shared]) -> tuple[str, str, str, str]:
    item, _ = _item(field.schema)
    found = shared.get(_key(item))
    words = field.schema.get("description") or ""
    allowed = [str(value) for value in item.get("enum") or () if value != ""]
    one_of = f" One of {', '.join(f'`{value}`' for value in allowed)}." if allowed else ""
    required = " **Required.**" if field.is_required else ""
    more = f" See {found.link}." if found else ""
    return f"`{field.path}`", _type(field.schema), _default(field.schema), words + one_of + required + more


def _type(schema: Manifest) -> str:
    if "items" in schema:
        return f"list of {_type(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"map of {_type(schema['additionalProperties'])}"
    if schema.get("x-kubernetes-int-or-string"):
        return "integer or string"
    return str(schema.get("type") or "any scalar")


def _default(schema: Manifest) -> str:
    value = schema.get("default")
    return "" if value in (None, {}) or isinstance(value, dict) else f"`{json.dumps(value)}`"


def _rules(root: Manifest) -> list[str]:
    """Return the messages of the rules of one kind, as a list."""
    found = sorted(
        {rule["message"] for schema in _schemas(root) for rule in schema.get("x-kubernetes-validations", [])}
    )
    return [
        "The API server refuses an object for these reasons, too:",
        "\n".join(f"- {text}" for text in found),
    ] * bool(found)


def _schemas(schema: Manifest) -> Iterator[Manifest]:
    yield schema
    for inner in (schema.get("properties") or {}).values():
        yield from _schemas(_item(inner)[0])


def _shared() -> dict[str, Shared]:
    """Return every object type that stands in more than one place, by its key."""
    places: dict[str, list[tuple[str, str]]] = {}
    schemas: dict[str, Manifest] = {}
    for crd in manifests.crds():
        root = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        for parent, name, item in _named(_visible(root), ""):
            places.setdefault(_key(item), []).append((parent, name))
            schemas[_key(item)] = item
    often = {key: found for key, found in places.items() if len(found) > 1 and len(schemas[key]["properties"]) > 1}
    count = Counter(_title(found) for found in often.values())
    return {
        key: Shared(_title(found, with_parents=count[_title(found)] > 1), schemas[key]) for key, found in often.items()
    }


def _title(places: Iterable[tuple[str, str]], *, with_parents: bool = False) -> str:
    """Return the names of the fields, with those of the fields around them where the names alone say too little."""
    return ", ".join(sorted({f"{parent}.{name}" if with_parents else name for parent, name in places}))


def _named(schema: Manifest, parent: str) -> Iterator[tuple[str, str, Manifest]]:
    for name, inner in (schema.get("properties") or {}).items():
        item, _ = _item(inner)
        if item.get("properties"):
            yield parent, name, item
            yield from _named(item, name)


def _key(schema: Manifest) -> str:
    own = {name: value for name, value in schema.items() if name not in ("description", "default")}
    return json.dumps(own, sort_keys=True) if schema.get("properties") else ""
