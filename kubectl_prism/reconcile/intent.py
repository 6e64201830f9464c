"""What we want of an object: how it is told in the object itself, and what of it a live object holds.

Pure; used by `apply` alone.
"""

from __future__ import annotations

import hashlib

import msgspec

from kubectl_prism.model.meta import Manifest, owner_reference
from kubectl_prism.reconcile.compare import project

INTENT = "prism.io/intent"
"""The annotation that carries the digest of what we last wanted a child to be."""


def wanted(owner: Manifest, intent: Manifest) -> tuple[Manifest, str]:
    """Return the intent with its owner and its digest in it, and the digest."""
    metadata = {**intent["metadata"], "ownerReferences": [owner_reference(owner)]}
    found = digest({**intent, "metadata": metadata})
    return {
        **intent,
        "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), INTENT: found}},
    }, found


def told(live: Manifest) -> str | None:
    """Return the digest of what was wanted of a live object; None where it carries none."""
    found: str | None = (live["metadata"].get("annotations") or {}).get(INTENT)
    return found


def digest(value: Manifest) -> str:
    """Return the digest of a manifest or a part of one."""
    return hashlib.blake2b(msgspec.json.encode(value, order="deterministic"), digest_size=16).hexdigest()


def held(live: Manifest, wanted: Manifest) -> str:
    """Return the digest of what `live` holds of that which is wanted."""
    return digest(project(live, wanted))


def is_marked(live: Manifest, wanted: Manifest) -> bool:
    """Tell whether `live` has the labels, annotations and owner that are wanted."""
    there, ours = live["metadata"], wanted["metadata"]
    return ours["ownerReferences"][0] in (there.get("ownerReferences") or ()) and all(
        (there.get(field) or {}).items() >= (ours.get(field) or {}).items() for field in ("labels", "annotations")
    )


def identified(live: Manifest, part: Manifest) -> Manifest:
    """Return a partial manifest that means exactly the object `live`, by its uid."""
    metadata = {field: live["metadata"][field] for field in ("name", "namespace", "uid") if live["metadata"].get(field)}
    return {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata, **part}


def merged(manifest: Manifest, part: Manifest) -> Manifest:
    """Return `manifest` with the maps of `part` laid over it."""
    both = dict(manifest)
    for field, value in part.items():
        is_map = isinstance(value, dict) and isinstance(both.get(field), dict)
        both[field] = merged(both[field], value) if is_map else value
    return both


def sets_replicas(wanted: Manifest) -> bool:
    """Tell whether a manifest says how many replicas there are to be."""
    spec = wanted.get("spec")
    return isinstance(spec, dict) and "replicas" in spec
