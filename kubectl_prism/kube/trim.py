"""What of an object is worth keeping in memory.

Pods, ReplicaSets and Nodes come in thousands and are mostly bytes that nobody here reads, so only the fields read are
decoded; every other kind is kept whole, but for managedFields, which are half of its bytes. Equal texts are kept once:
most of an object is what a thousand others say too. Leaf types are left open: a wrong type in a field that is only
shown must not cost the object.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

import msgspec

from kubectl_prism.model.meta import Manifest


class Metadata(TypedDict, total=False):
    """Who an object is and whose; msgspec skips, unread, every field that is not named here."""

    name: Any
    generateName: Any
    namespace: Any
    uid: Any
    resourceVersion: Any
    generation: Any
    creationTimestamp: Any
    deletionTimestamp: Any
    labels: Any
    ownerReferences: Any
    finalizers: Any


class Container(TypedDict, total=False):
    """A container as its pod asks for it."""

    name: Any
    image: Any
    ports: Any


class ContainerStatus(TypedDict, total=False):
    """A container as it runs."""

    name: Any
    image: Any
    ready: Any
    restartCount: Any
    state: Any
    lastState: Any


class PodSpec(TypedDict, total=False):
    """Where a pod runs, and what."""

    nodeName: Any
    containers: list[Container]
    initContainers: list[Container]


class Condition(TypedDict, total=False):
    """One thing that is so with a pod, or not."""

    type: Any
    status: Any
    reason: Any
    message: Any


class PodStatus(TypedDict, total=False):
    """How a pod fares."""

    phase: Any
    reason: Any
    message: Any
    podIP: Any
    conditions: list[Condition]
    containerStatuses: list[ContainerStatus]
    initContainerStatuses: list[ContainerStatus]


class Pod(TypedDict, total=False):
    """The fields of a Pod that are read."""

    metadata: Metadata
    spec: PodSpec
    status: PodStatus


class ReplicaSetSpec(TypedDict, total=False):
    """How many pods a ReplicaSet wants."""

    replicas: Any


class ReplicaSet(TypedDict, total=False):
    """The fields of a ReplicaSet that are read."""

    metadata: Metadata
    spec: ReplicaSetSpec
    status: Any


class NodeSpec(TypedDict, total=False):
    """What keeps pods off a node."""

    taints: Any
    unschedulable: Any


class NodeStatus(TypedDict, total=False):
    """Whether a node works, and what it has to give."""

    conditions: Any
    allocatable: Any


class Node(TypedDict, total=False):
    """The fields of a Node that are read."""

    metadata: Metadata
    spec: NodeSpec
    status: NodeStatus


class WholeMetadata(Metadata, total=False):
    """All that metadata hold, but for managedFields."""

    selfLink: Any
    deletionGracePeriodSeconds: Any
    annotations: Any


class Whole(TypedDict, total=False):
    """All that an object of any kind in `model.resource` holds at its top."""

    metadata: WholeMetadata
    spec: Any
    status: Any
    data: Any
    binaryData: Any
    stringData: Any
    immutable: Any
    type: Any
    rules: Any
    aggregationRule: Any
    roleRef: Any
    subjects: Any
    secrets: Any
    imagePullSecrets: Any
    automountServiceAccountToken: Any
    involvedObject: Any
    related: Any
    reason: Any
    message: Any
    action: Any
    source: Any
    reportingComponent: Any
    reportingInstance: Any
    count: Any
    series: Any
    eventTime: Any
    firstTimestamp: Any
    lastTimestamp: Any


_SHAPES: dict[str, Any] = {"Pod": Pod, "ReplicaSet": ReplicaSet, "Node": Node}


SHARED = 8192
"""Texts that are remembered to be shared; then remembering begins anew, so that those of objects that went go too."""

ALIKE = frozenset(
    {
        *("labels", "ownerReferences", "containers", "initContainers", "conditions"),
        *("ports", "resources", "securityContext", "volumeMounts", "readinessProbe", "livenessProbe", "startupProbe"),
        *("strategy", "affinity", "tolerations", "topologySpreadConstraints"),
    }
)
"""What pods of one ReplicaSet have in common, often all children of one object, and workloads of one make."""

ALIKE_ITEMS = frozenset({"env", "volumes", "items"})
"""Lists that are seldom alike as a whole, but often item by item."""

SHARED_PARTS = 512
"""The same of parts: what belongs together comes together."""

_texts: dict[str, str] = {}
_parts: dict[bytes, Any] = {}


def share(obj: Manifest, before: Manifest | None = None) -> None:
    """Keep what is equal once, in an object that nobody else holds yet.

    What did not change since `before` is taken from there; of the rest, one text is put in the place of all that are
    equal.
    """
    if len(_texts) > SHARED:
        _texts.clear()
    if len(_parts) > SHARED_PARTS:
        _parts.clear()
    _share(obj, obj.items(), before or {})


def _share(
    holder: Any,  # noqa: ANN401 (list or mapping)
    items: Iterable[tuple[Any, Any]],
    before: Manifest,
    *,
    are_alike: bool = False,
) -> None:
    for key, value in items:
        kind = type(value)
        if kind is str:
            holder[key] = _texts.setdefault(value, value)
            continue
        if kind is not dict and kind is not list:
            continue
        known = before.get(key)
        if known is not None and _is_same(known, value):
            holder[key] = known
        elif (are_alike or key in ALIKE) and (
            alike := _parts.setdefault(msgspec.json.encode(value), value)
        ) is not value:
            holder[key] = alike
        elif kind is dict:
            _share(value, value.items(), known if type(known) is dict else {})
        else:
            _share(value, enumerate(value), {}, are_alike=key in ALIKE_ITEMS)


def _is_same(one: Any, other: Any) -> bool:  # noqa: ANN401 (whatever JSON can say)
    """Tell whether two values are the same JSON; to Python alone, 1, 1.0 and true are equal."""
    return bool(one == other) and msgspec.json.encode(one) == msgspec.json.encode(other)


def shape(kind: str) -> Any:  # noqa: ANN401 (a type form, which Python 3.11 cannot name)
    """Return the type to decode a kind into."""
    return _SHAPES.get(kind, Whole)


def odd(obj: Manifest) -> None:
    """Drop a spec or a status that is no mapping, and conditions that are none, from an object that nobody else holds.

    The API server gives out what etcd holds, and does not hold that against its kind again.
    """
    for field in ("spec", "status"):
        if field in obj and not isinstance(obj[field], dict):
            del obj[field]
    status = obj.get("status") or {}
    if (found := status.get("conditions")) is not None:
        status["conditions"] = [one for one in found if _is_condition(one)] if isinstance(found, list) else []


_TOLD = ("reason", "message", "lastTransitionTime")


def _is_condition(value: Any) -> bool:  # noqa: ANN401 (whatever JSON can say)
    return (
        isinstance(value, dict)
        and isinstance(value.get("type"), str)
        and isinstance(value.get("status"), str)
        and all(isinstance(value.get(field, ""), str) for field in _TOLD)
    )
