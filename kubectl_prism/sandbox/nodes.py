"""The simulated machines: which nodes a sandbox pretends to have, with their labels, taints and sizes.

Pure. Three regions of three zones; general machines everywhere, and pools with the labels and taints that Prism's
placement examples ask for, large enough for all of those examples at once, with room for a rolling update of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kubectl_prism.model.meta import Manifest

REGIONS: Mapping[str, tuple[str, ...]] = {
    "us-east-1": ("us-east-1a", "us-east-1b", "us-east-1c"),
    "us-west-2": ("us-west-2a", "us-west-2b", "us-west-2c"),
    "eu-west-1": ("eu-west-1a", "eu-west-1b", "eu-west-1c"),
}
SIMULATED_LABEL = "prism.io/simulated"
SIMULATED_ANNOTATION = "kwok.x-k8s.io/node"
_PODS = 110
_POD_NETWORK = "10.244"


@dataclass(frozen=True, slots=True)
class Taint:
    """What keeps pods off a node that do not tolerate it."""

    key: str
    value: str
    effect: str = "NoSchedule"


@dataclass(frozen=True, slots=True)
class Pool:
    """Machines of one kind: `cpu` cores and `memory` GiB each, so many in every zone, more in some."""

    name: str
    instance_type: str
    cpu: int
    memory: int
    per_zone: int
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    more: Mapping[str, int] = field(default_factory=dict)

    def size(self, zone: str) -> int:
        """Return how many machines of the pool stand in a zone."""
        return self.more.get(zone, self.per_zone)


def _reserved(pool: str) -> tuple[Taint, ...]:
    # Pods that select such a pool carry no toleration for it, so others may only be asked to stay away.
    return (Taint("prism.io/pool", pool, "PreferNoSchedule"),)


POOLS = (
    Pool("general", "m5.8xlarge", 32, 128, 4),
    Pool(
        "control-plane",
        "m5.2xlarge",
        8,
        32,
        2,
        labels={"role": "prism-control-plane", "tier": "management"},
        taints=_reserved("control-plane"),
    ),
    Pool(
        "data-plane",
        "c5n.9xlarge",
        36,
        96,
        2,
        labels={"role": "prism-proxy", "tier": "data-plane"},
        taints=(Taint("workload-type", "data-intensive"),),
        more={"us-east-1a": 6},
    ),
    Pool(
        "dedicated",
        "c5.4xlarge",
        16,
        32,
        2,
        labels={"node-type": "prism-proxy", "instance-type": "c5.4xlarge"},
        taints=(Taint("dedicated", "prism-proxy"),),
    ),
    Pool(
        "spot",
        "m5.4xlarge",
        16,
        64,
        2,
        labels={"node-lifecycle": "spot"},
        taints=(Taint("node-lifecycle", "spot"),),
    ),
    # A preference for these two must win, and no preference wins over a taint.
    Pool("memory-optimized", "r5.8xlarge", 32, 256, 1, labels={"memory-optimized": "true"}),
    Pool("cpu-optimized", "c5.18xlarge", 72, 144, 1, labels={"cpu-optimized": "true"}),
)


def nodes(pools: Sequence[Pool] = POOLS) -> list[Manifest]:
    """Return every simulated node, in the same order each time."""
    places = [
        (pool, region, zone, number)
        for pool in pools
        for region, zones in REGIONS.items()
        for zone in zones
        for number in range(1, pool.size(zone) + 1)
    ]
    return [
        node(pool, region=region, zone=zone, number=number, network=f"{_POD_NETWORK}.{index}.0/24")
        for index, (pool, region, zone, number) in enumerate(places)
    ]


def node(pool: Pool, *, region: str, zone: str, number: int, network: str) -> Manifest:
    """Build one simulated node; `network` is where its pods' addresses come from."""
    name = f"{pool.name}-{zone}-{number}"
    size = {"cpu": str(pool.cpu), "memory": f"{pool.memory}Gi", "pods": str(_PODS)}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "node.kubernetes.io/instance-type": pool.instance_type,
                "prism.io/pool": pool.name,
                SIMULATED_LABEL: "true",
                "topology.kubernetes.io/region": region,
                "topology.kubernetes.io/zone": zone,
                **pool.labels,
            },
            "annotations": {SIMULATED_ANNOTATION: "fake", "node.alpha.kubernetes.io/ttl": "0"},
        },
        "spec": {
            "podCIDR": network,
            "podCIDRs": [network],
            "taints": [{"key": taint.key, "value": taint.value, "effect": taint.effect} for taint in pool.taints],
        },
        "status": {"allocatable": size, "capacity": size},
    }
