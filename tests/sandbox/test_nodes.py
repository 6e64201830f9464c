"""The simulated machines hold every placement example at once, with room for a rolling update."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from kubectl_prism.model.meta import Manifest
from kubectl_prism.sandbox import nodes as room

NODES = room.nodes()


@dataclass(frozen=True, slots=True)
class Demand:
    """What one placement example asks for; `memory` in GiB, `surge` pods more while it rolls."""

    pods: int
    cpu: float
    memory: float
    selector: Mapping[str, str] = field(default_factory=dict)
    tolerates: tuple[tuple[str, str], ...] = ()
    own_host: bool = False
    zones: int = 1

    @property
    def surge(self) -> int:
        """How many pods more a rolling update starts: a quarter, rounded up."""
        return -(-self.pods // 4)


ADMIN = {"role": "prism-control-plane"}
PLACEMENTS = {
    "proxies of one zone's data plane": Demand(
        3,
        2,
        4,
        {"role": "prism-proxy", "tier": "data-plane", "topology.kubernetes.io/zone": "us-east-1a"},
        (("workload-type", "data-intensive"),),
        own_host=True,
    ),
    "admins of a control plane": Demand(3, 0.5, 0.5, {**ADMIN, "tier": "management"}, own_host=True, zones=3),
    "admins of a single-zone stack": Demand(3, 0.5, 0.5, ADMIN, own_host=True),
    "admins in many zones": Demand(5, 0.5, 0.5, ADMIN, zones=3),
    "admins in many regions": Demand(9, 0.5, 0.5, zones=9),
    "runners with much memory": Demand(5, 1, 8, {"memory-optimized": "true"}),
    "runners with much cpu": Demand(10, 4, 2, {"cpu-optimized": "true"}),
    "runners anywhere": Demand(3, 0.5, 1),
    "dedicated proxies": Demand(
        10,
        2,
        4,
        {"node-type": "prism-proxy", "instance-type": "c5.4xlarge"},
        (("dedicated", "prism-proxy"),),
    ),
    "proxies in every zone": Demand(9, 2, 4, own_host=True, zones=9),
    "proxies near a backend": Demand(6, 2, 4),
    "proxies on spot machines": Demand(20, 2, 4, {"node-lifecycle": "spot"}, (("node-lifecycle", "spot"),)),
    "proxies of a production stack": Demand(5, 1, 1, own_host=True),
    "runners of a production stack": Demand(10, 1, 1),
}


def taken(node: Manifest, demand: Demand) -> bool:
    """Whether the node takes the pods of a demand, by its labels and the taints that forbid."""
    labels = node["metadata"]["labels"]
    forbids = {(taint["key"], taint["value"]) for taint in node["spec"]["taints"] if taint["effect"] == "NoSchedule"}
    return demand.selector.items() <= labels.items() and forbids <= set(demand.tolerates)


@pytest.mark.parametrize("name", PLACEMENTS)
def test_every_placement_example_finds_hosts_zones_and_room(name: str) -> None:
    """An example's selector and tolerations reach enough hosts and zones, and its requests fit on each host."""
    demand = PLACEMENTS[name]
    hosts = [node for node in NODES if taken(node, demand)]
    assert len({node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in hosts}) >= demand.zones
    assert len(hosts) >= (demand.pods + demand.surge if demand.own_host else 1)
    assert all(int(node["status"]["allocatable"]["cpu"]) >= demand.cpu for node in hosts)
    assert all(int(node["status"]["allocatable"]["memory"].removesuffix("Gi")) >= demand.memory for node in hosts)


def test_all_placement_examples_fit_together() -> None:
    """Placed one after the other with their rolling updates, no node is asked for more than it has."""
    cpu = {node["metadata"]["name"]: float(node["status"]["allocatable"]["cpu"]) for node in NODES}
    memory = {node["metadata"]["name"]: float(node["status"]["allocatable"]["memory"][:-2]) for node in NODES}
    for name, demand in PLACEMENTS.items():
        used: Counter[str] = Counter()
        for _ in range(demand.pods + demand.surge):
            open_hosts = [
                host["metadata"]["name"]
                for host in NODES
                if taken(host, demand)
                and cpu[host["metadata"]["name"]] >= demand.cpu
                and memory[host["metadata"]["name"]] >= demand.memory
                and not (demand.own_host and used[host["metadata"]["name"]])
            ]
            assert open_hosts, name
            host_name = max(open_hosts, key=lambda host: cpu[host])
            used[host_name] += 1
            cpu[host_name] -= demand.cpu
            memory[host_name] -= demand.memory


def test_three_regions_of_three_zones_each_have_general_machines() -> None:
    """A pod that asks for nothing can be spread over nine zones of three regions."""
    plain = [node["metadata"]["labels"] for node in NODES if node["metadata"]["labels"]["prism.io/pool"] == "general"]
    assert all(not node["spec"]["taints"] for node in NODES if node["metadata"]["labels"] in plain)
    zones = Counter(
        (labels["topology.kubernetes.io/region"], labels["topology.kubernetes.io/zone"]) for labels in plain
    )
    assert zones == {(region, zone): 4 for region, zones in room.REGIONS.items() for zone in zones}
    assert len(zones) == 9


def test_every_node_says_that_it_is_simulated() -> None:
    """Whoever looks at a node sees that no machine stands behind it."""
    assert {node["metadata"]["labels"]["prism.io/simulated"] for node in NODES} == {"true"}
    assert {node["metadata"]["annotations"]["kwok.x-k8s.io/node"] for node in NODES} == {"fake"}


def test_names_and_pod_networks_are_unique() -> None:
    """No two nodes share a name, and no two pods can get the same address."""
    assert len({node["metadata"]["name"] for node in NODES}) == len(NODES) == 130
    assert len({node["spec"]["podCIDR"] for node in NODES}) == len(NODES)


def test_a_node_in_full() -> None:
    """One data-plane node, as the API server gets it."""
    node = next(node for node in NODES if node["metadata"]["name"] == "data-plane-us-east-1a-1")
    assert node == {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": "data-plane-us-east-1a-1",
            "labels": {
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": "data-plane-us-east-1a-1",
                "kubernetes.io/os": "linux",
                "node.kubernetes.io/instance-type": "c5n.9xlarge",
                "prism.io/pool": "data-plane",
                "prism.io/simulated": "true",
                "role": "prism-proxy",
                "tier": "data-plane",
                "topology.kubernetes.io/region": "us-east-1",
                "topology.kubernetes.io/zone": "us-east-1a",
            },
            "annotations": {"kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0"},
        },
        "spec": {
            "podCIDR": "10.244.54.0/24",
            "podCIDRs": ["10.244.54.0/24"],
            "taints": [{"key": "workload-type", "value": "data-intensive", "effect": "NoSchedule"}],
        },
        "status": {
            "allocatable": {"cpu": "36", "memory": "96Gi", "pods": "110"},
            "capacity": {"cpu": "36", "memory": "96Gi", "pods": "110"},
        },
    }
