"""Turns text into manifests and manifests into models, with errors that a person can act on.

`parse` is for files: objects of prism.io are checked strictly against their model, every other kind passes as it
is. `load` is for reconcilers: it reads leniently what the API server has already judged. Pure: no files, no network.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import ValidationError

from kubectl_prism.errors import PrismError, UsageError
from kubectl_prism.model import suggest
from kubectl_prism.model.backend import Backend
from kubectl_prism.model.meta import API_VERSION, GROUP, Manifest
from kubectl_prism.model.namespace import Namespace
from kubectl_prism.model.pattern import Pattern
from kubectl_prism.model.reading import Document, documents
from kubectl_prism.model.schema import Schema
from kubectl_prism.model.stack import Stack
from kubectl_prism.model.wording import Problem, dotted, problems, unknown

Model = Stack | Pattern | Backend | Namespace
M = TypeVar("M", bound=Schema)

MODELS: dict[str, type[Model]] = {
    "PrismStack": Stack,
    "PrismPattern": Pattern,
    "PrismBackend": Backend,
    "PrismNamespace": Namespace,
}

METADATA_FIELDS = (
    "name", "namespace", "labels", "annotations", "finalizers", "ownerReferences", "generateName", "uid",
    "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
    "managedFields", "selfLink",
)  # fmt: skip
_TOP_FIELDS = ("apiVersion", "kind", "metadata", "spec", "status")
_JUDGED_METADATA = ("name", "namespace", "labels", "annotations")


class InvalidSpec(PrismError):
    """An object of ours does not parse; only a change of its spec can mend that."""


def load(obj: Manifest) -> Model:
    """Return the model of one of our objects; InvalidSpec names the field that is wrong, never its value."""
    return load_as(MODELS[obj["kind"]], obj)


def load_as(model: type[M], obj: Manifest) -> M:
    """Return `obj` as `model`; InvalidSpec names the field that is wrong, never its value."""
    try:
        return model.model_validate(obj)
    except ValidationError as error:
        first, *others = problems(error, model)
        raise InvalidSpec(first.message + _more(len(others)), hint=first.hint) from None


def parse(text: str, *, source: str) -> tuple[Manifest, ...]:
    """Return the objects of a YAML or JSON file in their order; UsageError names `source`, line and field."""
    found = tuple(obj for document in documents(text, source=source) for obj in _objects(document, (), source))
    if not found:
        raise UsageError(f"{source}: holds no object", hint="kubectl prism init NAME writes a file to start from")
    return found


def _objects(document: Document, at: tuple[str | int, ...], source: str) -> Iterator[Manifest]:
    """Yield the object at `at`, or the items of a List."""
    value = document.value
    for step in at:
        value = value[step]
    found = list(_identity_problems(value))
    if not found and value["kind"] == "List" and isinstance(value.get("items"), list):
        for index in range(len(value["items"])):
            yield from _objects(document, (*at, "items", index), source)
        return
    if not found:
        value = _without_nulls(value) if value["kind"] in MODELS else value
        found = list(_problems(value))
    if found:
        raise _usage_error(document, at, found, source)
    yield value


def _identity_problems(value: object) -> Iterator[Problem]:
    """Yield why `value` cannot be told to be an object of any kind."""
    if not isinstance(value, dict):
        yield Problem((), "not a Kubernetes object: a mapping with apiVersion, kind and metadata is wanted")
        return
    for field in ("kind", "apiVersion"):
        if not isinstance(value.get(field), str) or not value[field]:
            near = suggest.nearest(field, [name for name in map(str, value) if name not in _TOP_FIELDS])
            hint = f"is {near} meant to be {field}?" if near else f"e.g. {_EXAMPLES[field]}"
            yield Problem((field,), f"{field} is missing", hint)


_EXAMPLES = {"kind": "kind: PrismStack", "apiVersion": f"apiVersion: {API_VERSION}"}


def _problems(value: Manifest) -> Iterator[Problem]:
    kind, api_version = value["kind"], value["apiVersion"]
    if kind in MODELS and api_version != API_VERSION:
        yield Problem(("apiVersion",), f"{kind} has apiVersion {API_VERSION}, not {api_version}")
    elif api_version.split("/")[0] == GROUP and kind not in MODELS:
        yield Problem(("kind",), f"{GROUP} has no kind {kind}", suggest.hint(kind, MODELS))
    elif not (metadata := value.get("metadata")) or (isinstance(metadata, dict) and metadata.get("name") in (None, "")):
        yield Problem(("metadata", "name"), f"metadata.name of the {kind} is missing")
    elif not isinstance(metadata, dict):
        yield Problem(("metadata",), "metadata must be a mapping")
    elif not isinstance(metadata["name"], str):
        yield Problem(("metadata", "name"), "metadata.name must be a string; put it in quotes")
    elif kind in MODELS:
        yield from _model_problems(MODELS[kind], value)


def _model_problems(model: type[Schema], value: Manifest) -> Iterator[Problem]:
    """Yield what is wrong with an object of ours; its status is the server's business."""
    metadata = value["metadata"]
    yield from (unknown((name,), list(_TOP_FIELDS)) for name in value if name not in _TOP_FIELDS)
    yield from (unknown(("metadata", name), list(METADATA_FIELDS)) for name in metadata if name not in METADATA_FIELDS)
    judged = {"metadata": {name: metadata[name] for name in _JUDGED_METADATA if name in metadata}}
    judged |= {"spec": value["spec"]} if "spec" in value else {}
    try:
        model.model_validate_json(json.dumps(judged), strict=True, extra="forbid", by_alias=True, by_name=False)
    except ValidationError as error:
        yield from problems(error, model)


def _without_nulls(value: Any) -> Any:  # noqa: ANN401  # as open as JSON
    """Return `value` without mapping entries that are null: the API server drops them, too."""
    match value:
        case dict():
            return {name: _without_nulls(part) for name, part in value.items() if part is not None}
        case list():
            return [_without_nulls(part) for part in value]
    return value


def _usage_error(document: Document, at: tuple[str | int, ...], found: list[Problem], source: str) -> UsageError:
    """Return the error about the first problem in the file's order, with the number of others."""
    lines = [document.line((*at, *problem.path)) for problem in found]
    line, _, first = min(zip(lines, range(len(found)), found, strict=True))
    inside = f" (in {dotted(at)})" if at else ""
    return UsageError(f"{source}:{line}: {first.message}{inside}{_more(len(found) - 1)}", hint=first.hint)


def _more(others: int) -> str:
    return f"; and {others} more" if others else ""
