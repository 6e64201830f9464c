"""The outer shape that every manifest of this room has.

What is empty is left out of it: an applier owns every field that it writes.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.resource import resource


def present(**fields: object) -> Manifest:
    """Return the fields that hold something: no None, no empty list or mapping."""
    return {name: value for name, value in fields.items() if value is not None and value != {} and value != []}


def manifest(
    kind: str,
    *,
    name: str,
    namespace: str,
    labels: Mapping[str, str],
    annotations: Mapping[str, str] | None = None,
    **body: object,
) -> Manifest:
    """Return an object of `kind`; `body` is what stands beside its metadata."""
    metadata = present(name=name, namespace=namespace, labels=dict(labels), annotations=dict(annotations or {}))
    return {"apiVersion": resource(kind).api_version, "kind": kind, "metadata": metadata, **body}


def canonical(value: object) -> bytes:
    """Return the one spelling of a value, for hashes."""
    return msgspec.json.encode(value, order="sorted")
