"""PrismStack: a whole Prism: proxies, admin control plane, patterns, backends and namespaces."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kubectl_prism.model.autoscaling import Autoscaling
from kubectl_prism.model.backend import ConnectionUrl
from kubectl_prism.model.namespace import SAME_NAMESPACE_ID, Tenancy
from kubectl_prism.model.parts import (
    CredentialsRef,
    HealthCheck,
    Observability,
    PullSecret,
    ServiceType,
    Tls,
    TokenRef,
)
from kubectl_prism.model.pattern import BackendConfigRef, Config, Image, PatternService
from kubectl_prism.model.placement import Placement
from kubectl_prism.model.scheduling import Affinity, Resources
from kubectl_prism.model.schema import (
    Condition,
    Duration,
    Label,
    LabelValue,
    ListMap,
    ObjectMeta,
    ObjectName,
    Port,
    Rule,
    Schema,
)

Replicas = Annotated[int, Field(ge=0, le=10000)]


class Proxy(Schema):
    """The proxies: the data plane that clients talk to."""

    image: Image = "ghcr.io/prism/prism-proxy:latest"
    """The proxy's image."""
    replicas: Replicas = 1
    """How many proxies run, unless autoscaling decides."""
    port: Port = 9090
    """The port that clients talk gRPC to."""
    resources: Resources | None = None
    """What each proxy asks for and may use."""
    autoscaling: Autoscaling | None = None
    """Lets a metric decide how many proxies run."""
    placement: Placement | None = None
    """Where and how the proxies run."""


class LeaderElection(Schema):
    """How admins agree on which one acts: by a Lease in the stack's namespace."""

    rules = (
        Rule(
            "duration(self.renewDeadline) < duration(self.leaseDuration)",
            "renewDeadline must be shorter than leaseDuration",
            ".renewDeadline",
        ),
        Rule(
            "duration(self.retryPeriod) < duration(self.renewDeadline)",
            "retryPeriod must be shorter than renewDeadline",
            ".retryPeriod",
        ),
    )

    enabled: bool = False
    """Whether admins elect a leader."""
    lease_name: ObjectName = "prism-admin-leader"
    """The Lease's name; two stacks in one namespace need two names."""
    lease_duration: Duration = "15s"
    """How long a leader that falls silent keeps the Lease."""
    renew_deadline: Duration = "10s"
    """How long a leader tries to renew before it steps down."""
    retry_period: Duration = "2s"
    """How often admins try to take or renew the Lease."""


class AdminService(Schema):
    """How the admin control plane is reached."""

    type: ServiceType = "ClusterIP"
    """ClusterIP, NodePort or LoadBalancer."""
    port: Port | None = None
    """The port of the Service; the admin's own when left out."""
    annotations: dict[str, str] | None = None
    """Annotations of the Service, e.g. for a cloud's load balancer."""


class Admin(Schema):
    """The admin control plane."""

    enabled: bool = True
    """Whether the stack has an admin control plane."""
    image: Image = "ghcr.io/prism/prism-admin:latest"
    """The admin's image."""
    replicas: Replicas = 1
    """How many admins run; an odd number, where they elect a leader."""
    port: Port = 8981
    """The port that the admin listens on."""
    resources: Resources | None = None
    """What each admin asks for and may use."""
    placement: Placement | None = None
    """Where and how the admins run."""
    leader_election: LeaderElection = Field(default_factory=LeaderElection)
    """How admins agree on which one acts."""
    service: AdminService = Field(default_factory=AdminService)
    """How the admin control plane is reached."""


class Access(Schema):
    """How the reconciler talks to proxies and admins, to provision namespaces on them."""

    rules = (
        Rule(
            "!has(self.tokenRef) || self.tls.enabled",
            "a token would be sent in clear text: set tls.enabled too",
            ".tokenRef",
        ),
    )

    tls: Tls = Field(default_factory=Tls)
    """How the connection is encrypted."""
    token_ref: TokenRef | None = None
    """The Secret with the bearer token that is sent along."""


class StackPattern(Schema):
    """A pattern of the stack; it becomes a PrismPattern of this name."""

    name: Label
    """The PrismPattern's name."""
    type: LabelValue
    """The data-access pattern, e.g. keyvalue, pubsub, queue."""
    backend: LabelValue
    """The kind of backend that holds the data, or the name of one of the stack's backends."""
    image: Image | None = None
    """The runner's image; ghcr.io/prism/TYPE-runner:latest when left out."""
    replicas: Replicas | None = None
    """How many runners there are; when left out there is one, and `kubectl scale` may change that."""
    config: Config | None = None
    """Settings that the runner reads; strings, numbers and booleans."""
    backend_config: BackendConfigRef | None = None
    """The PrismBackend whose connection the runner uses, where `backend` does not name it."""
    resources: Resources | None = None
    """What each runner asks for and may use."""
    runner_spec: Placement | None = None
    """Where and how the runners run."""
    service: PatternService = Field(default_factory=PatternService)
    """How the runner is reached."""
    autoscaling: Autoscaling | None = None
    """Lets a metric decide how many runners there are."""


