"""Where and how pods run. `placement` of proxy, admin and patterns and a stack pattern's `runnerSpec` are this type."""

from __future__ import annotations

from enum import StrEnum

from kubectl_prism.model.scheduling import Affinity, Resources, Toleration, TopologySpread
from kubectl_prism.model.schema import Schema


class Strategy(StrEnum):
    """A named way to place pods; it fills in only what the placement leaves out."""

    MULTI_ZONE = "MultiZone"
    MULTI_REGION = "MultiRegion"
    DEDICATED_NODES = "DedicatedNodes"
    CONTROL_PLANE_ISOLATION = "ControlPlaneIsolation"
    DATA_PLANE_OPTIMIZED = "DataPlaneOptimized"
    COST_OPTIMIZED = "CostOptimized"
    PATTERN_SPECIFIC = "PatternSpecific"


class Placement(Schema):
    """Where and how pods run; what is written here wins over what the strategy would fill in."""

    strategy: Strategy | None = None
    """A named way to place pods, which fills in only the fields that are left out here. MultiZone spreads pods over
    zones, MultiRegion over regions and zones. DedicatedNodes, ControlPlaneIsolation, DataPlaneOptimized and
    CostOptimized keep pods to nodes that are labelled for it. PatternSpecific prefers nodes that suit the ratio of
    memory to CPU that a pod asks for."""
    node_selector: dict[str, str] | None = None
    """Labels that a node must have."""
    node_name: str | None = None
    """The one node to run on; the scheduler is passed over."""
    affinity: Affinity | None = None
    """Nodes and pods to run on, near or away from."""
    tolerations: list[Toleration] | None = None
    """Taints of nodes that the pods put up with."""
    topology_spread_constraints: list[TopologySpread] | None = None
    """How the pods spread over zones, regions or nodes."""
    resources: Resources | None = None
    """What each container asks for and may use; wins over `resources` beside the placement."""
    priority_class_name: str | None = None
    """The PriorityClass of the pods."""
    runtime_class_name: str | None = None
    """The RuntimeClass of the pods, e.g. gvisor."""
