"""Kubernetes' own types about horizontal scaling, in their full shape; they pass through unchanged into the scaler."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kubectl_prism.model.scheduling import LabelSelector
from kubectl_prism.model.schema import Quantity, Schema


class MetricTarget(Schema):
    """The value that scaling aims at."""

    type: Literal["Utilization", "Value", "AverageValue"]
    """Which of the values below holds."""
    average_utilization: Annotated[int, Field(ge=1)] | None = None
    """Percent of what the pods request, on average; for Utilization."""
    average_value: Quantity | None = None
    """The metric divided by the number of pods; for AverageValue."""
    value: Quantity | None = None
    """The metric as a whole; for Value."""


class MetricIdentifier(Schema):
    """Names a metric."""

    name: str
    """The metric's name."""
    selector: LabelSelector | None = None
    """Narrows the metric down by labels."""


class ObjectReference(Schema):
    """Names the object that a metric describes."""

    api_version: str | None = None
    """The object's API version."""
    kind: str
    """The object's kind."""
    name: str
    """The object's name."""


class ResourceMetric(Schema):
    """A resource of the whole pod."""

    name: str
    """The resource: cpu or memory."""
    target: MetricTarget
    """The value to aim at."""


class ContainerResourceMetric(Schema):
    """A resource of one container in each pod."""

    name: str
    """The resource: cpu or memory."""
    container: str
    """The container's name."""
    target: MetricTarget
    """The value to aim at."""


class PodsMetric(Schema):
    """A custom metric that each pod reports."""

    metric: MetricIdentifier
    """The metric."""
    target: MetricTarget
    """The value to aim at."""


class ObjectMetric(Schema):
    """A custom metric of one Kubernetes object."""

    described_object: ObjectReference
    """The object."""
    metric: MetricIdentifier
    """The metric."""
    target: MetricTarget
    """The value to aim at."""


class ExternalMetric(Schema):
    """A metric from outside the cluster."""

    metric: MetricIdentifier
    """The metric."""
    target: MetricTarget
    """The value to aim at."""


class Metric(Schema):
    """One metric of a HorizontalPodAutoscaler; exactly the part that `type` names is set."""

    type: Literal["Resource", "ContainerResource", "Pods", "Object", "External"]
    """Which of the parts below holds."""
    resource: ResourceMetric | None = None
    """A resource of the whole pod."""
    container_resource: ContainerResourceMetric | None = None
    """A resource of one container in each pod."""
    pods: PodsMetric | None = None
    """A custom metric that each pod reports."""
    object: ObjectMetric | None = None
    """A custom metric of one Kubernetes object."""
    external: ExternalMetric | None = None
    """A metric from outside the cluster."""


class ScalingPolicy(Schema):
    """How far one step may go."""

    type: Literal["Pods", "Percent"]
    """Whether `value` counts pods or percent."""
    value: Annotated[int, Field(ge=1)]
    """By how much to scale at most within the period."""
    period_seconds: Annotated[int, Field(ge=1, le=1800)]
    """The period, in seconds, 1 to 1800."""


class ScalingRules(Schema):
    """How fast to scale in one direction."""

    stabilization_window_seconds: Annotated[int, Field(ge=0, le=3600)] | None = None
    """How far back past recommendations are considered, in seconds, 0 to 3600."""
    select_policy: Literal["Max", "Min", "Disabled"] | None = None
    """Which policy holds when there are several."""
    policies: list[ScalingPolicy] | None = None
    """How far a step may go."""
    tolerance: Quantity | None = None
    """By how much, as a fraction, the metric may miss its target without scaling."""


class Behavior(Schema):
    """How fast to scale up and down."""

    scale_up: ScalingRules | None = None
    """How fast to scale up."""
    scale_down: ScalingRules | None = None
    """How fast to scale down."""
