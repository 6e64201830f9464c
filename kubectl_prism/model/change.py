"""One write that a person may confirm: what would be done, to which object, and the same as a kubectl command.

Builders make Changes and `preview` says what would differ; both are pure. The screen and `doctor` show them; whoever
does a Change sends `patch` as it stands, as a JSON merge patch (RFC 7386).
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest, Ref

RESTARTED = "kubectl.kubernetes.io/restartedAt"
"""The annotation of a pod template that `kubectl rollout restart` sets."""

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One write; `words` say it in the imperative, without the object, and `command` is complete.

    What is changed must still carry `uid`; any object of that name will do where it is empty.
    """

    verb: Literal["patch", "delete"]
    ref: Ref
    words: str
    patch: Manifest = field(default_factory=dict)
    subresource: str = ""
    uid: str = ""
    command: str = field(kw_only=True)


def argument(ref: Ref) -> str:
    """Return an object as kubectl takes it: `prismpattern kv -n shop`."""
    namespace = f" -n {shlex.quote(ref.namespace)}" if ref.namespace else ""
    return f"{ref.kind.lower()} {shlex.quote(ref.name)}{namespace}"


def scale(pattern: Manifest, replicas: int) -> Change:
    """Return the Change of how many runners a PrismPattern has; without effect where an autoscaler decides."""
    ref = _ref(pattern)
    return Change(
        "patch",
        ref,
        f"scale to {_counted(replicas)}",
        {"spec": {"replicas": replicas}},
        subresource="scale",
        uid=_text_of(meta.uid(pattern)),
        command=f"kubectl scale {argument(ref)} --replicas={replicas}",
    )


def scale_program(stack: Manifest, program: str, replicas: int) -> Change:
    """Return the Change of how many proxies or admins a PrismStack has; `program` is `proxy` or `admin`."""
    words = f"scale its {'proxies' if program == 'proxy' else 'admins'} to {_counted(replicas)}"
    return patched(stack, {"spec": {program: {"replicas": replicas}}}, words)


def restart(deployment: Manifest, now: datetime) -> Change:
    """Return the Change that replaces all pods of a Deployment, as `kubectl rollout restart` does."""
    ref = _ref(deployment)
    template = {"metadata": {"annotations": {RESTARTED: now.isoformat(timespec="seconds").replace("+00:00", "Z")}}}
    return Change(
        "patch",
        ref,
        "replace its pods, one after another",
        {"spec": {"template": template}},
        uid=_text_of(meta.uid(deployment)),
        command=f"kubectl rollout restart {argument(ref)}",
    )


def pause(obj: Manifest) -> Change:
    """Return the Change that has an object left as it is, or reconciled again where it is paused."""
    ref, is_paused = meta.ref(obj), meta.is_paused(obj)
    return Change(
        "patch",
        ref,
        "go on reconciling it" if is_paused else "pause: leave it as it is",
        {"metadata": {"annotations": {meta.PAUSED: None if is_paused else "true"}}},
        uid=meta.uid(obj),
        command=f"kubectl annotate {argument(ref)} {meta.PAUSED}{'-' if is_paused else '=true'}",
    )


def delete(obj: Manifest) -> Change:
    """Return the deletion of an object."""
    ref = _ref(obj)
    return Change("delete", ref, "delete", uid=_text_of(meta.uid(obj)), command=f"kubectl delete {argument(ref)}")


def label_node(node: Manifest, labels: Mapping[str, str]) -> Change:
    """Return the Change that gives a node these labels."""
    ref, held = _ref(node), meta.labels(node)
    said = [f"{key}={value}" for key, value in sorted(labels.items())]
    overwrite = ["--overwrite"] if any(held.get(key, value) != value for key, value in labels.items()) else []
    return Change(
        "patch",
        ref,
        f"label with {', '.join(said)}",
        {"metadata": {"labels": dict(sorted(labels.items()))}},
        uid=_text_of(meta.uid(node)),
        command=f"kubectl label {argument(ref)} {shlex.join([*said, *overwrite])}",
    )


