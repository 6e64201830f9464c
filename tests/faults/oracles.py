"""What must hold after every fault, as the official client sees it and as the proxy counted it.

O1 the end equals the unperturbed one, O2 nothing was made or removed twice, O3 it stays so, O4 nothing is left over, O5
the operator is well, O6 it wrote little more than unperturbed, O7 it asks little while the server is down.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubectl_prism.model.meta import FIELD_MANAGER
from tests.faults.plan import Asked
from tests.faults.replica import Replica
from tests.faults.workloads import masked
from tests.reconcile.kinds.world import CHILD_KINDS, Object, World, fingerprint, is_judged

KINDS = (*CHILD_KINDS, "PrismStack")
NOT_OURS = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}

VOLATILE = {"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "observedGeneration"}
"""Fields that tell of time, chance or the number of writes, wherever they stand."""
VOLATILE |= {"lastTransitionTime", "lastUpdateTime", "lastChecked", "clusterIP", "clusterIPs", "lastScaleTime"}
VOLATILE |= {"collisionCount"}
VOLATILE |= {"prism.io/intent", "deployment.kubernetes.io/revision"}

MORE_WRITES = 1.2
FEW = 2
"""Writes that a small workload may take more, where a fifth is less than that."""
STEPS = 6
"""The more steps that an object may tell, once each, where a fault makes its way longer: a stack of the workloads those
of its two pods, three of its pattern and one of its backend."""
REQUESTS_A_SECOND = 20.0
GROWTH = 1.1

State = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """What a change led to: the end, and creates, deletes and all writes by object.

    `again` is the number of statuses of each object that said what had been said of it before.
    """

    state: State
    made: Counter[str]
    removed: Counter[str]
    written: Counter[str]
    again: Counter[str] = field(default_factory=Counter)

    @property
    def writes(self) -> int:
        """The number of writes."""
        return self.written.total()


def state(world: World) -> State:
    """Return everything that stands in the namespace, masked, by kind and name (O1)."""
    found = {}
    for kind in KINDS:
        for obj in world.all(kind):
            if (kind, obj["metadata"]["name"]) not in NOT_OURS:
                found[f"{kind}/{obj['metadata']['name']}"] = _essence(kind, obj, world.namespace)
    return found


def _essence(kind: str, obj: Object, namespace: str) -> Object:
    essence: Object = masked(_lasting(obj), namespace)
    if kind == "HorizontalPodAutoscaler":
        essence.pop("status", None)  # the controller-manager's, and it looks four times a minute
    if kind == "Deployment":
        essence["status"].pop("conditions", None)  # their messages name ReplicaSets
    if conditions := (essence.get("status") or {}).get("conditions"):
        essence["status"]["conditions"] = [one for one in conditions if one["type"] != "ScalingActive"]
    return essence


def _lasting(value: Any) -> Any:  # noqa: ANN401 - JSON
    match value:
        case dict():
            return {key: _lasting(inner) for key, inner in value.items() if key not in VOLATILE}
        case list():
            return [_lasting(inner) for inner in value]
    return value


def differences(found: Any, wanted: Any, path: str = "") -> list[str]:  # noqa: ANN401 - JSON
    """Return where two states differ, one line each."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        inner = (differences(found.get(key), wanted.get(key), f"{path}.{key}") for key in {**wanted, **found})
        return [line for lines in inner for line in lines]
    return [] if found == wanted else [f"{path[1:]}: {found!r} where it should be {wanted!r}"]


def same(what: str, found: object, wanted: object) -> None:
    """Raise AssertionError with both, unless they are equal."""
    assert found == wanted, f"{what}: {found!r} where it should be {wanted!r}"


def equals(world: World, wanted: State) -> bool:
    """Hold O1: the world is as it is after an unperturbed run."""
    same("differences from the unperturbed run", differences(state(world), wanted), [])
    return True


def tells_of_scalers(world: World) -> bool:
    """Hold that every autoscaler has reported, which takes it 15 s, and that its pattern says what it reported."""
    for scaler in world.all("HorizontalPodAutoscaler"):
        pattern = world.get("PrismPattern", scaler["metadata"]["ownerReferences"][0]["name"])
        reported, told = (_scaling(obj) for obj in (scaler, pattern))
        assert reported, f"{scaler['metadata']['name']} has not reported"
        same("what the pattern tells of its autoscaler", told, reported)
    return True


def _scaling(obj: Object) -> dict[str, str]:
    held = (obj.get("status") or {}).get("conditions") or []
    found: dict[str, str] = next((one for one in held if one["type"] == "ScalingActive"), {})
    return {key: found[key] for key in ("status", "reason", "message") if key in found}


