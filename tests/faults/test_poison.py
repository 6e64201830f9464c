"""P14 and P18: objects that are hostile, and one that the reconciler itself cannot stand."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from tests.faults import oracles
from tests.faults.stage import FULL, Stage
from tests.reconcile.kinds.world import Object, World, conditions, eventually, message

OTHERS = 20 if FULL else 5
TIMES = 4 if FULL else 1
"""How often each way to be poisonous is tried."""
SLOWED = 5.0
"""Seconds within which a change to any other object is judged, whatever the poisoned one does."""
FLAGGED = 60.0
"""Seconds within which a person is told, on the object, that it cannot be reconciled."""

HOSTILE: Mapping[str, dict[str, Any]] = {
    "labels": {"metadata": {"labels": {f"example.com/label-{number}": "x" * 40 for number in range(5000)}}},
    "annotation": {"metadata": {"annotations": {"example.com/note": "x" * 250_000}}},
    "config": {"spec": {"config": {f"key{number}": "x" * 3900 for number in range(250)}}},
    "null bytes": {"spec": {"config": {"key": "a\u0000b", "other": "\ud7ff\ufffd\u202e"}}},
    "huge numbers": {"spec": {"config": {"number": 10**18, "negative": -(10**18)}}},
    "env like names": {"spec": {"config": {"PATH": "x", "LD_PRELOAD": "y", "a.b-c": "z"}}},
    "finalizer": {"metadata": {"finalizers": ["example.com/never"]}},
    "foreign owner": {
        "metadata": {
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "ConfigMap", "name": "kube-root-ca.crt", "uid": "0", "controller": True}
            ]
        }
    },
    "unicode names": {"spec": {"config": {"ключ": "значение", "鍵": "値"}}},
}


def hostile(world: World, name: str) -> None:
    """Create a pattern with what is hostile about it."""
    spec = {"pattern": "keyvalue", "backend": "memstore", **HOSTILE[name].get("spec", {})}
    metadata = dict(HOSTILE[name].get("metadata", {}))
    if name == "foreign owner":
        uid = world.get("ConfigMap", "kube-root-ca.crt")["metadata"]["uid"]
        metadata["ownerReferences"] = [{**metadata["ownerReferences"][0], "uid": uid}]
    world.create("PrismPattern", "hostile", spec=spec, metadata=metadata)


@pytest.mark.perturbation("P14", "hostile objects")
@pytest.mark.parametrize("name", HOSTILE if FULL else ["labels", "config", "null bytes", "unicode names"])
def test_a_hostile_object_is_judged_and_harms_no_other(stage: Stage, name: str) -> None:
    """An object at the limits of what the server takes gets a condition, and the others are looked after meanwhile."""
    with stage.operator() as replica:
        stage.world.pattern("before")
        hostile(stage.world, name)
        stage.world.pattern("after")
        for other in ("before", "after"):
            stage.world.ready("PrismPattern", other)
        began = time.monotonic()
        stage.world.specify("PrismPattern", "before", config={"ttl": "1h"})
        stage.world.ready("PrismPattern", "before")
        stage.figures["seconds to judge another"] = time.monotonic() - began
        held = eventually(lambda: conditions(stage.world.get("PrismPattern", "hostile")))
        assert {"Ready", "Stalled"} <= held.keys()
        if name == "finalizer":
            stage.world.patch("PrismPattern", "hostile", {"metadata": {"finalizers": None}})
        eventually(lambda: replica.is_idle and all(_is_settled(one) for one in stage.world.all("PrismPattern")))
        oracles.stays(stage.world, seconds=1)
        oracles.ends_well(replica)


@pytest.mark.perturbation("P18", "a key whose reconcile raises, hangs or blocks the loop")
@pytest.mark.parametrize("how", ["raise", "hang", "block"])
@pytest.mark.parametrize("time_again", range(TIMES))
def test_a_poisoned_key_slows_no_other(stage: Stage, how: str, time_again: int) -> None:
    """While one pattern raises, hangs or blocks two seconds each time, the others are made and changed as ever."""
    with stage.operator(PRISM_FAULTS_POISON=f"poison:{how}") as replica:
        stage.world.pattern("poison")
        made = time.monotonic()
        for number in range(OTHERS):
            stage.world.pattern(f"p-{number}")
        for number in range(OTHERS):
            stage.world.ready("PrismPattern", f"p-{number}")
        slowest = 0.0
        for number in range(OTHERS):
            began = time.monotonic()
            stage.world.specify("PrismPattern", f"p-{number}", config={"ttl": "1h"})
            stage.world.ready("PrismPattern", f"p-{number}")
            slowest = max(slowest, time.monotonic() - began)
        stage.figures[f"seconds to judge another ({how})"] = slowest
        assert slowest <= SLOWED
        if how == "raise":
            assert 2 <= replica.metric("controller_runtime_reconcile_panics_total") <= 20
            eventually(lambda: _is_flagged(stage.world), within=FLAGGED - (time.monotonic() - made))
            stage.figures["seconds until flagged"] = time.monotonic() - made
            assert "a fault of the reconciler" not in message(stage.world.get("PrismPattern", "poison"))
        if how == "hang":
            assert replica.metric("workqueue_longest_running_processor_seconds") > 0
        if how != "hang" or FULL:  # what hangs is waited for before the end
            assert replica.stop() == 0


def _is_settled(pattern: Object) -> bool:
    held = conditions(pattern)
    return held["Ready"].startswith("True") or held["Stalled"].startswith("True")


def _is_flagged(world: World) -> bool:
    return conditions(world.get("PrismPattern", "poison")).get("Ready") == "False ReconcileError"
