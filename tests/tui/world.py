"""A small world to draw: two stacks, one of them in trouble, with everything that a page shows. Nothing of it runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from kubectl_prism.store import Store

Manifest = dict[str, Any]

NOW = datetime(2030, 1, 1, 12, 0, 0, tzinfo=UTC)
HOME = "prism-system"
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
MANAGED = {"app.kubernetes.io/managed-by": "prism-operator"}

_versions = count(1)


def ago(**time: float) -> str:
    """Return when something was so long ago."""
    return f"{NOW - timedelta(**time):%Y-%m-%dT%H:%M:%SZ}"


def obj(
    kind: str,
    name: str,
    *,
    owner: Manifest | None = None,
    labels: Manifest | None = None,
    **body: Any,  # noqa: ANN401 - JSON
) -> Manifest:
    """Return an object as the API server might have it, an hour old."""
    metadata: Manifest = {
        "name": name,
        "namespace": HOME,
        "uid": f"uid-{kind}-{name}",
        "resourceVersion": str(next(_versions)),
        "generation": 1,
        "creationTimestamp": ago(hours=1),
        "labels": labels or {},
    }
    if kind == "Node":
        del metadata["namespace"]
    if owner is not None:
        reference = {"kind": owner["kind"], "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
        metadata["ownerReferences"] = [{**reference, "controller": True}]
    group = "prism.io/v1alpha1" if kind.startswith("Prism") else "apps/v1" if kind == "Deployment" else "v1"
    return {"apiVersion": group, "kind": kind, "metadata": metadata, **body}


def judged(ready: str = "True", reason: str = "Ready", message: str = "", **more: object) -> Manifest:
    """Return a status whose Ready says this."""
    since = ago(minutes=30)
    kept = {"lastTransitionTime": since, "observedGeneration": 1}
    found = [
        {"type": "Ready", "status": ready, "reason": reason, "message": message, **kept},
        {"type": "Reconciling", "status": str(ready != "True"), "reason": reason, "message": message, **kept},
        {"type": "Stalled", "status": "False", "reason": "NotStalled", "message": "", **kept},
    ]
    return {"observedGeneration": 1, "conditions": found, **more}


def healthy() -> Manifest:
    """Return the status of a backend that answered twenty seconds ago."""
    found = judged(lastChecked=ago(seconds=20), answersWithin="100ms")
    found["conditions"].append({"type": "Healthy", "status": "True", "reason": "Healthy", "observedGeneration": 1})
    return found


def node(number: int) -> Manifest:
    """Return a simulated node in one of three zones."""
    labels = {"topology.kubernetes.io/zone": ZONES[number % 3], "prism.io/simulated": "true"}
    ready = [{"type": "Ready", "status": "True"}]
    return obj("Node", f"node-{number}", labels=labels, spec={}, status={"conditions": ready})


def program(name: str, owner: Manifest, labels: Manifest, *, replicas: int = 2, bad: str = "") -> Iterator[Manifest]:
    """Yield a Deployment and its pods; `bad` is why none of them can be scheduled."""
    labels = {**labels, **MANAGED}
    available = 0 if bad else replicas
    template: Manifest = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "main", "image": f"{name}:1"}]},
    }
    if bad:
        template["spec"]["nodeSelector"] = {"role": "prism-proxy"}
    status = {
        "observedGeneration": 1,
        "replicas": replicas,
        "updatedReplicas": replicas,
        "readyReplicas": available,
        "availableReplicas": available,
    }
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    yield obj("Deployment", name, owner=owner, labels=labels, spec=spec, status=status)
    for number in range(replicas):
        yield pod(f"{name}-{number}", labels, f"node-{number}", bad=bad)


def pod(name: str, labels: Manifest, where: str, *, bad: str = "") -> Manifest:
    """Return a pod that runs on a node, or that no node takes."""
    containers = [{"name": "main", "image": "prism:1"}]
    if bad:
        unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": bad}
        return obj(
            "Pod",
            name,
            labels=labels,
            spec={"containers": containers},
            status={"phase": "Pending", "conditions": [unscheduled]},
        )
    running = [{"name": "main", "ready": True, "restartCount": 0, "state": {"running": {"startedAt": ago(hours=1)}}}]
    ready = [{"type": "Ready", "status": "True"}, {"type": "PodScheduled", "status": "True"}]
    return obj(
        "Pod",
        name,
        labels=labels,
        spec={"nodeName": where, "containers": containers},
        status={"phase": "Running", "podIP": "10.0.0.1", "conditions": ready, "containerStatuses": running},
    )


def stack(name: str, *, bad: str = "") -> Iterator[Manifest]:
    """Yield a stack with two proxies, three admins that elect a leader, a pattern and a backend."""
    spec = {
        "proxy": {"replicas": 2},
        "admin": {"replicas": 3, "leaderElection": {"enabled": True, "leaseName": f"{name}-leader"}},
        "patterns": [{"name": f"{name}-kv", "type": "keyvalue", "backend": f"{name}-redis"}],
        "backends": [{"name": f"{name}-redis", "type": "cache"}],
    }
    status = judged("False", "Progressing", f"waits for proxy {name}-proxy") if bad else judged()
    top = obj("PrismStack", name, spec=spec, status=status)
    yield top
    yield from program(f"{name}-proxy", top, {"stack": name, "component": "prism-proxy"}, bad=bad)
    yield from program(f"{name}-admin", top, {"stack": name, "component": "prism-admin"}, replicas=3)
    pattern = obj(
        "PrismPattern",
        f"{name}-kv",
        owner=top,
        labels={"stack": name},
        spec={"pattern": "keyvalue", "backend": f"{name}-redis", "replicas": 2},
        status=judged(),
    )
    yield pattern
    yield from program(f"{name}-kv", pattern, {"stack": name, "component": "prism-pattern", "runner": f"{name}-kv"})
    yield obj(
        "PrismBackend",
        f"{name}-redis",
        owner=top,
        labels={"stack": name},
        spec={"type": "cache", "provider": "redis", "connection": {"url": "redis://:hunter2@redis:6379"}},
        status=healthy(),
    )
    yield lease(f"{name}-leader", f"{name}-admin-1", renewed=2 if not bad else 90)


def lease(name: str, holder: str, *, renewed: float) -> Manifest:
    """Return a Lease that was renewed so many seconds ago."""
    spec = {
        "holderIdentity": holder,
        "leaseDurationSeconds": 15,
        "acquireTime": f"{ago(minutes=50)[:-1]}.000000Z",
        "renewTime": f"{ago(seconds=renewed)[:-1]}.000000Z",
        "leaseTransitions": 2,
    }
    return obj("Lease", name, spec=spec)


def tenant(name: str, *, keys: int, rate: float, ttl: str = "", proxy: str = "prod-proxy") -> Manifest:
    """Return a tenant that uses so many of a thousand keys, and so many of a hundred requests a second."""
    limit = {"requestsPerSecond": 100, "burstSize": 200}
    spec: Manifest = {
        "namespaceId": name,
        "proxyRef": {"name": proxy},
        "quotas": {"maxKeys": 1000, "maxConnections": 50, "rateLimit": limit},
        "tags": {"team": name.partition("-")[0]},
    }
    if ttl:
        spec["ttl"] = ttl
    used = {"currentKeys": keys, "currentConnections": 3, "requestRate": rate}
    return obj(
        "PrismNamespace", name, spec=spec, status=judged(phase="Active", metrics=used, proxyStatus="simulated proxy")
    )


def event(name: str, about: Manifest, reason: str, message: str, *, minutes: float, warning: bool = False) -> Manifest:
    """Return an Event about an object."""
    metadata = about["metadata"]
    target = {"kind": about["kind"], "namespace": HOME, "name": metadata["name"], "uid": metadata["uid"]}
    told: Manifest = {"reason": reason, "message": message, "type": "Warning" if warning else "Normal", "count": 1}
    return obj("Event", name, involvedObject=target, lastTimestamp=ago(minutes=minutes), **told)


NO_NODE = "0/6 nodes are available: 6 node(s) didn't match Pod's node affinity/selector. preemption: 0/6 nodes."


def objects() -> Iterator[Manifest]:
    """Yield everything."""
    yield from (node(number) for number in range(6))
    found = [*stack("prod"), *stack("shop", bad=NO_NODE)]
    yield from found
    yield lease("prism-operator", "operator@prism-operator-5d4_1f2e", renewed=1)
    yield tenant("acme-prod", keys=1000, rate=97.5)
    yield tenant("beta-staging", keys=830, rate=12, ttl="720h")
    yield tenant("gamma-dev", keys=10, rate=0)
    named = {(one["kind"], one["metadata"]["name"]): one for one in found}
    yield event("e1", named["PrismStack", "prod"], "Ready", "everything is Ready", minutes=30)
    yield event("e2", named["Pod", "shop-proxy-0"], "FailedScheduling", NO_NODE, minutes=2, warning=True)


def store() -> Store:
    """Return a store that holds everything."""
    held = Store()
    for one in objects():
        held.put(one["kind"], one)
    return held
