"""Objects as an API server returns them, for the tests of this room."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kubectl_prism.model.meta import Manifest

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BORN = "2026-01-02T03:01:05Z"


def named(kind: str, name: str, *, owner: Manifest | None = None, **body: Any) -> Manifest:  # noqa: ANN401 (as open as JSON)
    """Return an object of namespace `shop`."""
    reference = {"kind": owner["kind"], "uid": owner["metadata"]["uid"], "controller": True} if owner else None
    metadata: Manifest = {
        "name": name,
        "namespace": "shop",
        "uid": f"{kind}-{name}",
        "generation": 1,
        "creationTimestamp": BORN,
        "labels": body.pop("labels", {}),
    }
    if reference:
        metadata["ownerReferences"] = [reference]
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **body}


def conditions(ready: str = "True", *, reason: str = "Ok", message: str = "", stalled: str = "False") -> Manifest:
    """Return a status with the conditions that a reconciler writes."""
    return {
        "conditions": [
            {"type": "Ready", "status": ready, "reason": reason, "message": message, "observedGeneration": 1},
            {"type": "Stalled", "status": stalled, "reason": reason, "message": message, "observedGeneration": 1},
        ]
    }


def deployment(name: str, owner: Manifest, component: str, *, wanted: int = 1, available: int = 1) -> Manifest:
    """Return a Deployment whose pods carry the label `runner`."""
    status = {
        "observedGeneration": 1,
        "replicas": wanted,
        "updatedReplicas": wanted,
        "availableReplicas": available,
    }
    return named(
        "Deployment",
        name,
        owner=owner,
        labels={"component": component},
        spec={
            "replicas": wanted,
            "selector": {"matchLabels": {"runner": name}},
            "template": {"spec": {"nodeSelector": {"role": "gpu"}}},
        },
        status=status,
    )


def pod(name: str, runner: str, **status: Any) -> Manifest:  # noqa: ANN401 (as open as JSON)
    """Return a pod of the Deployment `runner`; it is running and ready unless `status` says otherwise."""
    fine = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "main", "ready": True, "restartCount": 0, "state": {"running": {}}}],
    }
    return named(
        "Pod",
        name,
        labels={"runner": runner},
        spec={"nodeName": "node-1", "containers": [{"name": "main"}]},
        status=status or fine,
    )


UNSCHEDULABLE = (
    "0/9 nodes are available: 3 node(s) had untolerated taint(s), 6 node(s) didn't match Pod's node affinity/selector."
    " no new claims to deallocate, preemption: 0/9 nodes are available: 9 Preemption is not helpful for scheduling."
)


def unschedulable(message: str = UNSCHEDULABLE) -> Manifest:
    """Return the status of a pod that no node takes."""
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return {"phase": "Pending", "conditions": [condition]}


def container(**status: Any) -> Manifest:  # noqa: ANN401 (as open as JSON)
    """Return the status of a pod with one container in this state."""
    return {"phase": "Pending", "containerStatuses": [{"name": "main", "image": "x/y:1", "ready": False, **status}]}
