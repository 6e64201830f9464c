"""P14: what no server would take, put into etcd past it: wrong types, unknown fields, bytes that are no text."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import pytest

from tests.cluster import Cluster
from tests.faults import etcd, oracles
from tests.faults.etcd import Etcd
from tests.faults.stage import FULL, Stage
from tests.faults.workloads import CACHE, ORDERS, SCALED, UNCHECKED
from tests.reconcile.kinds.world import Object, World, eventually

COUNT = 500 if FULL else 60
SEED = 14
WITHIN = 120.0
ASKED_AT_ONCE = 10
JUDGED = 5.0
"""Seconds within which a change to a sound object is judged."""
NOT_TEXT = "\udcff\udcfe"
"""What stands for bytes that are no UTF-8 until the object is encoded."""

STATUS = {
    "phase": "Running",
    "observedGeneration": 1,
    "conditions": [
        {
            "type": "Ready",
            "status": "True",
            "reason": "Known",
            "message": "it runs",
            "observedGeneration": 1,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
    ],
}
RUNNER = {
    "pattern": "keyvalue",
    "backend": "memstore",
    "replicas": 0,
    "config": {"ttl": "1h"},
    "service": {"port": 8080},
    "autoscaling": {**SCALED, "enabled": False},
    "resources": {"requests": {"cpu": "10m"}},
    "imagePullSecrets": [{"name": "registry"}],
    "observability": {"enabled": True, "metrics": {"port": 9090}},
    "placement": {"nodeSelector": {"disk": "fast"}},
}
SPECS: Mapping[str, Object] = {
    "PrismPattern": RUNNER,
    "PrismBackend": {"type": "cache", "connection": {"url": "redis://cache:6379"}, **UNCHECKED},
    "PrismStack": {"patterns": [{**ORDERS, "replicas": 0}], "backends": [CACHE]},
}
SHARES = {"PrismPattern": 10, "PrismBackend": 8, "PrismStack": 2}
"""How many of twenty objects are of which kind: a stack that is still sound makes many others."""
ODD: tuple[Any, ...] = (
    None,
    "text",
    "",
    "7",
    NOT_TEXT,
    "x" * 300,
    7,
    -1,
    10**18,
    0.5,
    1e300,
    True,
    [],
    [7],
    ["text", {}],
    {},
    {"a": {"b": [None]}},
    {"name": 7},
)


def odd(kind: str, name: str, namespace: str, chance: random.Random) -> bytes:
    """Return an object as etcd holds it, of which one to three values are odd."""
    own: Object = {
        "labels": {"team": "a"},
        "annotations": {"example.com/note": "b"},
        "ownerReferences": [],
        "generation": 1,
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    obj: Object = json.loads(json.dumps({"metadata": own, "spec": SPECS[kind], "status": STATUS}))
    for _ in range(chance.randint(1, 3)):
        holder, key = chance.choice(list(places(obj)))
        if chance.random() < 0.2 and isinstance(holder, dict):
            holder[f"unknown{key}"] = deepcopy(chance.choice(ODD))
        else:
            holder[key] = deepcopy(chance.choice(ODD))
    metadata = obj["metadata"] if isinstance(obj["metadata"], dict) else {}
    identity = {"name": name, "namespace": namespace, "uid": str(uuid.UUID(int=chance.getrandbits(128)))}
    whole = {"apiVersion": "prism.io/v1alpha1", "kind": kind, **obj, "metadata": {**metadata, **identity}}
    return json.dumps(whole, ensure_ascii=False).encode(errors="surrogateescape")


def places(value: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - JSON
    """Yield the holder and the key of every value in an object."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, held in list(inner):
        yield value, key
        yield from places(held)


@pytest.fixture
def store(cluster: Cluster) -> Etcd:
    """Return the etcd of the shared cluster."""
    return Etcd(etcd.address(cluster.kubeconfig.parent / "clusters" / cluster.name))


