"""Object metadata: keys, references and ownership, read leniently from plain manifests."""

from datetime import datetime
from typing import Any, NamedTuple

Manifest = dict[str, Any]

GROUP = "prism.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

FIELD_MANAGER = "prism-operator"
"""The field manager of everything that the reconciler writes."""

CLIENT_MANAGER = "kubectl-prism"
"""The field manager of everything that a person's command applies."""

PAUSED = "prism.io/paused"
"""The annotation by which a person has an object left as it is: `"true"`."""


class Key(NamedTuple):
    """An object within its kind; `namespace` is empty where the kind has none."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class Ref(NamedTuple):
    """An object of any kind."""

    kind: str
    namespace: str
    name: str

    @property
    def key(self) -> Key:
        """The object within its kind."""
        return Key(self.namespace, self.name)

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


def _mapping(value: object) -> Manifest:
    return value if isinstance(value, dict) else {}


def _metadata(obj: Manifest) -> Manifest:
    found = obj.get("metadata")
    return found if isinstance(found, dict) else {}


def key(obj: Manifest) -> Key:
    """Return where `obj` stands within its kind."""
    metadata = _metadata(obj)
    return Key(metadata.get("namespace") or "", metadata.get("name") or "")


def ref(obj: Manifest) -> Ref:
    """Return the reference of `obj`."""
    return Ref(obj.get("kind") or "", *key(obj))


def uid(obj: Manifest) -> str:
    """Return the uid the API server gave, or an empty string."""
    return _metadata(obj).get("uid") or ""


def generation(obj: Manifest) -> int:
    """Return metadata.generation, 0 where there is none."""
    return _metadata(obj).get("generation") or 0


def resource_version(obj: Manifest) -> str:
    """Return metadata.resourceVersion, or an empty string."""
    return _metadata(obj).get("resourceVersion") or ""


def labels(obj: Manifest) -> dict[str, str]:
    """Return the labels; an empty dict where there are none."""
    return _mapping(_metadata(obj).get("labels"))


def annotations(obj: Manifest) -> dict[str, str]:
    """Return the annotations; an empty dict where there are none."""
    return _mapping(_metadata(obj).get("annotations"))


def is_paused(obj: Manifest) -> bool:
    """Tell whether a person wants an object left as it is."""
    return annotations(obj).get(PAUSED) == "true"


def is_deleting(obj: Manifest) -> bool:
    """Tell whether deletion of `obj` has begun."""
    return bool(_metadata(obj).get("deletionTimestamp"))


def deleted_at(obj: Manifest) -> datetime | None:
    """Return when the deletion of `obj` began; None where it did not, or says nothing that can be read."""
    try:
        return datetime.fromisoformat(_metadata(obj).get("deletionTimestamp") or "")
    except (TypeError, ValueError):
        return None


def finalizers(obj: Manifest) -> list[str]:
    """Return what must be done before `obj` may go."""
    found = _metadata(obj).get("finalizers")
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def owner_reference(obj: Manifest) -> Manifest:
    """Return the ownerReference that makes `obj` the controller of a child."""
    return {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "name": obj["metadata"]["name"],
        "uid": obj["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_of(obj: Manifest) -> Manifest | None:
    """Return the ownerReference of the controller of `obj`, if it has one."""
    found = _metadata(obj).get("ownerReferences")
    for reference in found if isinstance(found, list) else ():
        if isinstance(reference, dict) and reference.get("controller"):
            return reference
    return None


def owner_uid(obj: Manifest) -> str:
    """Return the uid of the controller of `obj`, or an empty string."""
    found = (controller_of(obj) or {}).get("uid")
    return found if isinstance(found, str) else ""


def is_owned_by(obj: Manifest, owner: Manifest) -> bool:
    """Tell whether `owner`, by its uid, is the controller of `obj`."""
    reference = controller_of(obj)
    return reference is not None and reference.get("uid") == uid(owner)
