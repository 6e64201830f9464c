"""How many replicas run when a metric decides: by a HorizontalPodAutoscaler or by KEDA."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kubectl_prism.model.scaling_metrics import Behavior, Metric
from kubectl_prism.model.schema import Rule, Schema


class AuthenticationRef(Schema):
    """Names the KEDA object that holds a trigger's credentials."""

    name: str
    """The object's name."""
    kind: Literal["TriggerAuthentication", "ClusterTriggerAuthentication"] | None = None
    """The object's kind; KEDA takes TriggerAuthentication when left out."""


class Trigger(Schema):
    """One KEDA trigger: a source of load to scale by."""

    type: str
    """The KEDA scaler, e.g. kafka, nats-jetstream, cpu."""
    metadata: dict[str, str]
    """What the scaler needs to know; its own documentation says what."""
    name: str | None = None
    """A name for the trigger, unique in the list."""
    metric_type: Literal["AverageValue", "Value", "Utilization"] | None = None
    """How the trigger's value is compared with its target."""
    use_cached_metrics: bool | None = None
    """Whether KEDA may answer from the values of the last poll."""
    authentication_ref: AuthenticationRef | None = None
    """The KEDA object that holds the trigger's credentials."""


class Autoscaling(Schema):
    """Lets a metric decide how many replicas run; `replicas` beside it then counts no more."""

    rules = (
        Rule(
            "!has(self.maxReplicas) || self.maxReplicas >= self.minReplicas",
            "maxReplicas must be at least minReplicas",
            ".maxReplicas",
        ),
        Rule("!self.enabled || has(self.maxReplicas)", "autoscaling needs maxReplicas", ".maxReplicas"),
        Rule(
            "!self.enabled || self.scaler == 'keda' || self.minReplicas > 0",
            "minReplicas 0 needs scaler keda: a HorizontalPodAutoscaler cannot scale to zero",
            ".minReplicas",
        ),
        Rule(
            "!self.enabled || self.scaler != 'keda' || (has(self.triggers) && self.triggers.size() > 0)",
            "scaler keda needs at least one trigger",
            ".triggers",
        ),
    )

    enabled: bool = False
    """Whether the autoscaler decides."""
    scaler: Literal["", "hpa", "keda"] = "hpa"
    """Who scales: hpa (a HorizontalPodAutoscaler; also when empty) or keda (a ScaledObject)."""
    min_replicas: Annotated[int, Field(ge=0)] = 1
    """The fewest replicas that may run; 0 only with keda."""
    max_replicas: Annotated[int, Field(ge=1)] | None = None
    """The most replicas that may run."""
    target_cpu_utilization_percentage: Annotated[int, Field(ge=1)] | None = Field(
        default=None, alias="targetCPUUtilizationPercentage"
    )
    """CPU to aim at, in percent of what the pods request, on average; hpa only."""
    target_memory_utilization_percentage: Annotated[int, Field(ge=1)] | None = None
    """Memory to aim at, in percent of what the pods request, on average; hpa only."""
    metrics: Annotated[list[Metric], Field(max_length=32)] | None = None
    """Further metrics of the HorizontalPodAutoscaler."""
    behavior: Behavior | None = None
    """How fast to scale up and down."""
    polling_interval: Annotated[int, Field(ge=1)] | None = None
    """How often KEDA looks at the triggers, in seconds; 10 when left out. keda only."""
    cooldown_period: Annotated[int, Field(ge=0)] | None = None
    """How long KEDA waits before it scales to zero, in seconds; 300 when left out. keda only."""
    triggers: Annotated[list[Trigger], Field(max_length=32)] | None = None
    """The sources of load that KEDA scales by; at least one with keda."""
