"""All samples that the package ships, applied together: what becomes of each, where its pods run, what kubectl says."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from kubectl_prism import manifests
from tests.cluster import Cluster
from tests.reconcile.kinds.answers import Answers
from tests.reconcile.kinds.places import HOST, REGION, ZONE, Places, count
from tests.reconcile.kinds.running import Running
from tests.reconcile.kinds.world import World, conditions, eventually, kubectl

STACKS = {
    ("default", "prism-dev"): ("1/1", "1/1", "1/1", "0/0"),
    ("default", "prism-multi-backend"): ("2/2", "1/1", "4/4", "0/0"),
    ("default", "prism-nats"): ("1/1", "1/1", "1/1", "0/0"),
    ("default", "prism-quickstart"): ("1/1", "1/1", "1/1", "0/0"),
    ("prism-backend-proximity", "prism-backend-proximity"): ("6/6", "1/1", "0/0", "0/0"),
    ("prism-dedicated-proxies", "prism-dedicated-proxies"): ("10/10", "1/1", "0/0", "0/0"),
    ("prism-multi-region", "prism-multi-region"): ("1/1", "9/9", "0/0", "0/0"),
    ("prism-multi-zone", "prism-multi-zone"): ("1/1", "5/5", "0/0", "0/0"),
    ("prism-placement", "prism-production"): ("3/3", "3/3", "3/3", "0/0"),
    ("prism-prod", "prism-production"): ("5/5", "2/2", "1/1", "0/0"),
    ("prism-single-zone", "prism-single-zone"): ("1/1", "3/3", "0/0", "0/0"),
    ("prism-spot-proxies", "prism-spot-proxies"): ("20/20", "1/1", "0/0", "0/0"),
    # Its two servers cannot be reached from outside the cluster, where nobody can tell how they are.
    ("prism-system", "prism-dev"): ("2/2", "1/1", "2/2", "0/2"),
    ("prism-zone-spread", "prism-zone-spread"): ("9/9", "1/1", "0/0", "0/0"),
}
"""Every stack becomes Ready; proxies, admins, patterns and backends as its status counts them."""

BACKENDS = {
    ("prism-system", "memstore-config"): ("True Configured", "Unknown NothingToCheck", "Ready"),
    ("prism-system", "nats"): ("Unknown NotReachableFromHere", "Unknown NotReachableFromHere", "Unknown"),
    ("prism-system", "nats-direct"): ("Unknown NotReachableFromHere", "Unknown NotReachableFromHere", "Unknown"),
    ("prism-system", "nats-production"): ("Unknown NotReachableFromHere", "Unknown NotReachableFromHere", "Unknown"),
    ("prism-system", "postgres"): ("Unknown NotReachableFromHere", "Unknown NotReachableFromHere", "Unknown"),
}
"""Ready, Healthy and phase of every backend."""

PATTERNS = {
    ("default", "cache-memstore"): 1,
    ("default", "cache-redis"): 2,
    ("default", "events-nats"): 2,
    ("default", "keyvalue-memstore"): 1,
    ("default", "kv-memstore"): 1,
    ("default", "pubsub-nats"): 2,
    ("default", "state-postgres"): 2,
    ("prism-placement", "cache-redis-large"): 5,
    ("prism-placement", "events-nats-fast"): 10,
    ("prism-placement", "queue-kafka-burst"): 3,
    ("prism-prod", "cache-redis-cluster"): 10,
    ("prism-system", "keyvalue-memstore"): 1,
    ("prism-system", "keyvalue-memstore-001"): 1,
    ("prism-system", "pubsub-nats"): 2,
}
"""Every pattern becomes Ready, with so many runners."""

WITHIN = 120.0
"""Seconds that they may take together on a busy machine: all are applied at once."""
ADMINS, PROXIES = "component=prism-admin", "component=prism-proxy"


@pytest.fixture(scope="module")
def samples(
    cluster: Cluster,
    engine: Running,
    answers: Answers,
    dynamic: Any,  # noqa: ANN401 - it ships no types
) -> Iterator[World]:
    """Apply every sample at once, in the order of their names; delete all but their namespaces in the end."""
    everything = "\n---\n".join(sample.text for sample in manifests.samples().values())
    kubectl(cluster, "apply", "--server-side", "-f", "-", given=everything)
    yield World(dynamic, cluster, "default")
    made = [obj for obj in yaml.safe_load_all(everything) if obj and obj["kind"] != "Namespace"]
    kubectl(cluster, "delete", "--ignore-not-found", "--timeout=60s", "-f", "-", given=yaml.safe_dump_all(made))


@pytest.fixture(scope="module")
def places(samples: World) -> Places:
    """Return the nodes."""
    return Places(samples)


def found(samples: World, kind: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the objects of a kind in all namespaces of the samples."""
    listed = json.loads(kubectl(samples.cluster, "get", kind, "-A", "-o", "json"))["items"]
    objects = {(obj["metadata"]["namespace"], obj["metadata"]["name"]): obj for obj in listed}
    return {key: obj for key, obj in objects.items() if key[0] == "default" or key[0].startswith("prism-")}


