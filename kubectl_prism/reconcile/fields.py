"""Field ownership, as managedFields record it: what must be settled before a server-side apply may drop a field.

Pure; `apply` calls it with a freshly read object. An object that we created by POST carries our fields in an `Update`
entry, and a server-side apply never removes what another entry owns, even one of the same manager.
"""

from __future__ import annotations

from kubectl_prism.model.meta import Manifest, resource_version

REPLICAS = ("f:spec", "f:replicas")


def conversion(live: Manifest, manager: str) -> list[Manifest]:
    """Return the JSON patch that turns what `manager` updated into what it applied; empty where there is nothing.

    The patch holds only for the very version that was read: it begins with a test of the resourceVersion.
    """
    entries = _entries(live)
    updated = [entry for entry in entries if _is_of(entry, manager, "Update")]
    if not updated:
        return []
    applied = [entry for entry in entries if _is_of(entry, manager, "Apply")]
    kept = [entry for entry in entries if entry not in updated and entry not in applied]
    fields: Manifest = {}
    for entry in (*applied, *updated):
        fields = _union(fields, entry.get("fieldsV1") or {})
    merged = {**(applied or updated)[0], "operation": "Apply", "fieldsV1": fields}
    return [
        {"op": "test", "path": "/metadata/resourceVersion", "value": resource_version(live)},
        {"op": "replace", "path": "/metadata/managedFields", "value": [*kept, merged]},
    ]


def is_only_owner(live: Manifest, manager: str, path: tuple[str, ...]) -> bool:
    """Tell whether `manager` owns the field at `path` (such as `REPLICAS`) and nobody else does."""
    owners = {
        (entry.get("manager"), entry.get("subresource") or "")
        for entry in _entries(live)
        if _holds(entry.get("fieldsV1") or {}, path)
    }
    return owners == {(manager, "")}


def _entries(live: Manifest) -> list[Manifest]:
    return [entry for entry in live["metadata"].get("managedFields") or [] if isinstance(entry, dict)]


def _is_of(entry: Manifest, manager: str, operation: str) -> bool:
    return entry.get("manager") == manager and entry.get("operation") == operation and not entry.get("subresource")


def _holds(fields: Manifest, path: tuple[str, ...]) -> bool:
    for step in path:
        if step not in fields:
            return False
        fields = fields[step]
    return True


def _union(left: Manifest, right: Manifest) -> Manifest:
    """Return the set of fields that is in either of two sets."""
    both = {field: _union(left[field], right[field]) for field in left.keys() & right.keys()}
    return {**left, **right, **both}
