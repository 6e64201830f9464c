"""PrismPattern: one runner of a data-access pattern, such as keyvalue on Redis."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kubectl_prism.model.autoscaling import Autoscaling
from kubectl_prism.model.parts import Observability, PullSecret, ServiceSettings
from kubectl_prism.model.placement import Placement
from kubectl_prism.model.scheduling import Resources
from kubectl_prism.model.schema import Condition, LabelValue, ListMap, ObjectMeta, ObjectName, Port, Scalar, Schema

Image = Annotated[str, Field(min_length=1, max_length=1024)]
Config = Annotated[dict[str, Scalar], Field(max_length=256)]


class PatternService(ServiceSettings):
    """How a pattern's runner is reached."""

    port: Port = 8080
    """The port that the Service and the container listen on."""


class BackendConfigRef(Schema):
    """Names the PrismBackend whose connection a pattern uses."""

    name: ObjectName
    """The PrismBackend's name."""
    namespace: ObjectName | None = None
    """The PrismBackend's namespace: the pattern's own, since pods can mount nothing from another."""


class PatternSpec(Schema):
    """What the runner should be."""

    pattern: LabelValue
    """The data-access pattern, e.g. keyvalue, pubsub, queue."""
    backend: LabelValue
    """The kind of backend that holds the data, e.g. memstore, redis, nats; a PrismBackend of this name in the same
    namespace, where there is one, supplies the connection."""
    image: Image | None = None
    """The runner's image; ghcr.io/prism/PATTERN-runner:latest when left out."""
    replicas: Annotated[int, Field(ge=0, le=10000)] = 1
    """How many runners there are, unless autoscaling decides."""
    resources: Resources | None = None
    """What each runner asks for and may use."""
    backend_config: BackendConfigRef | None = None
    """The PrismBackend whose connection the runner uses; it must exist."""
    config: Config | None = None
    """Settings that the runner reads; strings, numbers and booleans."""
    service: PatternService | None = None
    """How the runner is reached; it has no Service when left out."""
    autoscaling: Autoscaling | None = None
    """Lets a metric decide how many runners there are."""
    placement: Placement | None = None
    """Where and how the runners run."""
    image_pull_secrets: Annotated[list[PullSecret], ListMap("name"), Field(max_length=16)] | None = None
    """Secrets with the credentials of image registries."""
    observability: Observability | None = None
    """Tracing and metrics."""


class PatternStatus(Schema):
    """What the runner is."""

    phase: Literal["Pending", "Progressing", "Running", "ScaledToZero", "Failed", "Terminating"] | None = None
    """The state in one word, for people; programs read the conditions."""
    observed_generation: int | None = None
    """The metadata.generation that this status speaks of."""
    replicas: int | None = None
    """How many runners exist."""
    available_replicas: int | None = None
    """How many runners have been ready for long enough to serve."""
    selector: str | None = None
    """The label selector of the runners' pods, for autoscalers."""
    conditions: Annotated[list[Condition], ListMap("type")] | None = None
    """Ready, Reconciling and Stalled, with their reasons; ScalingActive where autoscaling is on."""


class Pattern(Schema):
    """One runner of a data-access pattern, such as keyvalue on Redis."""

    metadata: ObjectMeta
    spec: PatternSpec
    """What the runner should be."""
    status: PatternStatus | None = None
    """What the runner is; written by the reconciler."""
