"""A large cluster as plain objects: stacks with patterns, Deployments and pods, and tenants, each with its status.

The same crowd fills a store, for what costs a drawing, and an API server, for what a person feels. A few parts of it
are in trouble, as in any cluster of this size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bench.arena import NAMESPACE
from bench.objects import IMAGE
from kubectl_prism.model.meta import FIELD_MANAGER, Manifest
from kubectl_prism.sandbox.nodes import nodes

BROKEN = 100
"""One pattern in so many is in trouble, with its pods."""
HASH = "-7d4b9c6f5d"
"""What a ReplicaSet adds to the name of its Deployment."""
TOLD = 500
"""Events."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """How much of everything there is; pods are shared out evenly among the patterns."""

    stacks: int = 20
    patterns: int = 2000
    pods: int = 10_000
    tenants: int = 1000

    @property
    def replicas(self) -> int:
        """The pods of one pattern."""
        return max(1, self.pods // self.patterns)

    def of(self, stack: int) -> range:
        """Return the numbers of the patterns of one stack."""
        return range(stack, self.patterns, self.stacks)


FULL = Crowd()
QUICK = Crowd(stacks=4, patterns=200, pods=1000, tenants=100)


def tiers(crowd: Crowd) -> Iterator[list[Manifest]]:
    """Yield the objects, owners before what they own, which names them in its first ownerReference."""
    yield nodes()
    yield [_stack(number, crowd) for number in range(crowd.stacks)]
    yield [*_middle(crowd)]
    yield [_deployment(name, owner, labels, size) for name, owner, labels, size in _programs(crowd)]
    yield [*_pods(crowd)]
    yield [_event(number, crowd) for number in range(min(TOLD, crowd.patterns))]


def pattern_name(number: int) -> str:
    """Return the name of a pattern, which its Deployment bears too."""
    return f"runner-{number:05}"


def pod_name(number: int, replica: int) -> str:
    """Return the name of a pod of a pattern."""
    return f"{pattern_name(number)}{HASH}-{replica:05}"


def tenant_name(number: int) -> str:
    """Return the name of a tenant."""
    return f"tenant-{number:04}"


def is_broken(number: int) -> bool:
    """Tell whether a pattern is one of those in trouble."""
    return number % BROKEN == 7


def stamp(seconds_ago: float) -> str:
    """Return when something was so long ago."""
    return f"{datetime.now(UTC) - timedelta(seconds=seconds_ago):%Y-%m-%dT%H:%M:%SZ}"


def conditions(*, is_ready: bool, message: str = "") -> list[Manifest]:
    """Return the three conditions of our kinds."""
    ready, reason = ("True", "Ready") if is_ready else ("False", "Progressing")
    told = (("Ready", ready, reason), ("Reconciling", str(not is_ready), reason), ("Stalled", "False", "NotStalled"))
    since = {"lastTransitionTime": stamp(600), "observedGeneration": 1}
    return [{"type": type, "status": status, "reason": why, "message": message, **since} for type, status, why in told]


def usage(number: int, beat: int) -> Manifest:
    """Return what a tenant uses at a beat; it goes up and down, and its state stays what it is."""
    return {
        "currentKeys": 100 + (number * 7 + beat * 13) % 600,
        "currentConnections": (number + beat) % 30,
        "requestRate": (number * 3 + beat * 5) % 70,
    }


def pod_status(*, is_ready: bool, restarts: int = 0) -> Manifest:
    """Return the status of a pod that runs, or that fails again and again."""
    state: Manifest = {"running": {"startedAt": stamp(600)}}
    if not is_ready:
        state = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}}
    container = {
        "name": "main",
        "ready": is_ready,
        "restartCount": restarts if is_ready else 5,
        "state": state,
        "image": IMAGE,
        "imageID": "",
        "lastState": {} if is_ready else {"terminated": {"exitCode": 1, "reason": "Error"}},
    }
    told = [("PodScheduled", "True"), ("Ready", str(is_ready))]
    return {
        "phase": "Running",
        "podIP": "10.0.0.1",
        "conditions": [{"type": type, "status": status} for type, status in told],
        "containerStatuses": [container],
    }


def _object(kind: str, name: str, *, owner: tuple[str, str] | None = None, **body: object) -> Manifest:
    metadata: Manifest = {"name": name, "namespace": NAMESPACE}
    if owner is not None:
        version = "apps/v1" if owner[0] == "Deployment" else "prism.io/v1alpha1"
        reference = {"apiVersion": version, "kind": owner[0], "name": owner[1], "uid": "", "controller": True}
        metadata["ownerReferences"] = [reference]
    versions = {"Deployment": "apps/v1", "Lease": "coordination.k8s.io/v1", "Pod": "v1", "Event": "v1"}
    metadata["labels"] = body.pop("labels", {})
    return {"apiVersion": versions.get(kind, "prism.io/v1alpha1"), "kind": kind, "metadata": metadata, **body}


def _stack_name(number: int) -> str:
    return f"stack-{number:02}"


def _stack(number: int, crowd: Crowd) -> Manifest:
    name, elects = _stack_name(number), {"enabled": True, "leaseName": f"{_stack_name(number)}-leader"}
    spec = {"proxy": {"replicas": crowd.replicas}, "admin": {"replicas": 3, "leaderElection": elects}}
    broken = [pattern_name(one) for one in crowd.of(number) if is_broken(one)]
    told = conditions(is_ready=not broken, message=f"waits for pattern {broken[0]}" if broken else "")
    return _object("PrismStack", name, spec=spec, status={"observedGeneration": 1, "conditions": told})


def _middle(crowd: Crowd) -> Iterator[Manifest]:
    """Yield what stacks own, and tenants."""
    for stack in range(crowd.stacks):
        owner, labels = ("PrismStack", _stack_name(stack)), {"stack": _stack_name(stack)}
        for number in crowd.of(stack):
            spec = {"pattern": "keyvalue", "backend": f"{owner[1]}-redis", "image": IMAGE, "replicas": crowd.replicas}
            is_ready = not is_broken(number)
            status = {"conditions": conditions(is_ready=is_ready, message="" if is_ready else "its pods crash")}
            yield _object("PrismPattern", pattern_name(number), owner=owner, labels=labels, spec=spec, status=status)
        yield _object(
            "PrismBackend",
            f"{owner[1]}-redis",
            owner=owner,
            labels=labels,
            spec={"type": "cache", "provider": "redis", "connection": {"url": "redis://redis:6379"}},
            status={"conditions": conditions(is_ready=True), "message": "redis answered in 3 ms"},
        )
        yield _lease(f"{owner[1]}-leader", f"{owner[1]}-admin{HASH}-00000")
    for number in range(crowd.tenants):
        yield _tenant(number)


def _tenant(number: int) -> Manifest:
    limit = {"requestsPerSecond": 100, "burstSize": 200}
    spec = {
        "namespaceId": tenant_name(number),
        "proxyRef": {"name": "stack-00-proxy"},
        "quotas": {"maxKeys": 1000, "maxConnections": 50, "rateLimit": limit},
        "tags": {"team": f"team-{number % 17}"},
    }
    status = {"phase": "Active", "conditions": conditions(is_ready=True), "metrics": usage(number, 0)}
    return _object("PrismNamespace", tenant_name(number), spec=spec, status=status)


def _lease(name: str, holder: str) -> Manifest:
    now = f"{stamp(0)[:-1]}.000000Z"
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 3600, "acquireTime": now, "renewTime": now}
    return _object("Lease", name, spec={**spec, "leaseTransitions": 2})


def _programs(crowd: Crowd) -> Iterator[tuple[str, tuple[str, str], Manifest, int]]:
    """Yield name, owner, labels and size of every Deployment."""
    for stack in range(crowd.stacks):
        name = _stack_name(stack)
        for program, size in (("proxy", crowd.replicas), ("admin", 3)):
            yield f"{name}-{program}", ("PrismStack", name), _labels(name, f"prism-{program}"), size
        for number in crowd.of(stack):
            runner = pattern_name(number)
            labels = _labels(name, "prism-pattern") | {"runner": runner}
            yield runner, ("PrismPattern", runner), labels, crowd.replicas


def _labels(stack: str, component: str) -> Manifest:
    return {"app.kubernetes.io/managed-by": FIELD_MANAGER, "stack": stack, "component": component}


def _deployment(name: str, owner: tuple[str, str], labels: Manifest, size: int) -> Manifest:
    available = 0 if name.startswith("runner-") and is_broken(int(name.removeprefix("runner-"))) else size
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": IMAGE}]}}
    status = {
        "observedGeneration": 1,
        "replicas": size,
        "updatedReplicas": size,
        "readyReplicas": available,
        "availableReplicas": available,
    }
    spec = {"replicas": size, "selector": {"matchLabels": labels}, "template": template}
    return _object("Deployment", name, owner=owner, labels=labels, spec=spec, status=status)


def _pods(crowd: Crowd) -> Iterator[Manifest]:
    machines = [node["metadata"]["name"] for node in nodes()]
    for name, _, labels, size in _programs(crowd):
        is_ready = not (name.startswith("runner-") and is_broken(int(name.removeprefix("runner-"))))
        for replica in range(size):
            spec = {
                "nodeName": machines[(hash_of(name) + replica) % len(machines)],
                "automountServiceAccountToken": False,
                "terminationGracePeriodSeconds": 0,
                "tolerations": [{"operator": "Exists"}],
                "containers": [{"name": "main", "image": IMAGE}],
            }
            yield _object(
                "Pod", f"{name}{HASH}-{replica:05}", labels=labels, spec=spec, status=pod_status(is_ready=is_ready)
            )


def hash_of(name: str) -> int:
    """Return a number that is the same for a name in every run."""
    return sum(ord(letter) * place for place, letter in enumerate(name, start=1))


def _event(number: int, crowd: Crowd) -> Manifest:
    pod = pod_name(number % crowd.patterns, 0)
    about = {"apiVersion": "v1", "kind": "Pod", "namespace": NAMESPACE, "name": pod}
    told: Manifest = {"reason": "Started", "message": "Started container main", "type": "Normal", "count": 1}
    when: Manifest = {
        "firstTimestamp": stamp(number),
        "lastTimestamp": stamp(number),
        "source": {"component": "kubelet"},
    }
    return _object("Event", f"{pod}.{number:x}", involvedObject=about, **told, **when)


def change(beat: int, crowd: Crowd) -> tuple[str, str, Manifest]:
    """Return kind, name and new status of what changes at a beat: a tenant, a pattern or a pod in turn."""
    turn, kind = divmod(beat, 3)
    number = turn * 37
    if kind == 0:
        number %= crowd.tenants
        return "PrismNamespace", tenant_name(number), {"metrics": usage(number, beat)}
    number %= crowd.patterns
    is_ready = not is_broken(number)
    if kind == 1:
        return (
            "PrismPattern",
            pattern_name(number),
            {"conditions": conditions(is_ready=is_ready, message=f"look {beat}")},
        )
    return "Pod", pod_name(number, beat % crowd.replicas), pod_status(is_ready=is_ready, restarts=beat % 2)