def test_every_stack_becomes_ready(samples: World) -> None:
    """Each stack counts its parts rightly and is Ready, whatever else runs in the cluster."""
    for namespace, name in STACKS:
        samples.within(namespace).ready("PrismStack", name, within=WITHIN)

    def counts() -> dict[tuple[str, str], tuple[str, ...]]:
        stacks = found(samples, "prismstacks")
        parts = ("proxies", "admins", "patterns", "backends")
        return {key: tuple(obj["status"][part] for part in parts) for key, obj in stacks.items()}

    assert counts() == STACKS
    assert {obj["status"]["phase"] for obj in found(samples, "prismstacks").values()} == {"Running"}


def test_every_pattern_becomes_ready(samples: World) -> None:
    """Each pattern has the runners that it asks for."""
    for namespace, name in PATTERNS:
        samples.within(namespace).ready("PrismPattern", name, within=WITHIN)
    patterns = found(samples, "prismpatterns")
    assert {key: obj["status"]["availableReplicas"] for key, obj in patterns.items()} == PATTERNS
    assert {obj["status"]["phase"] for obj in patterns.values()} == {"Running"}


def test_every_backend_says_what_can_be_known_of_it(samples: World) -> None:
    """From outside the cluster nobody can tell how a server inside is, and nobody pretends to."""

    def judged() -> bool:
        backends = found(samples, "prismbackends")
        states = {
            key: (conditions(obj).get("Ready"), conditions(obj).get("Healthy"), obj["status"].get("phase"))
            for key, obj in backends.items()
            if obj.get("status")
        }
        assert states == BACKENDS
        return True

    eventually(judged)


def test_every_tenant_becomes_active(samples: World) -> None:
    """The memo's two namespaces are held by the proxies of the stack that they name, with their quotas."""
    tenants = samples.within("prism-system")
    for name in ("tenant-acme-prod", "tenant-beta-staging"):
        tenants.becomes(
            "PrismNamespace", name, "Ready=True", "QuotasEnforced=True QuotasApplied", within=WITHIN, phase="Active"
        )


def test_kubectl_wait_ends_when_a_stack_is_ready(samples: World) -> None:
    """`kubectl wait --for=condition=Ready` works on every stack and every pattern."""
    for kind, objects in (("prismstack", STACKS), ("prismpattern", PATTERNS)):
        for namespace in {namespace for namespace, _ in objects}:
            names = [name for home, name in objects if home == namespace]
            said = samples.within(namespace).kubectl("wait", "--for=condition=Ready", "--timeout=30s", kind, *names)
            assert said.splitlines() == [f"{kind}.prism.io/{name} condition met" for name in names]


def test_kubectl_get_prism_shows_all_four_kinds(samples: World) -> None:
    """The category lists everything of ours, with whether it is Ready."""
    said = kubectl(samples.cluster, "get", "prism", "-n", "prism-system")
    for kind, name in (
        ("prismstack", "prism-dev"),
        ("prismpattern", "pubsub-nats"),
        ("prismbackend", "nats-direct"),
        ("prismnamespace", "tenant-acme-prod"),
    ):
        assert f"{kind}.prism.io/{name} " in said
    assert "READY" in said


def test_the_stack_label_finds_the_whole_stack(samples: World) -> None:
    """`kubectl get all -l stack=…` shows Deployments, Services and pods, those of patterns included."""
    said = kubectl(samples.cluster, "get", "all", "-n", "default", "-l", "stack=prism-quickstart", "-o", "name")
    listed = said.split()
    for name in ("prism-quickstart-proxy", "prism-quickstart-admin", "kv-memstore"):
        assert f"deployment.apps/{name}" in listed
        assert f"service/{name}" in listed
        assert any(line.startswith(f"pod/{name}-") for line in listed), listed
    assert len([line for line in listed if line.startswith("pod/")]) == 3


