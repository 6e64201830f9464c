"""Placement: the part of a pod that says where it runs.

A strategy fills in only the fields that the placement leaves out; what is written, even an empty value, wins field by
field. Where `nodeName` passes the scheduler over, no strategy adds anything: the node might refuse the pod for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.placement import Placement, Strategy
from kubectl_prism.model.scheduling import Affinity, Resources
from kubectl_prism.render.manifest import present
from kubectl_prism.render.quantity import amount

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
REGION = "topology.kubernetes.io/region"

MEMORY_RICH = 4 * 2**30
"""Bytes for each core above which a pod is happier on a memory-optimized node; clouds' general nodes have 4 GiB."""
CPU_RICH = 2 * 2**30
"""Bytes for each core below which a pod is happier on a cpu-optimized node; clouds' compute nodes have 2 GiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What is to be placed: its component label, what selects its pods, and what the spec says of them."""

    component: str
    selector: Mapping[str, str]
    placement: Placement | None
    resources: Resources | None = None
    """`resources` beside the placement; the placement's own win."""
    affinity: Affinity | None = None
    """The affinity for a placement that has none."""


def resources(placed: Placed) -> Manifest | None:
    """Return what a container asks for and may use."""
    own = placed.placement.resources if placed.placement else None
    wanted = placed.resources if own is None else own
    return wanted.manifest() if wanted else None


def pod_fields(placed: Placed) -> Manifest:
    """Return the fields of a pod's spec that say where it runs."""
    placement = placed.placement or Placement()
    written = placement.model_dump(by_alias=True, exclude_none=True, exclude={"strategy", "resources"})
    if placed.affinity and placement.affinity is None:
        written["affinity"] = placed.affinity.manifest()
    filled = {} if placement.node_name else _filled(placement.strategy, placed)
    return present(**(filled | written))


def _filled(strategy: Strategy | None, placed: Placed) -> Manifest:
    match strategy:
        case Strategy.MULTI_ZONE:
            return {"topologySpreadConstraints": [_spread(ZONE, placed), _spread(HOSTNAME, placed, strict=False)]}
        case Strategy.MULTI_REGION:
            places = [_spread(REGION, placed), _spread(ZONE, placed), _spread(HOSTNAME, placed, strict=False)]
            return {"topologySpreadConstraints": places}
        case Strategy.DEDICATED_NODES:
            return _pool({"node-type": placed.component}, tolerated=("dedicated", placed.component))
        case Strategy.CONTROL_PLANE_ISOLATION:
            return _pool({"role": "prism-control-plane"})
        case Strategy.DATA_PLANE_OPTIMIZED:
            nodes = {"role": "prism-proxy", "tier": "data-plane"}
            return _pool(nodes, tolerated=("workload-type", "data-intensive"))
        case Strategy.COST_OPTIMIZED:
            return _pool({"node-lifecycle": "spot"}, tolerated=("node-lifecycle", "spot"))
        case Strategy.PATTERN_SPECIFIC:
            return _suited(placed)
        case None:
            return {}


def _spread(topology_key: str, placed: Placed, *, strict: bool = True) -> Manifest:
    """Spread evenly over places, each revision by itself, so that a rollout ends as even as it began.

    Strict means strict: nodes without the label are never used, so a cluster whose nodes know no zones has no place
    for a component that asks for zones. Nodes that the pods cannot run on do not count as places.
    """
    return {
        "maxSkew": 1,
        "topologyKey": topology_key,
        "whenUnsatisfiable": "DoNotSchedule" if strict else "ScheduleAnyway",
        "labelSelector": {"matchLabels": dict(placed.selector)},
        "matchLabelKeys": ["pod-template-hash"],
        "nodeTaintsPolicy": "Honor",
    }


def _pool(nodes: Mapping[str, str], *, tolerated: tuple[str, str] | None = None) -> Manifest:
    tolerations: list[Manifest] = []
    if tolerated:
        key, value = tolerated
        tolerations = [{"key": key, "operator": "Equal", "value": value, "effect": "NoSchedule"}]
    return {"nodeSelector": dict(nodes), "tolerations": tolerations}


def _suited(placed: Placed) -> Manifest:
    """Prefer nodes that suit the ratio of memory to CPU that a pod asks for; it still runs anywhere."""
    asked = resources(placed) or {}
    cpu, memory = _asked(asked, "cpu"), _asked(asked, "memory")
    if not cpu or not memory:
        return {}
    if memory / cpu > MEMORY_RICH:
        return _preferring("memory-optimized")
    return _preferring("cpu-optimized") if memory / cpu < CPU_RICH else {}


def _asked(asked: Mapping[str, Any], name: str) -> Decimal | None:
    """Return the request for a resource; a limit counts as one, as it does in a pod."""
    limits, requests = asked.get("limits") or {}, asked.get("requests") or {}
    return amount(requests.get(name, limits.get(name)))


def _preferring(label: str) -> Manifest:
    nodes = {"matchExpressions": [{"key": label, "operator": "In", "values": ["true"]}]}
    preferred = [{"weight": 100, "preference": nodes}]
    return {"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}}
