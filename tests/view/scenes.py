"""A stack with all its parts, of which tests break one at a time, for the tests of findings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from kubectl_prism.model.finding import Finding
from kubectl_prism.model.meta import Manifest
from kubectl_prism.view.findings import findings
from kubectl_prism.view.objects import Objects
from tests.view.objects import NOW, conditions, named

IMAGE = "ghcr.io/prism/keyvalue-runner:latest"
STACK = named("PrismStack", "demo", spec={"patterns": [{"name": "kv"}]}, status=conditions())
PATTERN = named("PrismPattern", "kv", owner=STACK, spec={"pattern": "keyvalue", "backend": "pg"}, status=conditions())
BACKEND = named("PrismBackend", "pg", owner=STACK, spec={"type": "database"}, status=conditions())
TENANT = named("PrismNamespace", "acme", spec={"proxyRef": {"name": "demo-proxy"}}, status=conditions())


def ago(seconds: float) -> str:
    """Return a time in the past, as Kubernetes writes it."""
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def program(
    name: str, owner: Manifest, component: str, *, pod_spec: Manifest | None = None, status: Manifest | None = None
) -> Manifest:
    """Return the Deployment of a program, which selects its pods by `runner`."""
    fine = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": {"runner": name}},
        "template": {"spec": {"containers": [{"name": "main", "image": IMAGE}], **(pod_spec or {})}},
    }
    return named("Deployment", name, owner=owner, labels={"component": component}, spec=spec, status=status or fine)


def pod(name: str, runner: str, status: Manifest, **spec: Any) -> Manifest:  # noqa: ANN401 - JSON
    """Return a pod of the Deployment `runner` in this state."""
    held = {"nodeName": "node-1", "containers": [{"name": "main", "image": IMAGE}], **spec}
    return named("Pod", name, labels={"runner": runner}, spec=held, status=status)


def running(**status: Any) -> Manifest:  # noqa: ANN401 - JSON
    """Return the status of a pod that is ready, but for what is said otherwise."""
    main = {"name": "main", "ready": True, "restartCount": 0, "state": {"running": {}}, **status}
    ready = {"type": "Ready", "status": str(main["ready"])}
    return {"phase": "Running", "conditions": [ready], "containerStatuses": [main]}


def waiting(reason: str, message: str = "", **status: Any) -> Manifest:  # noqa: ANN401 - JSON
    """Return the status of a pod whose container waits."""
    return running(ready=False, state={"waiting": {"reason": reason, "message": message}}, **status)


def unplaced(message: str) -> Manifest:
    """Return the status of a pod that no node takes."""
    said = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return {"phase": "Pending", "conditions": [said]}


def node(
    name: str, *, ready: bool = True, taints: Iterable[Manifest] = (), cordoned: bool = False, **labels: str
) -> Manifest:
    """Return a node."""
    spec: Manifest = {"taints": list(taints), **({"unschedulable": True} if cordoned else {})}
    status = {"conditions": [{"type": "Ready", "status": str(ready), "reason": "KubeletReady" if ready else "Silent"}]}
    return {"kind": "Node", "metadata": {"name": name, "uid": name, "labels": labels}, "spec": spec, "status": status}


def lease(
    name: str = "prism-operator", namespace: str = "shop", *, holder: str = "up@laptop", renewed: float = 1
) -> Manifest:
    """Return a Lease that was renewed so many seconds ago."""
    record = {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": ago(renewed)}
    return {"kind": "Lease", "metadata": {"name": name, "namespace": namespace}, "spec": record}


def event(kind: str, name: str, reason: str, message: str, **more: Any) -> Manifest:  # noqa: ANN401 - JSON
    """Return a warning about an object of namespace `shop`."""
    about = {"kind": kind, "namespace": "shop", "name": name}
    return {"kind": "Event", "type": "Warning", "reason": reason, "message": message, "involvedObject": about, **more}


PROXY = program("demo-proxy", STACK, "prism-proxy")
ADMIN = program("demo-admin", STACK, "prism-admin")
RUNNER = program("kv", PATTERN, "prism-pattern")
LEASES = (lease(),)


def seen(**parts: tuple[Manifest, ...]) -> Objects:
    """Return a stack that is well, but for the parts that are given."""
    whole: dict[str, Any] = {
        "stacks": (STACK,),
        "patterns": (PATTERN,),
        "backends": (BACKEND,),
        "namespaces": (TENANT,),
        "deployments": (PROXY, ADMIN, RUNNER),
        "pods": tuple(pod(f"{name}-1", name, running()) for name in ("demo-proxy", "demo-admin", "kv")),
        "nodes": (node("node-1"), node("node-2")),
    }
    return Objects(**{**whole, **parts})


def found(
    objects: Objects, *, leases: tuple[Manifest, ...] = LEASES, events: tuple[Manifest, ...] = ()
) -> list[Finding]:
    """Return the findings now."""
    return findings(objects, leases, events, NOW)


def only(objects: Objects, *, leases: tuple[Manifest, ...] = LEASES, events: tuple[Manifest, ...] = ()) -> Finding:
    """Return the only finding that there is."""
    (one,) = found(objects, leases=leases, events=events)
    return one


def chain(one: Finding) -> list[str]:
    """Return the objects from the symptom to the cause."""
    return [f"{link.ref.kind} {link.ref.name}" for link in one.chain]
