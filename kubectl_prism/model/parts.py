"""The parts that stacks, patterns and backends have in common."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kubectl_prism.model.schema import Duration, ObjectName, Port, Schema

ServiceType = Literal["ClusterIP", "NodePort", "LoadBalancer"]


class PullSecret(Schema):
    """Names a Secret with the credentials of an image registry."""

    name: ObjectName
    """The Secret's name, in the namespace of the pods."""


class ServiceSettings(Schema):
    """How a component is reached inside and outside the cluster."""

    type: ServiceType = "ClusterIP"
    """ClusterIP, NodePort or LoadBalancer."""
    port: Port
    """The port that the Service and the container listen on."""
    annotations: dict[str, str] | None = None
    """Annotations of the Service, e.g. for a cloud's load balancer."""


class Tracing(Schema):
    """Where spans are sent."""

    endpoint: Annotated[str, Field(max_length=2048)] | None = None
    """The collector's URL; no spans are sent when left out."""


class MetricsPort(Schema):
    """Where metrics are served."""

    port: Port = 9090
    """The port that serves metrics; it may equal the component's own port, which then serves both."""


class Observability(Schema):
    """Tracing and metrics of every program in the stack."""

    enabled: bool = False
    """Whether programs are told to trace and to serve metrics."""
    tracing: Tracing | None = None
    """Where spans are sent."""
    metrics: MetricsPort = Field(default_factory=MetricsPort)
    """Where metrics are served."""


class SecretKeys(Schema):
    """Which keys of a Secret hold what; a key that is named here must exist."""

    url: str | None = None
    """The key that holds the connection URL; `url` when left out."""
    username: str | None = None
    """The key that holds the user name; `username`, where that key exists, when left out."""
    password: str | None = None
    """The key that holds the password; `password`, where that key exists, when left out."""


class SecretRef(Schema):
    """Names a Secret."""

    name: ObjectName
    """The Secret's name."""
    namespace: ObjectName | None = None
    """The Secret's namespace; another than the backend's own only where the Secret permits it by annotation
    `prism.io/allow-from`."""


class CredentialsRef(SecretRef):
    """Names a Secret that holds a backend's connection."""

    keys: SecretKeys | None = None
    """Which keys of the Secret hold what."""


class TokenRef(SecretRef):
    """Names the key of a Secret that holds a bearer token."""

    key: Annotated[str, Field(min_length=1, max_length=253)] = "token"
    """The key that holds the token."""


class Tls(Schema):
    """How a connection is encrypted."""

    enabled: bool = False
    """Whether the connection is encrypted."""
    secret_ref: SecretRef | None = None
    """The Secret with ca.crt and, for a client certificate, tls.crt and tls.key; the system's authorities count when
    left out."""


class HealthCheck(Schema):
    """How the reconciler looks whether a backend answers."""

    enabled: bool = True
    """Whether the reconciler connects to the backend at all."""
    interval: Duration = "30s"
    """How often it connects, e.g. 30s."""
    timeout: Duration = "5s"
    """How long it waits for an answer, e.g. 5s."""
