"""P16: somebody else edits every field that is ours, deletes children, takes their owner away."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from kubernetes.dynamic.exceptions import UnprocessibleEntityError

from kubectl_prism.reconcile.intent import INTENT
from tests.faults import oracles
from tests.faults.oracles import Run
from tests.faults.stage import FULL, Stage
from tests.faults.workloads import WORKLOADS
from tests.reconcile.kinds.world import Object, World, eventually

REPAIRED = 2.0
MOST = 1000 if FULL else 6
"""Fields of each kind that are edited."""

EDITED = ("Deployment", "Service", "ConfigMap", "Secret", "PrismBackend", "PrismPattern")
FIXED = {"selector", "matchLabels", "protocol", "clusterIP", "type", "kind", "apiVersion", "name", "namespace", "uid"}
"""Fields that the API server lets nobody change, or that say which object it is."""


def leaves(fields: Any, live: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401
    """Yield path and value of every field that managedFields says is ours, and that anybody can change."""
    for key, inner in (fields or {}).items():
        name = key.removeprefix("f:")
        if key.startswith("f:") and isinstance(live, dict) and name in live and name not in FIXED:
            if inner and isinstance(live[name], dict):
                yield from leaves(inner, live[name], (*path, name))
            elif isinstance(live[name], str | int | bool):
                yield (*path, name), live[name]


def owned(world: World, kind: str, name: str) -> list[tuple[tuple[str, ...], Any]]:
    """Return the fields of an object that the operator asks for, as it applied them after somebody's first edit."""
    world.patch(kind, name, {"metadata": {"annotations": {INTENT: None}}})
    eventually(lambda: INTENT in (world.get(kind, name)["metadata"].get("annotations") or {}))
    obj = world.get(kind, name)
    (ours,) = [one for one in obj["metadata"]["managedFields"] if _is_applied(one)]
    return sorted(set(leaves(ours["fieldsV1"], obj)), key=str)[:MOST]


def _is_applied(entry: Object) -> bool:
    """Tell whether an entry of managedFields holds what the operator asked for; what it made holds defaults too."""
    kind = entry["manager"], entry["operation"], entry.get("subresource")
    return kind == ("prism-operator", "Apply", None)


def edited(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return another value of the same type, None where there is none that every field would take."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
    return None


def change(path: tuple[str, ...], value: Any) -> Object:  # noqa: ANN401 - JSON
    """Return the merge patch that sets a field; None takes it away."""
    for name in reversed(path):
        value = {name: value}
    return dict(value)


@pytest.mark.perturbation("P16", "each field that is ours edited or taken away")
@pytest.mark.timeout(1800 if FULL else 180)
@pytest.mark.parametrize("kind", EDITED if FULL else ["Deployment", "ConfigMap"])
def test_every_field_of_ours_that_somebody_edits_comes_back(
    stage: Stage, references: Mapping[str, Run], kind: str
) -> None:
    """Within two seconds of somebody's edit each field of a child is as it was, in one write, and others' stay."""
    reference = references["stack"]
    seconds: list[float] = []
    with stage.operator() as replica:
        WORKLOADS["stack"].change(stage.world)
        stage.rests()
        name = sorted(stage.world.names(kind) - {"kube-root-ca.crt"})[0]
        stage.world.patch(kind, name, {"metadata": {"labels": {"example.com/theirs": "yes"}}})
        fields = owned(stage.world, kind, name)
        for path, value in fields:
            before, began = stage.world.get(kind, name), time.monotonic()
            try:
                stage.world.patch(kind, name, change(path, edited(value)))
            except UnprocessibleEntityError:  # nor can anybody else
                continue
            eventually(lambda path=path, value=value: _at(stage.world.get(kind, name), path) == value)  # type: ignore[misc]
            seconds.append(time.monotonic() - began)
            assert stage.world.get(kind, name)["metadata"]["uid"] == before["metadata"]["uid"]
        assert stage.world.get(kind, name)["metadata"]["labels"]["example.com/theirs"] == "yes"
        stage.world.patch(kind, name, {"metadata": {"labels": {"example.com/theirs": None}}})
        assert len(seconds) >= 3
        stage.figures["seconds to repair"] = max(seconds)
        assert max(seconds) <= REPAIRED
        stage.converges(replica, reference, time.monotonic())
        oracles.ends_well(replica)


def _at(obj: Any, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - JSON
    for name in path:
        obj = obj.get(name) if isinstance(obj, dict) else None
    return obj


@pytest.mark.perturbation("P16", "each child deleted")
def test_every_child_that_somebody_deletes_comes_back(stage: Stage, references: Mapping[str, Run]) -> None:
    """Within two seconds of its deletion each child stands again, under its name, made once."""
    reference, seconds = references["stack"], []
    _collected(stage.world)
    with stage.operator() as replica:
        WORKLOADS["stack"].change(stage.world)
        stage.rests()
        for child in reference.state:
            kind, _, name = child.partition("/")
            if kind == "PrismStack":
                continue
            stage.rests()  # the children of the one before it are made anew, too
            uid, began = stage.world.get(kind, name)["metadata"]["uid"], time.monotonic()
            stage.world.delete(kind, name)
            eventually(lambda kind=kind, name=name, uid=uid: _is_another(stage.world, kind, name, uid))  # type: ignore[misc]
            seconds.append(time.monotonic() - began)
        stage.figures["seconds to make again"] = max(seconds)
        assert max(seconds) <= REPAIRED + 4  # a child whose own children have to go first is waited for
        stage.converges(replica, reference, time.monotonic())
        assert oracles.leftovers(stage.world) == []
        oracles.ends_well(replica)


def _collected(world: World) -> None:
    """Wait until the garbage collector has learnt of our kinds, which takes it up to half a minute after their CRDs.

    Nobody reconciles here yet: what goes with its owner was taken by the collector.
    """
    owners = {"PrismPattern": world.pattern("collected"), "PrismBackend": world.backend("collected")}
    for kind, owner in owners.items():
        reference = {
            "apiVersion": owner["apiVersion"],
            "kind": kind,
            "name": "collected",
            "uid": owner["metadata"]["uid"],
        }
        world.create("ConfigMap", f"of-{kind.lower()}", metadata={"ownerReferences": [reference]})
        world.delete(kind, "collected")
    for kind in owners:
        eventually(lambda kind=kind: not world.find("ConfigMap", f"of-{kind.lower()}"), within=60)  # type: ignore[misc]


def _is_another(world: World, kind: str, name: str, uid: str) -> bool:
    found = world.find(kind, name)
    return found is not None and found["metadata"]["uid"] != uid and not found["metadata"].get("deletionTimestamp")


@pytest.mark.perturbation("P16", "owner references taken away from every child")
@pytest.mark.parametrize("is_away", [False, True], ids=["while it runs", "while it is away"])
def test_owner_references_that_somebody_takes_away_come_back(
    stage: Stage, references: Mapping[str, Run], is_away: bool
) -> None:
    """Every child has its owner again; none is made anew, whether the operator was there or not."""
    reference = references["stack"]
    with stage.operator() as replica:
        WORKLOADS["stack"].change(stage.world)
        stage.rests()
        if is_away:
            assert replica.stop() == 0
        began = time.monotonic()
        for child in reference.state:
            kind, _, name = child.partition("/")
            if kind != "PrismStack":
                stage.world.patch(kind, name, {"metadata": {"ownerReferences": None}})
        if is_away:
            replica.start()
        run = stage.converges(replica, reference, began)
        assert (run.made, run.removed) == ({}, {})
        oracles.ends_well(replica)
