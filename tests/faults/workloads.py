"""What a person does while something goes wrong: small changes whose end is known from an unperturbed run.

Each is prepared in peace, then changed; `stage` plays them. Names and specs are fixed, so that runs can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.reconcile.kinds.world import World

Step = Callable[[World], object]

UNCHECKED = {"healthCheck": {"enabled": False}}
CACHE = {"name": "cache", "type": "cache", "connectionString": "redis://cache:6379", **UNCHECKED}
ORDERS = {"name": "orders", "type": "keyvalue", "backend": "cache"}
USERS = {"name": "users", "type": "queue", "backend": "memstore"}
SCALED = {"enabled": True, "minReplicas": 1, "maxReplicas": 3, "targetCPUUtilizationPercentage": 70}


@dataclass(frozen=True)
class Workload:
    """A change to a world; `writes` is how many writes it takes at least, without a fault."""

    name: str
    change: Step
    before: Step = lambda world: None
    writes: int = 0


def _stack(world: World) -> None:
    world.stack("shop", patterns=[ORDERS], backends=[CACHE])


def _two_patterns(world: World) -> None:
    world.stack("shop", patterns=[ORDERS, USERS], backends=[CACHE])


def _scaled(world: World) -> None:
    world.backend("cache", connection={"url": "redis://cache:6379"})
    world.pattern("orders", backend="cache", autoscaling=SCALED)


def _pattern(world: World) -> None:
    world.backend("cache", connection={"url": "redis://cache:6379"})
    world.pattern("orders", backend="cache", replicas=1, config={"ttl": "1h"})


def _backend(world: World) -> None:
    world.backend("cache", connection={"url": "redis://cache:6379"})


def _another_connection(world: World) -> None:
    world.specify("PrismBackend", "cache", connection={"url": "redis://other:6379"}, provider="redis")


def _another_backend(world: World) -> None:
    world.specify("PrismBackend", "cache", connection={"url": "redis://other:6379"})
    world.specify("PrismPattern", "orders", config={"ttl": "2h"})


def _anew(world: World) -> None:
    world.delete("PrismPattern", "orders")
    world.gone("PrismPattern", "orders")
    world.pattern("orders", backend="cache", replicas=2, config={"ttl": "3h"})


WORKLOADS: Mapping[str, Workload] = {
    found.name: found
    for found in (
        Workload("stack", _stack, writes=14),
        Workload("autoscaled", _scaled, writes=7),
        Workload("scale", lambda world: world.specify("PrismPattern", "orders", replicas=3), _pattern, writes=3),
        Workload("backend", _another_backend, _pattern, writes=8),
        Workload(
            "prune", lambda world: world.specify("PrismStack", "shop", patterns=[ORDERS]), _two_patterns, writes=2
        ),
        Workload("unscale", lambda world: world.specify("PrismPattern", "orders", autoscaling=None), _scaled, writes=4),
        Workload("anew", _anew, _pattern, writes=4),
        Workload("connection", _another_connection, _backend, writes=3),
        Workload("delete", lambda world: world.delete("PrismStack", "shop"), _stack),
    )
}


def masked(value: Any, namespace: str) -> Any:  # noqa: ANN401 - JSON
    """Return JSON with the name of the namespace masked wherever it stands."""
    match value:
        case dict():
            return {key: masked(inner, namespace) for key, inner in value.items()}
        case list():
            return [masked(inner, namespace) for inner in value]
        case str():
            return value.replace(namespace, "NAMESPACE")
    return value