def is_ready(world: World) -> bool:
    """Hold that every Prism object is judged, and Ready."""
    for kind in ("PrismStack", "PrismPattern", "PrismBackend"):
        for obj in world.all(kind):
            held = {one["type"]: one["status"] for one in (obj.get("status") or {}).get("conditions") or []}
            assert is_judged(obj), obj
            assert held.get("Ready") == "True", obj
    return True


def are_seen(world: World) -> bool:
    """Hold that every Deployment's controller looked at its present generation: what it begins, it has begun."""
    for obj in world.all("Deployment"):
        seen = (obj.get("status") or {}).get("observedGeneration")
        same(f"the generation of {obj['metadata']['name']} that was seen", seen, obj["metadata"]["generation"])
    return True


def counted(asked: Iterable[Asked]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Return creates, deletes and all writes by object, of those that the server did."""
    done = [found for found in asked if found.is_write and found.is_done]
    made = Counter(found.object for found in done if found.verb == "create")
    removed = Counter(found.object for found in done if found.verb == "delete")
    return made, removed, Counter(f"{found.verb} {found.object}/{found.subresource}" for found in done)


def again(asked: Iterable[Asked]) -> Counter[str]:
    """Return of each object how many statuses the server took that say what was said of it before."""
    told = [
        (found.object, json.dumps(_lasting(found.status_told)))
        for found in asked
        if found.is_done and found.status_told
    ]
    return Counter(name for name, _ in told) - Counter(name for name, _ in set(told))


def stays(world: World, *, seconds: float) -> None:
    """Hold O3: for so long no object that is ours gets another resourceVersion; HPAs are others' business."""
    before = _versions(world)
    time.sleep(seconds)  # the time that is measured
    same("what was written in a steady world", differences(_versions(world), before), [])


def _versions(world: World) -> dict[str, str]:
    found = fingerprint(world, *[kind for kind in KINDS if kind != "HorizontalPodAutoscaler"])
    flat = {(kind, name): version for kind, objects in found.items() for name, version in objects.items()}
    return {f"{kind}/{name}": version for (kind, name), version in flat.items() if (kind, name) not in NOT_OURS}


def leftovers(world: World) -> list[str]:
    """Return what O4 forbids: finalizers of ours, children without an owner that lives."""
    objects = [(kind, obj) for kind in KINDS for obj in world.all(kind)]
    alive = {obj["metadata"]["uid"] for _, obj in objects}
    found = []
    for kind, obj in objects:
        metadata = obj["metadata"]
        if (kind, metadata["name"]) in NOT_OURS:
            continue
        owners = [one["uid"] for one in metadata.get("ownerReferences") or []]
        is_child = (metadata.get("labels") or {}).get("app.kubernetes.io/managed-by") == FIELD_MANAGER
        if any(uid not in alive for uid in owners) or (is_child and not owners and not kind.startswith("Prism")):
            found.append(f"{kind}/{metadata['name']} has no owner that lives")
        found += [f"{kind}/{metadata['name']} has {one}" for one in metadata.get("finalizers") or []]
    return found


def held_leases(world: World) -> list[str]:
    """Return the Leases that somebody still holds (O4, once the operator is stopped)."""
    return [obj["metadata"]["name"] for obj in world.all("Lease") if obj["spec"].get("holderIdentity")]


def ends_well(replica: Replica) -> None:
    """Hold O5: SIGTERM ends the operator with 0, and its logs tell of nothing unexpected."""
    same("exit code on SIGTERM", replica.stop(), 0)
    same("what the logs tell", replica.troubles(), [])


def is_sparing(run: Run, reference: Run) -> None:
    """Hold O2 and O6: made and removed what the reference did, in little more writes."""
    same("what was created", run.made, reference.made)
    same("what was deleted", run.removed, reference.removed)
    usual = sum(_writes(reference, is_status=False).values())
    found = sum(_writes(run, is_status=False).values())
    assert found <= max(MORE_WRITES * usual, usual + FEW), f"{found} writes, {usual} without a fault: {run.written}"
    told = _writes(run, is_status=True) - _writes(reference, is_status=True)
    assert max(told.values(), default=0) <= STEPS, f"statuses written more often than without a fault: {told}"
    repeated = run.again - reference.again
    assert repeated.total() <= FEW, f"statuses that say what was said before: {repeated}"


def _writes(run: Run, *, is_status: bool) -> Counter[str]:
    return Counter({name: times for name, times in run.written.items() if name.endswith("/status") == is_status})


def rate(asked: Iterable[Asked], seconds: float) -> float:
    """Return requests a second over a time, for O7."""
    return len(list(asked)) / seconds
