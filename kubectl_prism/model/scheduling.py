"""Kubernetes' own types about resources and scheduling, in their full shape.

They pass through unchanged into pod templates, so nothing here has a default. A test compares the fields with those
of the official client.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kubectl_prism.model.schema import ListMap, Quantity, Schema

Weight = Annotated[int, Field(ge=1, le=100)]


class ResourceClaim(Schema):
    """A claim for a dynamically allocated resource."""

    name: str
    """The name of an entry in the pod's resource claims."""
    request: str | None = None
    """The request within the claim to use; all of them when left out."""


class Resources(Schema):
    """What a container asks for and may use at most."""

    requests: dict[str, Quantity] | None = None
    """What the scheduler sets aside, by resource name: cpu, memory, …"""
    limits: dict[str, Quantity] | None = None
    """What the container may use at most, by resource name: cpu, memory, …"""
    claims: Annotated[list[ResourceClaim], ListMap("name")] | None = None
    """Dynamically allocated resources that the container uses."""


class Requirement(Schema):
    """A comparison of one label with values."""

    key: str
    """The label to compare."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """In, NotIn, Exists or DoesNotExist."""
    values: list[str] | None = None
    """What to compare with: required for In and NotIn, left out otherwise."""


class NodeRequirement(Schema):
    """A comparison of one of a node's labels or fields with values."""

    key: str
    """The label or field to compare."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    """In, NotIn, Exists, DoesNotExist, Gt or Lt."""
    values: list[str] | None = None
    """What to compare with: required for In and NotIn, one number for Gt and Lt, left out otherwise."""


class LabelSelector(Schema):
    """Picks objects by their labels; all parts must hold."""

    match_labels: dict[str, str] | None = None
    """Labels that must have exactly these values."""
    match_expressions: list[Requirement] | None = None
    """Comparisons that must all hold."""


class NodeSelectorTerm(Schema):
    """Picks nodes; all parts must hold."""

    match_expressions: list[NodeRequirement] | None = None
    """Comparisons with the node's labels."""
    match_fields: list[NodeRequirement] | None = None
    """Comparisons with the node's fields."""


class NodeSelector(Schema):
    """Picks nodes by terms of which one must hold."""

    node_selector_terms: list[NodeSelectorTerm]
    """The terms; one that holds is enough."""


class PreferredNodes(Schema):
    """Nodes to be preferred, and how much."""

    weight: Weight
    """How much the preference counts against others, 1 to 100."""
    preference: NodeSelectorTerm
    """The nodes that are preferred."""


class NodeAffinity(Schema):
    """On which nodes pods must or should run."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    """Nodes outside this are never used."""
    preferred_during_scheduling_ignored_during_execution: list[PreferredNodes] | None = None
    """Nodes that are used first."""


class PodAffinityTerm(Schema):
    """Picks pods, and says what counts as the same place."""

    topology_key: str
    """The node label whose equal values mean the same place, e.g. kubernetes.io/hostname."""
    label_selector: LabelSelector | None = None
    """The pods that are meant."""
    namespaces: list[str] | None = None
    """Namespaces in which those pods are looked for; the pod's own when left out."""
    namespace_selector: LabelSelector | None = None
    """Namespaces by label in which those pods are looked for."""
    match_label_keys: list[str] | None = None
    """Labels whose values must equal the incoming pod's."""
    mismatch_label_keys: list[str] | None = None
    """Labels whose values must differ from the incoming pod's."""


class WeightedPodAffinityTerm(Schema):
    """A pod affinity term to be preferred, and how much."""

    weight: Weight
    """How much the preference counts against others, 1 to 100."""
    pod_affinity_term: PodAffinityTerm
    """The pods and the place that are meant."""


class PodAffinity(Schema):
    """Near which pods, or away from which, pods must or should run."""

    required_during_scheduling_ignored_during_execution: list[PodAffinityTerm] | None = None
    """Terms that must all hold."""
    preferred_during_scheduling_ignored_during_execution: list[WeightedPodAffinityTerm] | None = None
    """Terms that should hold."""


class Affinity(Schema):
    """Where pods must or should run, seen from nodes and from other pods."""

    node_affinity: NodeAffinity | None = None
    """On which nodes pods must or should run."""
    pod_affinity: PodAffinity | None = None
    """Near which pods they must or should run."""
    pod_anti_affinity: PodAffinity | None = None
    """Away from which pods they must or should run."""


class Toleration(Schema):
    """Lets pods run on nodes with a matching taint."""

    key: str | None = None
    """The taint's key; every key when left out, with operator Exists."""
    operator: str | None = None
    """Equal (the default) or Exists."""
    value: str | None = None
    """The taint's value, for operator Equal."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """The taint's effect; every effect when left out."""
    toleration_seconds: int | None = None
    """How long a pod stays once a NoExecute taint appears; for ever when left out."""


class TopologySpread(Schema):
    """Spreads pods over places such as zones."""

    max_skew: Annotated[int, Field(ge=1)]
    """By how many pods the fullest place may exceed the emptiest."""
    topology_key: str
    """The node label whose values are the places, e.g. topology.kubernetes.io/zone."""
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"]
    """What to do with a pod that would break the skew."""
    label_selector: LabelSelector | None = None
    """The pods that are counted."""
    match_label_keys: list[str] | None = None
    """Labels whose values must equal the incoming pod's for a pod to be counted."""
    min_domains: Annotated[int, Field(ge=1)] | None = None
    """The number of places to count with at least; missing ones count as empty."""
    node_affinity_policy: Literal["Honor", "Ignore"] | None = None
    """Whether nodes outside the pod's node affinity are counted."""
    node_taints_policy: Literal["Honor", "Ignore"] | None = None
    """Whether nodes with taints that the pod does not tolerate are counted."""
