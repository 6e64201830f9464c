"""The real scheduler finds a node for every placement example, all of them at once and in one namespace."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tests.cluster import Cluster

NAMESPACE = "placement"
ZONE, REGION, HOST = "topology.kubernetes.io/zone", "topology.kubernetes.io/region", "kubernetes.io/hostname"


def alone(component: str) -> dict[str, Any]:
    """An affinity that wants no other pod of the component on the host."""
    term = {"labelSelector": {"matchLabels": {"component": component}}, "topologyKey": HOST}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def spread(component: str, keys: Sequence[str], *, skew: int = 1) -> list[dict[str, Any]]:
    """Hard constraints that spread a component evenly."""
    return [
        {
            "maxSkew": skew,
            "topologyKey": key,
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"component": component}},
        }
        for key in keys
    ]


def tolerating(key: str, value: str) -> list[dict[str, str]]:
    """One toleration."""
    return [{"key": key, "operator": "Equal", "value": value, "effect": "NoSchedule"}]


PROXY, ADMIN, PATTERN = "prism-proxy", "prism-admin", "prism-pattern"
MANAGEMENT = {"role": "prism-control-plane", "tier": "management"}
DATA_PLANE = {"role": PROXY, "tier": "data-plane", ZONE: "us-east-1a"}
EXAMPLES: Mapping[str, tuple[str, int, str, str, Mapping[str, Any]]] = {
    "data-plane": (
        PROXY,
        3,
        "2",
        "4Gi",
        {
            "nodeSelector": DATA_PLANE,
            "affinity": alone(PROXY),
            "tolerations": tolerating("workload-type", "data-intensive"),
            "topologySpreadConstraints": spread(PROXY, [ZONE]),
        },
    ),
    "management": (
        ADMIN,
        3,
        "500m",
        "512Mi",
        {
            "nodeSelector": MANAGEMENT,
            "affinity": alone(ADMIN),
            "topologySpreadConstraints": spread(ADMIN, [ZONE]),
        },
    ),
    "single-zone": (
        ADMIN,
        3,
        "500m",
        "512Mi",
        {"nodeSelector": {"role": MANAGEMENT["role"]}, "affinity": alone(ADMIN)},
    ),
    "multi-zone": (
        ADMIN,
        5,
        "500m",
        "512Mi",
        {
            "nodeSelector": {"role": MANAGEMENT["role"]},
            "topologySpreadConstraints": spread(ADMIN, [ZONE], skew=2),
        },
    ),
    "multi-region": (ADMIN, 9, "500m", "512Mi", {"topologySpreadConstraints": spread(ADMIN, [REGION, ZONE])}),
    "cache": (PATTERN, 5, "1", "8Gi", {"nodeSelector": {"memory-optimized": "true"}}),
    "events": (PATTERN, 10, "4", "2Gi", {"nodeSelector": {"cpu-optimized": "true"}}),
    "queue": (PATTERN, 3, "500m", "1Gi", {}),
    "dedicated": (
        PROXY,
        10,
        "1",
        "1Gi",
        {
            "nodeSelector": {"node-type": PROXY, "instance-type": "c5.4xlarge"},
            "tolerations": tolerating("dedicated", PROXY),
        },
    ),
    "zone-spread": (
        PROXY,
        9,
        "1",
        "1Gi",
        {"affinity": alone(PROXY), "topologySpreadConstraints": spread(PROXY, [ZONE])},
    ),
    "near-redis": (PROXY, 6, "1", "1Gi", {}),
    "spot": (
        PROXY,
        20,
        "1",
        "1Gi",
        {"nodeSelector": {"node-lifecycle": "spot"}, "tolerations": tolerating("node-lifecycle", "spot")},
    ),
    "production": (PROXY, 5, "1", "1Gi", {"affinity": alone(PROXY)}),
}


def deployment(name: str) -> dict[str, Any]:
    """A Deployment that is placed as the example says."""
    component, replicas, cpu, memory, placement = EXAMPLES[name]
    requests = {"requests": {"cpu": cpu, "memory": memory}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"example": name}},
            "template": {
                "metadata": {"labels": {"example": name, "component": component}},
                "spec": {"containers": [{"name": "main", "image": "main", "resources": requests}], **placement},
            },
        },
    }


def kubectl(cluster: Cluster, *arguments: str, given: str | None = None) -> str:
    """Ask through kubectl, which knows nothing of our code."""
    command = [str(cluster.kubectl), f"--kubeconfig={cluster.kubeconfig}", f"--namespace={NAMESPACE}", *arguments]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=True, timeout=90).stdout


def test_every_placement_example_is_scheduled_and_can_be_rolled(cluster: Cluster) -> None:
    """All examples become available together; then each rolls once, which needs room for more pods; then all go."""
    kubectl(cluster, "create", "namespace", NAMESPACE)
    everything = {"apiVersion": "v1", "kind": "List", "items": [deployment(name) for name in EXAMPLES]}
    kubectl(cluster, "apply", "-f", "-", given=json.dumps(everything))
    for name in EXAMPLES:
        kubectl(cluster, "rollout", "status", f"deployment/{name}", "--timeout=60s")
    zones = where(cluster, ZONE)
    assert zones["data-plane"] == {"us-east-1a": 3}
    assert max(zones["management"].values()) == 1
    assert len(zones["multi-zone"]) >= 3
    # What spreads counts every pod of its component, those of the other examples too.
    regions = where(cluster, REGION)
    admins = sum((regions[name] for name, (component, *_) in EXAMPLES.items() if component == ADMIN), Counter[str]())
    assert len(admins) == 3
    kubectl(cluster, "rollout", "restart", "deployment")
    for name in EXAMPLES:
        kubectl(cluster, "rollout", "status", f"deployment/{name}", "--timeout=60s")
    kubectl(cluster, "delete", "namespace", NAMESPACE, "--wait", "--timeout=60s")


def where(cluster: Cluster, label: str) -> dict[str, Counter[str]]:
    """Count each example's pods by a label of their nodes."""
    nodes = json.loads(kubectl(cluster, "get", "nodes", "-o", "json"))["items"]
    values = {node["metadata"]["name"]: node["metadata"]["labels"][label] for node in nodes}
    found: dict[str, Counter[str]] = {name: Counter() for name in EXAMPLES}
    for pod in json.loads(kubectl(cluster, "get", "pods", "-o", "json"))["items"]:
        found[pod["metadata"]["labels"]["example"]][values[pod["spec"]["nodeName"]]] += 1
    return found
