"""A PrismPattern on a real API server: what it makes, what it says of itself, and how it scales."""

from __future__ import annotations

from tests.reconcile.kinds.world import World


def test_a_pattern_becomes_ready(world: World) -> None:
    """A pattern on memory alone needs nothing else to be Ready."""
    world.pattern("kv")
    print(world.ready("PrismPattern", "kv")["status"])