def hold(store: Etcd, world: World, numbers: range, chance: random.Random) -> None:
    """Put odd objects into etcd."""
    kinds = random.Random(SEED).choices(list(SHARES), list(SHARES.values()), k=COUNT)  # noqa: S311 - keeps no secret
    for number in numbers:
        name = f"odd-{number}"
        store.put(f"{kinds[number].lower()}s", world.namespace, name, odd(kinds[number], name, world.namespace, chance))


def held(world: World) -> dict[str, Object]:
    """Return all odd objects as the server gives them out."""
    found = [obj for kind in SHARES for obj in world.all(kind)]
    return {obj["metadata"]["name"]: obj for obj in found if obj["metadata"]["name"].startswith("odd-")}


@pytest.mark.perturbation("P14", "objects put into etcd with wrong types, unknown fields and bytes that are no text")
@pytest.mark.timeout(600)
def test_what_no_server_would_take_is_judged_and_harms_no_other(stage: Stage, store: Etcd) -> None:
    """Whatever stands in etcd, every object gets a condition and keeps its spec, and sound ones are looked after."""
    world, chance = stage.world, random.Random(SEED)  # noqa: S311 - keeps no secret
    hold(store, world, range(COUNT // 2), chance)
    with stage.operator() as replica:
        world.pattern("sound")
        world.ready("PrismPattern", "sound")
        hold(store, world, range(COUNT // 2, COUNT), chance)
        before = held(world)
        assert len(before) == COUNT
        refused: set[str] = set()
        eventually(lambda: _are_judged(world, refused), within=WITHIN)
        began = time.monotonic()
        world.specify("PrismPattern", "sound", config={"ttl": "1h"})
        world.ready("PrismPattern", "sound")
        stage.figures["seconds to judge another"] = time.monotonic() - began
        assert stage.figures["seconds to judge another"] <= JUDGED
        after = held(world)
        assert {name: obj.get("spec") for name, obj in after.items()} == {
            name: obj.get("spec") for name, obj in before.items()
        }
        stage.figures |= {"runs": COUNT}
        stage.figures["of them sound all the same"] = sum(_is_ready(obj) for obj in after.values())
        stage.figures["of them without a status, which the server refuses"] = len(refused)
        assert len(refused) < COUNT / 4
        assert not replica.has_ended
        oracles.ends_well(replica)


def _are_judged(world: World, refused: set[str]) -> bool:
    """Tell whether every object is judged, but for those to which nobody may write; their names are gathered."""
    unjudged = [(name, obj["kind"]) for name, obj in held(world).items() if not _is_told(obj) and name not in refused]
    # A few at a time: each takes a kubectl, and most of what is not judged yet will be by the next look.
    refused |= {name for name, kind in unjudged[:ASKED_AT_ONCE] if _is_refused(world, kind, name)}
    assert [name for name, _ in unjudged if name not in refused] == []
    return True


def _is_refused(world: World, kind: str, name: str) -> bool:
    """Tell whether the server refuses any status of an object, since the rest of it is invalid."""
    status = json.dumps({"status": {**STATUS, "phase": None}})
    patch = ["patch", kind, name, "--subresource=status", "--type=merge", "--dry-run=server", f"--patch={status}"]
    try:
        world.kubectl(*patch)
    except AssertionError as error:
        return "is invalid" in str(error)
    return False


def _is_told(obj: Object) -> bool:
    """Tell whether our word on the present generation stands in the status."""
    status = obj.get("status")
    told = status.get("conditions") if isinstance(status, dict) else None
    found = [
        one for one in (told if isinstance(told, list) else []) if isinstance(one, dict) and one.get("type") == "Ready"
    ]
    wanted = obj["metadata"].get("generation")
    return any(one.get("reason") != "Known" and one.get("observedGeneration") == wanted for one in found)


def _is_ready(obj: Object) -> bool:
    return _is_told(obj) and "True" in [one["status"] for one in obj["status"]["conditions"] if one["type"] == "Ready"]