class StackBackend(Schema):
    """A backend of the stack; it becomes a PrismBackend of this name."""

    rules = (
        Rule(
            "!(has(self.connectionString) && has(self.secretRef))",
            "give the connection either as connectionString or by secretRef, not both",
            ".connectionString",
        ),
    )

    name: Label
    """The PrismBackend's name."""
    type: LabelValue
    """What the backend is for, e.g. messaging, database, cache."""
    provider: LabelValue | None = None
    """The product, e.g. nats, redis, postgres, kafka, memstore; guessed from the URL's scheme or the name when left
    out."""
    connection_string: ConnectionUrl | None = None
    """The connection URL; a URL with a password in it belongs into a Secret."""
    secret_ref: CredentialsRef | None = None
    """The Secret that holds the connection."""
    tls: Tls = Field(default_factory=Tls)
    """How the connection is encrypted."""
    health_check: HealthCheck = Field(default_factory=HealthCheck)
    """How the reconciler looks whether the backend answers."""


class StackNamespace(Tenancy):
    """A namespace on the stack's proxies; it becomes a PrismNamespace of this name."""

    rules = (
        Rule(
            SAME_NAMESPACE_ID,
            "namespaceId cannot change: add a namespace under another name instead",
            ".namespaceId",
        ),
    )

    name: Label
    """The PrismNamespace's name."""


class StackSpec(Schema):
    """What the stack should be; an empty spec is one proxy and one admin."""

    rules = (
        Rule(
            "!has(self.patterns) || !has(self.backends)"
            " || self.patterns.all(p, !self.backends.exists(b, b.name == p.name))",
            "a pattern and a backend of one stack cannot have the same name: each owns a ConfigMap of its name",
            ".patterns",
        ),
    )

    proxy: Proxy = Field(default_factory=Proxy)
    """The proxies: the data plane that clients talk to."""
    admin: Admin = Field(default_factory=Admin)
    """The admin control plane."""
    control_plane: Access | None = None
    """How the reconciler talks to proxies and admins; in clear text and without a token when left out."""
    patterns: Annotated[list[StackPattern], ListMap("name"), Field(max_length=100)] | None = None
    """The patterns that the stack runs."""
    backends: Annotated[list[StackBackend], ListMap("name"), Field(max_length=100)] | None = None
    """The backends that hold the patterns' data."""
    namespaces: Annotated[list[StackNamespace], ListMap("name"), Field(max_length=100)] | None = None
    """The tenants' namespaces on the stack's proxies."""
    observability: Observability = Field(default_factory=Observability)
    """Tracing and metrics of every program in the stack."""
    image_pull_secrets: Annotated[list[PullSecret], ListMap("name"), Field(max_length=16)] | None = None
    """Secrets with the credentials of image registries, for every pod of the stack."""
    affinity: Affinity | None = None
    """Where proxies and admins run whose placement has no affinity of its own."""


class StackStatus(Schema):
    """What the stack is."""

    phase: Literal["Pending", "Progressing", "Running", "Degraded", "Failed", "Terminating"] | None = None
    """The state in one word, for people; programs read the conditions."""
    observed_generation: int | None = None
    """The metadata.generation that this status speaks of."""
    proxies: str | None = None
    """Proxies available of those wanted, e.g. 2/3."""
    admins: str | None = None
    """Admins available of those wanted, e.g. 1/1."""
    patterns: str | None = None
    """Patterns that are Ready of those in the spec, e.g. 4/4."""
    backends: str | None = None
    """Backends that are Ready of those in the spec, e.g. 1/2."""
    namespaces: str | None = None
    """Namespaces that are Ready of those in the spec, e.g. 0/0."""
    conditions: Annotated[list[Condition], ListMap("type")] | None = None
    """Ready, Reconciling and Stalled, with their reasons, and one condition for each component."""


class Stack(Schema):
    """A whole Prism: proxies, admin control plane, patterns, backends and namespaces."""

    metadata: ObjectMeta
    spec: StackSpec = Field(default_factory=StackSpec)
    """What the stack should be."""
    status: StackStatus | None = None
    """What the stack is; written by the reconciler."""
