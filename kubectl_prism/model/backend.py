"""PrismBackend: the connection to a system that holds data, such as NATS or Redis."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kubectl_prism.model.parts import CredentialsRef, HealthCheck, Tls
from kubectl_prism.model.schema import Condition, LabelValue, ListMap, ObjectMeta, Rule, Schema, Time

ConnectionUrl = Annotated[str, Field(min_length=1, max_length=4096)]


class Connection(Schema):
    """Where the backend is and how to log in."""

    rules = (
        Rule(
            "!(has(self.url) && has(self.secretRef))",
            "give the connection either as url or by secretRef, not both",
            ".url",
        ),
    )

    url: ConnectionUrl | None = None
    """The connection URL, e.g. nats://nats:4222; a URL with a password in it belongs into a Secret."""
    secret_ref: CredentialsRef | None = None
    """The Secret that holds the URL and, where needed, user name and password."""


class BackendSpec(Schema):
    """What the connection should be."""

    type: LabelValue
    """What the backend is for, e.g. messaging, database, cache."""
    provider: LabelValue | None = None
    """The product, e.g. nats, redis, postgres, kafka, memstore; guessed from the URL's scheme when left out."""
    connection: Connection = Field(default_factory=Connection)
    """Where the backend is and how to log in; left out for a backend that lives in the runner's memory."""
    tls: Tls = Field(default_factory=Tls)
    """How the connection is encrypted."""
    health_check: HealthCheck = Field(default_factory=HealthCheck)
    """How the reconciler looks whether the backend answers."""


class BackendStatus(Schema):
    """What is known of the connection."""

    phase: Literal["Pending", "Ready", "Unhealthy", "Unknown", "Failed", "Terminating"] | None = None
    """The state in one word, for people; programs read the conditions."""
    observed_generation: int | None = None
    """The metadata.generation that this status speaks of."""
    healthy: bool | None = None
    """Whether the backend answered; left out where nobody could check."""
    last_checked: Time | None = None
    """When the health check last changed its answer; it goes on at its interval without writing."""
    answers_within: str | None = None
    """The time within which it answered, in steps: 100ms, 1s, 10s, 1m."""
    message: str | None = None
    """What the health check found, for people."""
    conditions: Annotated[list[Condition], ListMap("type")] | None = None
    """Ready, Reconciling and Stalled, with their reasons; Healthy is the answer of the health check."""


class Backend(Schema):
    """The connection to a system that holds data, such as NATS or Redis."""

    metadata: ObjectMeta
    spec: BackendSpec
    """What the connection should be."""
    status: BackendStatus | None = None
    """What is known of the connection; written by the reconciler."""
