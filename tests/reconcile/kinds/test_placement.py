"""Each placement strategy on a real scheduler: where the pods of a stack come to run, counted by zone, region and node.

The simulated cluster has three regions of three zones each, general nodes everywhere and pools for each strategy.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.reconcile.kinds.places import HOST, REGION, ZONE, Places, count
from tests.reconcile.kinds.world import World

ADMINS, PROXIES = "component=prism-admin", "component=prism-proxy"
ONE_REGION = {REGION: "us-east-1"}
SMALL = {"requests": {"cpu": "100m", "memory": "64Mi"}}


@pytest.fixture
def places(world: World) -> Places:
    """Return the nodes."""
    return Places(world)


def test_multi_zone_spreads_evenly_over_zones_and_stays_even_when_it_rolls(world: World, places: Places) -> None:
    """Nine in a region of three zones are three in each zone, on nodes of their own, before and after a rollout."""
    placement = {"strategy": "MultiZone", "nodeSelector": ONE_REGION, "resources": SMALL}
    world.stack("s", proxy={"replicas": 9, "placement": placement}, admin={"enabled": False})
    thrice = {"us-east-1a": 3, "us-east-1b": 3, "us-east-1c": 3}
    world.ready("PrismStack", "s")
    nodes = places.of(world, PROXIES, 9)
    assert count(nodes, ZONE) == thrice
    assert set(count(nodes, HOST).values()) == {1}
    world.specify("PrismStack", "s", proxy={"image": "ghcr.io/prism/prism-proxy:v2"})
    world.ready("PrismStack", "s")
    assert count(places.of(world, PROXIES, 9), ZONE) == thrice


def test_multi_region_spreads_over_regions_and_the_zones_in_them(world: World, places: Places) -> None:
    """Nine over three regions of three zones are three in each region and one in each zone."""
    world.stack("s", admin={"replicas": 9, "placement": {"strategy": "MultiRegion"}})
    world.ready("PrismStack", "s")
    nodes = places.of(world, ADMINS, 9)
    assert count(nodes, REGION) == {"us-east-1": 3, "us-west-2": 3, "eu-west-1": 3}
    assert len(count(nodes, ZONE)) == len(count(nodes, HOST)) == 9


@pytest.mark.parametrize(
    ("strategy", "part", "selector", "labels"),
    [
        ("DedicatedNodes", "proxy", PROXIES, {"node-type": "prism-proxy"}),
        ("ControlPlaneIsolation", "admin", ADMINS, {"role": "prism-control-plane"}),
        ("DataPlaneOptimized", "proxy", PROXIES, {"role": "prism-proxy", "tier": "data-plane"}),
        ("CostOptimized", "proxy", PROXIES, {"node-lifecycle": "spot"}),
    ],
)
def test_a_strategy_of_pools_keeps_pods_to_its_pool(
    world: World, places: Places, strategy: str, part: str, selector: str, labels: dict[str, str]
) -> None:
    """The strategy alone selects the nodes and tolerates their taints."""
    world.stack("s", **{part: {"replicas": 3, "placement": {"strategy": strategy}}})
    world.ready("PrismStack", "s")
    for node in places.of(world, selector, 3):
        assert labels.items() <= node.items()


def test_pattern_specific_prefers_nodes_that_suit_what_is_asked_for(world: World, places: Places) -> None:
    """Much memory for each core goes to memory-optimized nodes, little to cpu-optimized ones, the rest anywhere."""

    def spec(cpu: str, memory: str) -> dict[str, object]:
        requests = {"requests": {"cpu": cpu, "memory": memory}}
        return {"replicas": 2, "placement": {"strategy": "PatternSpecific", "resources": requests}}

    world.pattern("much-memory", **spec("1", "8Gi"))
    world.pattern("much-cpu", **spec("4", "2Gi"))
    world.pattern("neither", **spec("1", "3Gi"))
    pools: dict[str, Counter[str]] = {}
    for name in ("much-memory", "much-cpu", "neither"):
        world.ready("PrismPattern", name)
        pools[name] = count(places.of(world, f"runner={name}", 2), "prism.io/pool")
    assert pools["much-memory"] == {"memory-optimized": 2}
    assert pools["much-cpu"] == {"cpu-optimized": 2}
    assert "affinity" not in world.get("Deployment", "neither")["spec"]["template"]["spec"]


def test_what_is_written_wins_over_the_strategy(world: World, places: Places) -> None:
    """A nodeSelector of one's own replaces the strategy's, field by field."""
    written = {"strategy": "DedicatedNodes", "nodeSelector": {"node-lifecycle": "spot"}}
    tolerated = [{"key": "node-lifecycle", "operator": "Equal", "value": "spot", "effect": "NoSchedule"}]
    world.stack("s", proxy={"replicas": 2, "placement": {**written, "tolerations": tolerated}})
    world.ready("PrismStack", "s")
    assert count(places.of(world, PROXIES, 2), "prism.io/pool") == {"spot": 2}


def test_a_node_by_name_is_taken_and_no_strategy_stands_in_its_way(world: World, places: Places) -> None:
    """All pods run on the one node that is named, though the strategy would spread them."""
    node = "general-us-west-2b-1"
    world.stack("s", proxy={"replicas": 3, "placement": {"strategy": "MultiZone", "nodeName": node}})
    world.ready("PrismStack", "s")
    assert count(places.of(world, PROXIES, 3), HOST) == {node: 3}


def test_a_runner_spec_of_a_stack_places_as_a_placement_does(world: World, places: Places) -> None:
    """`runnerSpec` reaches the pattern, its pods and their resources."""
    runner = {"strategy": "CostOptimized", "resources": SMALL}
    world.stack(
        "s", patterns=[{"name": "q", "type": "queue", "backend": "memstore", "replicas": 3, "runnerSpec": runner}]
    )
    world.ready("PrismStack", "s")
    assert count(places.of(world, "runner=q", 3), "prism.io/pool") == {"spot": 3}
    [container] = world.get("Deployment", "q")["spec"]["template"]["spec"]["containers"]
    assert container["resources"] == SMALL
