"""Field ownership: when a conversion is needed, what it says, and who alone holds the replicas."""

from __future__ import annotations

from kubectl_prism.model.meta import Manifest
from kubectl_prism.reconcile.fields import REPLICAS, conversion, is_only_owner


def entry(manager: str, operation: str, *, subresource: str = "", **fields: object) -> Manifest:
    """Return one managedFields entry that owns these fields of the spec."""
    owned = {f"f:{field}": value for field, value in fields.items()}
    found = {"manager": manager, "operation": operation, "apiVersion": "apps/v1", "fieldsV1": {"f:spec": owned}}
    return found | ({"subresource": subresource} if subresource else {})


def live(*entries: Manifest) -> Manifest:
    """Return an object with these entries."""
    return {"metadata": {"resourceVersion": "7", "managedFields": list(entries)}}


def test_what_was_applied_needs_no_conversion() -> None:
    """Neither do the entries of others nor ours on a subresource."""
    obj = live(
        entry("ours", "Apply", replicas={}),
        entry("theirs", "Update", replicas={}),
        entry("ours", "Update", subresource="status", replicas={}),
    )
    assert conversion(obj, "ours") == []
    assert conversion(live(), "ours") == []


def test_what_was_created_becomes_applied_at_that_very_version() -> None:
    """The patch fails where the object changed since it was read."""
    theirs = entry("theirs", "Update", paused={})
    assert conversion(live(theirs, entry("ours", "Update", replicas={})), "ours") == [
        {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "replace", "path": "/metadata/managedFields", "value": [theirs, entry("ours", "Apply", replicas={})]},
    ]


def test_created_and_applied_fields_become_one_set() -> None:
    """Nothing that either entry owned is lost, down to fields of one map."""
    obj = live(
        entry("ours", "Update", replicas={}, template={"f:metadata": {}}),
        entry("ours", "Apply", paused={}, template={"f:spec": {}}),
    )
    merged = conversion(obj, "ours")[1]["value"]
    assert merged == [entry("ours", "Apply", paused={}, template={"f:spec": {}, "f:metadata": {}}, replicas={})]


def test_replicas_are_ours_alone_only_where_no_other_entry_has_them() -> None:
    """A scaler owns them through the subresource, and then they are not ours alone."""
    ours = entry("ours", "Apply", replicas={})
    assert is_only_owner(live(ours, entry("theirs", "Update", paused={})), "ours", REPLICAS)
    assert not is_only_owner(live(ours, entry("hpa", "Update", subresource="scale", replicas={})), "ours", REPLICAS)
    assert not is_only_owner(live(entry("ours", "Apply", paused={})), "ours", REPLICAS)