def test_kubectl_explains_placement(samples: World) -> None:
    """`kubectl explain` describes fields in sentences."""
    said = kubectl(samples.cluster, "explain", "prismstack.spec.proxy.placement")
    assert "strategy\t<string>" in said
    assert "DedicatedNodes" in said
    assert "nodeSelector\t<map[string]string>" in said


def test_a_server_side_dry_run_changes_nothing(samples: World) -> None:
    """`kubectl apply --server-side --dry-run=server` of what is there passes and leaves every object alone."""
    sample = manifests.sample("quickstart").text
    before = samples.get("PrismStack", "prism-quickstart")["metadata"]["resourceVersion"]
    said = kubectl(samples.cluster, "apply", "--server-side", "--dry-run=server", "-f", "-", given=sample)
    assert "serverside-applied (server dry run)" in said
    assert samples.get("PrismStack", "prism-quickstart")["metadata"]["resourceVersion"] == before


def test_kubectl_diff_finds_nothing_to_change(samples: World) -> None:
    """What a person applied is what is stored: the reconcilers write nothing into a spec."""
    command = [str(samples.cluster.kubectl), f"--kubeconfig={samples.cluster.kubeconfig}", "diff", "--server-side"]
    done = subprocess.run(
        [*command, "-f", "-"], input=manifests.sample("placement").text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize(
    ("namespace", "selector", "pods", "labels"),
    [
        ("prism-dedicated-proxies", PROXIES, 10, {"node-type": "prism-proxy", "instance-type": "c5.4xlarge"}),
        ("prism-spot-proxies", PROXIES, 20, {"node-lifecycle": "spot"}),
        ("prism-multi-zone", ADMINS, 5, {"role": "prism-control-plane"}),
        ("prism-single-zone", ADMINS, 3, {"role": "prism-control-plane"}),
        ("prism-placement", PROXIES, 3, {"role": "prism-proxy", "tier": "data-plane", ZONE: "us-east-1a"}),
        ("prism-placement", ADMINS, 3, {"role": "prism-control-plane", "tier": "management"}),
        ("prism-placement", "runner=cache-redis-large", 5, {"memory-optimized": "true"}),
        ("prism-placement", "runner=events-nats-fast", 10, {"cpu-optimized": "true"}),
    ],
)
def test_pods_run_on_the_nodes_that_are_asked_for(
    samples: World, places: Places, namespace: str, selector: str, pods: int, labels: dict[str, str]
) -> None:
    """Every pod stands on a node with all the labels of its nodeSelector."""
    for node in places.of(samples.within(namespace), selector, pods):
        assert labels.items() <= node.items()


@pytest.mark.parametrize(
    ("namespace", "selector", "pods"),
    [
        ("prism-single-zone", ADMINS, 3),
        ("prism-placement", PROXIES, 3),
        ("prism-placement", ADMINS, 3),
        ("prism-zone-spread", PROXIES, 9),
        ("prism-prod", PROXIES, 5),
    ],
)
def test_no_two_pods_share_a_node_where_that_is_asked_for(
    samples: World, places: Places, namespace: str, selector: str, pods: int
) -> None:
    """Required anti-affinity by host name gives each pod a node of its own."""
    nodes = places.of(samples.within(namespace), selector, pods)
    assert set(count(nodes, HOST).values()) == {1}


def test_spread_constraints_hold(samples: World, places: Places) -> None:
    """Regions, zones and skews are as the constraints of the samples say."""
    admins = places.of(samples.within("prism-multi-region"), ADMINS, 9)
    assert set(count(admins, REGION).values()) == {3}
    assert list(count(admins, ZONE).values()) == [1] * 9
    proxies = places.of(samples.within("prism-zone-spread"), PROXIES, 9)
    assert list(count(proxies, ZONE).values()) == [1] * 9
    admins = places.of(samples.within("prism-multi-zone"), ADMINS, 5)
    assert max(count(admins, ZONE).values()) <= 2
    admins = places.of(samples.within("prism-placement"), ADMINS, 3)
    assert list(count(admins, ZONE).values()) == [1] * 3
