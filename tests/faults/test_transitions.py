"""P15: the spec goes through states that our CRD's schema allows, is broken and mended, and comes by two ways."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from kubernetes.dynamic.exceptions import UnprocessibleEntityError

from kubectl_prism import manifests
from tests.faults import oracles
from tests.faults.stage import FULL, Stage
from tests.reconcile.kinds.world import Object, eventually, is_judged

SEED = 36
STEPS = 300 if FULL else 10
PACE = 0.75 if FULL else 0.0
"""Seconds between two changes: the breaker takes a hundred more than one each second for a quarrel."""

GOOD: Object = {
    "pattern": "keyvalue",
    "backend": "memstore",
    "replicas": 2,
    "config": {"ttl": "1h"},
    "resources": {"requests": {"cpu": "100m"}},
}


def fields(
    schema: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield path and schema of every field that is no object with fields of its own."""
    for name, inner in (schema.get("properties") or {}).items():
        if inner.get("properties"):
            yield from fields(inner, (*path, name))
        else:
            yield (*path, name), inner


def values(schema: Mapping[str, Any], dice: random.Random) -> list[Any]:
    """Return values that a field may be changed to: its choices, its limits, something long, and nothing."""
    if "enum" in schema:
        return [*schema["enum"], None]
    match schema.get("type"):
        case "integer":
            least, most = schema.get("minimum", 0), min(schema.get("maximum", 5), 5)
            return [least, max(least, most), None]
        case "boolean":
            return [True, False, None]
        case "string":
            return [schema.get("default", "1s"), f"x{dice.randrange(1000)}", "a" * 60, None]
        case "array":
            return [[], None]
    return [{}, {"example.com/key": "value"}, None]


def steps(dice: random.Random) -> Iterator[Object]:
    """Yield changes to the spec of a PrismPattern, each of one field."""
    crd = next(one for one in manifests.crds() if one["spec"]["names"]["kind"] == "PrismPattern")
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    found = [(path, value) for path, inner in fields(schema) for value in values(inner, dice)]
    dice.shuffle(found)
    for path, value in found[:STEPS]:
        change: Any = value
        for name in reversed(path):
            change = {name: change}
        yield dict(change)


@pytest.mark.perturbation("P15", "fields of the spec changed one after the other by the CRD's schema, then mended")
@pytest.mark.timeout(3600 if FULL else 180)
@pytest.mark.parametrize("seed", range(SEED, SEED + (3 if FULL else 1)))
def test_whatever_the_spec_went_through_the_good_one_leads_to_the_same_end(stage: Stage, seed: int) -> None:
    """Every state that the server takes is judged, and the good spec leads where it would have led at once."""
    dice = random.Random(seed)  # noqa: S311 - the same way each time
    taken = 0
    with stage.operator() as replica:
        stage.world.create("PrismPattern", "orders", spec=GOOD)
        stage.rests()
        direct = oracles.state(stage.world)
        for change in steps(dice):
            try:
                stage.world.patch("PrismPattern", "orders", {"spec": change})
            except UnprocessibleEntityError:
                continue
            taken += 1
            eventually(lambda: is_judged(stage.world.get("PrismPattern", "orders")))
            time.sleep(PACE)
        stage.figures["states taken"] = taken
        assert taken >= STEPS // 3
        began, spec = time.monotonic(), stage.world.get("PrismPattern", "orders")["spec"]
        stage.world.patch("PrismPattern", "orders", {"spec": {**dict.fromkeys(spec), **_anew(spec)}})
        run = oracles.Run(direct, *oracles.counted([]))
        stage.converges(replica, run, began)
        oracles.ends_well(replica)


def _anew(spec: Object) -> Object:
    """Return the good spec as a merge patch over another one."""
    return {key: _over(spec.get(key), value) for key, value in GOOD.items()}


def _over(found: Any, wanted: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(found, dict) and isinstance(wanted, dict):
        return {**dict.fromkeys(found), **{key: _over(found.get(key), value) for key, value in wanted.items()}}
    return wanted
