"""An API server in a dict, for what a real one cannot be asked to do at a given moment.

It knows resourceVersions, uids, uid preconditions and a merge that is good enough for flat manifests; it knows nothing
of field ownership, which is tested on a real server.
"""

from __future__ import annotations

import copy
import itertools

from kubectl_prism.kube.errors import AlreadyExists, Conflict, Invalid, NotFound
from kubectl_prism.model.meta import FIELD_MANAGER, Manifest, Ref, ref, uid
from kubectl_prism.store import Store


class Clock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class Server:
    """Objects by reference; `calls` lists every verb with its object, in order."""

    def __init__(self) -> None:
        self.objects: dict[Ref, Manifest] = {}
        self.calls: list[str] = []
        self.fail: dict[str, Exception] = {}  # verb → what its next call raises
        self.overtaken = 0  # how many patches come too late
        self.rewords: dict[str, str] = {}  # values of data that the server writes in its own way
        self._versions = itertools.count(100)

    async def get(self, kind: str, namespace: str, name: str) -> Manifest:
        """Return one object."""
        target = Ref(kind, namespace, name)
        self._called("get", target)
        return copy.deepcopy(self._held(target))

    async def create(self, manifest: Manifest, *, manager: str = FIELD_MANAGER) -> Manifest:
        """Create an object."""
        target = ref(manifest)
        self._called("create", target)
        if target in self.objects:
            raise AlreadyExists(409, "AlreadyExists", f"{target} exists")
        return self.put(manifest)

    async def apply(
        self, manifest: Manifest, *, manager: str = FIELD_MANAGER, subresource: str | None = None, force: bool = True
    ) -> Manifest:
        """Merge a manifest into an object, or make it."""
        target = ref(manifest)
        self._called("apply" if subresource is None else f"apply {subresource}", target)
        if target not in self.objects and subresource:
            raise NotFound(404, "NotFound", f"{target} not found")
        held = self.objects.get(target, {})
        wanted = manifest["metadata"].get("uid")
        if wanted is not None and wanted != (uid(held) if held else None):
            raise Conflict(409, "Conflict", "another uid")
        return self.put(_merge(held, manifest))

    async def patch(
        self, kind: str, namespace: str, name: str, operations: list[Manifest], *, subresource: str | None = None
    ) -> Manifest:
        """Set top-level fields; all that is needed."""
        target = Ref(kind, namespace, name)
        self._called("patch" if subresource is None else f"patch {subresource}", target)
        if self.overtaken:
            self.overtaken -= 1
            raise Invalid(422, "Invalid", "the test of the resourceVersion failed")
        sets = [operation for operation in operations if operation["op"] == "add"]
        changes = {operation["path"].strip("/"): operation["value"] for operation in sets}
        return self.put({**self._held(target), **changes})

    async def delete(
        self, kind: str, namespace: str, name: str, *, uid: str | None = None, propagation: str = "Background"
    ) -> None:
        """Delete an object."""
        target = Ref(kind, namespace, name)
        self._called("delete", target)
        if uid is not None and self._held(target)["metadata"]["uid"] != uid:
            raise Conflict(409, "Conflict", "another uid")
        del self.objects[target]

    def put(self, manifest: Manifest) -> Manifest:
        """Hold an object, as anybody may; a new resourceVersion only where something changed."""
        held, obj = self.objects.get(ref(manifest)), copy.deepcopy(manifest)
        obj |= {"data": {name: self.rewords.get(value, value) for name, value in (obj.get("data") or {}).items()}}
        obj["metadata"].setdefault("uid", f"uid-{next(self._versions)}")
        if held is None or held != {**obj, "metadata": {**obj["metadata"], "resourceVersion": _version(held)}}:
            obj["metadata"]["resourceVersion"] = str(next(self._versions))
        else:
            obj = held
        self.objects[ref(manifest)] = obj
        return copy.deepcopy(obj)

    def show(self, store: Store) -> None:
        """Let the store see everything as it is now."""
        kinds = {target.kind for target in self.objects} | {"ConfigMap"}
        for kind in kinds:
            store.replace(kind, [copy.deepcopy(obj) for target, obj in self.objects.items() if target.kind == kind])

    def took(self) -> list[str]:
        """Return the calls since the last time."""
        calls, self.calls = self.calls, []
        return calls

    def _called(self, verb: str, target: Ref) -> None:
        self.calls.append(f"{verb} {target}")
        if verb in self.fail:
            raise self.fail.pop(verb)

    def _held(self, target: Ref) -> Manifest:
        if target not in self.objects:
            raise NotFound(404, "NotFound", f"{target} not found")
        return self.objects[target]


def config_map(name: str, *, data: Manifest | None = None, **metadata: object) -> Manifest:
    """Return a ConfigMap; `metadata` adds to its metadata."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default", **metadata},
        **({} if data is None else {"data": data}),
    }


def _version(obj: Manifest) -> str:
    version: str = obj["metadata"]["resourceVersion"]
    return version


def _merge(held: Manifest, manifest: Manifest) -> Manifest:
    merged = dict(held)
    for field, value in manifest.items():
        is_map = isinstance(value, dict) and isinstance(merged.get(field), dict)
        merged[field] = _merge(merged[field], value) if is_map else value
    return merged
