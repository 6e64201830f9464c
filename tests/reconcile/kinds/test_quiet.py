"""A steady cluster costs nothing: no write for a minute, counted by the API server, next to no CPU, a silent restart.

The operator is a process of its own; the official client and the API server's own metrics are the judges.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.reconcile.kinds.answers import Answers
from tests.reconcile.kinds.process import Operator
from tests.reconcile.kinds.servers import Redis
from tests.reconcile.kinds.world import CHILD_KINDS, World, conditions, eventually

PATTERNS = 200
QUIET = 60.0
"""Seconds in which nothing may be written."""
SHARE = 0.01
"""The share of one core that watching a quiet cluster may cost."""

RESOURCES = (
    "configmaps",
    "deployments",
    "horizontalpodautoscalers",
    "poddisruptionbudgets",
    "prismbackends",
    "prismnamespaces",
    "prismpatterns",
    "prismstacks",
    "rolebindings",
    "roles",
    "secrets",
    "serviceaccounts",
    "services",
)
"""What the API server counts writes to, by anybody: of other kinds' objects only statuses are written by others."""
KINDS = tuple(kind for kind in CHILD_KINDS if kind != "HorizontalPodAutoscaler")
"""Every kind that we write, but for the one whose status the controller-manager renews by the minute."""


def writes(world: World) -> int:
    """Return how many writes to what is ours the API server has answered so far."""
    return sum(
        int(float(line.rpartition(" ")[2]))
        for line in world.kubectl("get", "--raw", "/metrics").splitlines()
        if line.startswith("apiserver_request_total{") and is_ours(dict(re.findall(r'(\w+)="([^"]*)"', line)))
    )


def is_ours(labels: dict[str, str]) -> bool:
    """Tell whether requests with these labels are writes that only we have a reason for in a steady cluster."""
    is_write = labels["verb"] not in ("GET", "LIST", "WATCH")
    is_own_kind = labels["group"] == "prism.io"
    return is_write and labels["resource"] in RESOURCES and (is_own_kind or not labels["subresource"])


def is_calm(world: World) -> bool:
    """Tell whether no namespace is on its way out, for that makes others write."""
    found = world.client.resources.get(api_version="v1", kind="Namespace").get().to_dict()["items"]
    return all(namespace["status"]["phase"] == "Active" for namespace in found)


def populate(world: World, redis: Redis) -> None:
    """Create 200 patterns, and one of everything else that might find a reason to write."""
    for number in range(PATTERNS - 2):
        world.pattern(f"p-{number:03}", config={"ttl": "1h", "maxKeys": number}, service={"port": 8080})
    scaled = {"enabled": True, "minReplicas": 1, "maxReplicas": 3, "targetCPUUtilizationPercentage": 70}
    world.pattern("scaled", autoscaling=scaled)
    world.pattern("connected", backend="healthy")
    check = {"enabled": True, "interval": "5s", "timeout": "2s"}
    world.backend("healthy", connection={"url": redis.url}, healthCheck=check)
    world.backend("unknown", connection={"url": "nats://nats.invalid:4222"}, healthCheck=check)
    world.stack(
        "s",
        proxy={"replicas": 2, "resources": {"requests": {"cpu": "1000m", "memory": "1024Mi"}}},
        admin={"leaderElection": {"enabled": True}, "replicas": 3},
        patterns=[{"name": "of-stack", "type": "queue", "backend": "memstore", "config": {"password": "x"}}],
        namespaces=[{"name": "n", "namespaceId": "n"}],
    )


def versions(world: World) -> dict[str, dict[str, str]]:
    """Return the resourceVersion of everything that we write, our own Events included."""
    found = {
        kind: {obj["metadata"]["name"]: obj["metadata"]["resourceVersion"] for obj in world.all(kind)}
        for kind in (*KINDS, "PrismStack")
    }
    ours = [event for event in world.all("Event") if event["source"].get("component") == "prism-operator"]
    return {**found, "Event": {obj["metadata"]["name"]: obj["metadata"]["resourceVersion"] for obj in ours}}


def all_ready(world: World) -> bool:
    """Tell whether every pattern and the stack are Ready, and the autoscaler has spoken."""
    patterns = {obj["metadata"]["name"]: conditions(obj) for obj in world.all("PrismPattern")}
    assert len(patterns) == PATTERNS + 1
    unready = {name: held for name, held in patterns.items() if not held.get("Ready", "").startswith("True")}
    assert not unready
    assert "Failed" in patterns["scaled"]["ScalingActive"]
    assert conditions(world.get("PrismStack", "s"))["Ready"].startswith("True")
    return True


@pytest.mark.timeout(300)
def test_a_steady_cluster_sees_no_write_and_a_restart_makes_none(bare: World, answers: Answers, tmp_path: Path) -> None:
    """200 patterns, a stack, an autoscaler and health checks: then a minute of nothing, and nothing after a restart."""
    with Redis() as redis:
        with Operator(bare.cluster, namespace=bare.namespace, folder=tmp_path) as operator:
            populate(bare, redis)
            eventually(lambda: all_ready(bare), within=120)
            eventually(lambda: operator.has_looked_at(PATTERNS))
            steady = eventually(lambda: settled(bare))
            assert writes(bare) > 3 * PATTERNS  # the count counts
            eventually(lambda: is_calm(bare), within=90)
            before = (writes(bare), operator.writes())
            spent, checks = operator.processor_seconds(), redis.checks
            time.sleep(QUIET)  # the minute that is measured
            spent = operator.processor_seconds() - spent
            assert (writes(bare), operator.writes()) == before
            assert versions(bare) == steady
            assert redis.checks > checks
            assert spent < SHARE * QUIET
            assert operator.metric("controller_runtime_reconcile_errors_total") == 0
        with Operator(bare.cluster, namespace=bare.namespace, folder=tmp_path) as operator:
            eventually(lambda: operator.has_looked_at(PATTERNS + 4))
            assert operator.writes() == 0
        assert writes(bare) == before[0]
        assert versions(bare) == steady


def settled(world: World) -> dict[str, dict[str, str]] | None:
    """Return the versions of everything once two looks in a row find the same."""
    first = versions(world)
    return first if versions(world) == first else None