def patched(obj: Manifest, patch: Manifest, words: str) -> Change:
    """Return the Change of some fields of an object."""
    ref = _ref(obj)
    text = shlex.quote(json.dumps(patch, separators=(",", ":"), ensure_ascii=False))
    command = f"kubectl patch {argument(ref)} --type=merge -p {text}"
    return Change("patch", ref, words, patch, uid=_text_of(meta.uid(obj)), command=command)


def merged(value: object, patch: object) -> object:
    """Return what a JSON merge patch makes of a value, as RFC 7386 has it."""
    if not isinstance(patch, dict):
        return patch
    result = dict(value) if isinstance(value, dict) else {}
    for name, part in patch.items():
        if part is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), part)
    return result


def preview(change: Change, obj: Manifest) -> list[str]:
    """Return what would differ of `obj`, the object that is there, as lines of a diff; none where nothing would."""
    if change.uid and change.uid != meta.uid(obj):
        return [f"! {change.ref} was made anew meanwhile: nothing will be changed"]
    if change.verb == "delete":
        return list(_deletion(change.ref, obj))
    return list(_differences((), obj, merged(obj, change.patch)))


def _ref(obj: Manifest) -> Ref:
    """Return the reference of an object; what of it is no text is empty."""
    return Ref(*map(_text_of, meta.ref(obj)))


def _text_of(value: object) -> str:
    return value if isinstance(value, str) else ""


def _differences(path: tuple[str, ...], before: object, after: object) -> Iterator[str]:
    if isinstance(after, dict) and (isinstance(before, dict) or before is _ABSENT):
        held = before if isinstance(before, dict) else {}
        for name in sorted({*held, *after}):
            yield from _differences((*path, name), held.get(name, _ABSENT), after.get(name, _ABSENT))
        return
    if before == after:
        return
    if before is not _ABSENT:
        yield f"- {_dotted(path)}: {_text(before)}"
    if after is not _ABSENT:
        yield f"+ {_dotted(path)}: {_text(after)}"


def _deletion(ref: Ref, obj: Manifest) -> Iterator[str]:
    """Yield the object and what goes with it."""
    yield f"- {ref}"
    for name, kind in (("patterns", "PrismPattern"), ("backends", "PrismBackend"), ("namespaces", "PrismNamespace")):
        for child in _members(obj, name) if ref.kind == "PrismStack" else ():
            yield f"- {Ref(kind, ref.namespace, child)}"
    if words := _CHILDREN.get(ref.kind):
        yield f"- {words}: the API server collects them as garbage"
    if finalizers := meta.finalizers(obj):
        yield f"! it stays until {', '.join(finalizers)} is done"
    if owner := meta.controller_of(obj):
        yield f"! {owner.get('kind')} {owner.get('name')} controls it, and makes it anew"


_CHILDREN = {
    "PrismStack": "its proxies and admins with their pods, Services, rights and autoscalers",
    "PrismPattern": "its Deployment with its pods, Service, ConfigMap and autoscaler",
    "PrismBackend": "its ConfigMap and Secret with the connection",
    "Deployment": "its ReplicaSets and pods",
}
"""What goes with an object that is deleted, by its kind."""


def _members(obj: Manifest, field: str) -> list[str]:
    spec = obj.get("spec")
    found = spec.get(field) if isinstance(spec, dict) else None
    return [str(one.get("name")) for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _dotted(path: tuple[str, ...]) -> str:
    """Return a path as people write it; a name with dots in it stands in brackets."""
    parts = [f"[{name}]" if "." in name else f".{name}" for name in path]
    return "".join(parts).lstrip(".")


def _text(value: object) -> str:
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def _counted(replicas: int) -> str:
    return f"{replicas} replica" if replicas == 1 else f"{replicas} replicas"
