"""What every Deployment and Service of ours has in common: restricted pods, probes, ports and what is watched of them.

A pod that this room makes is admitted where a namespace enforces the restricted PodSecurity standard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.parts import Observability, PullSecret
from kubectl_prism.render.manifest import manifest, present
from kubectl_prism.render.placement import Placed, pod_fields, resources

GRPC = "grpc"
METRICS = "metrics"

USER = 65532
"""The user of every pod. An image's own user may be a name, such as nobody, of which the kubelet cannot tell that it
is not root."""

REVISIONS = 3
"""How many old ReplicaSets are kept to roll back to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One Deployment and its one container."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    placed: Placed
    replicas: int | None
    """None where an autoscaler says how many."""
    container: str
    image: str
    port: int | None
    """The port that the container serves gRPC on; without one it has no ports and no probes."""
    observability: Observability
    args: Sequence[str] = ()
    env: Sequence[Manifest] = ()
    is_restarted_when_deaf: bool = True
    """Whether a container that no longer takes connections is restarted, or only gets no more of them."""
    pull_secrets: Sequence[PullSecret] = ()
    service_account: str | None = None
    """The ServiceAccount whose token the pods get; they get none without one."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    volumes: Sequence[Manifest] = ()
    mounts: Sequence[Manifest] = ()


def variable(name: str, value: object) -> Manifest:
    """Return an environment variable with a value."""
    return {"name": name, "value": str(value).lower() if isinstance(value, bool) else str(value)}


def from_field(name: str, path: str) -> Manifest:
    """Return an environment variable that takes a field of its pod."""
    return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}


def from_config_map(key: str, name: str) -> Manifest:
    """Return the environment variable `key` that takes its value from a ConfigMap."""
    return {"name": key, "valueFrom": {"configMapKeyRef": {"name": name, "key": key}}}


def from_secret(key: str, name: str, *, optional: bool = False) -> Manifest:
    """Return the environment variable `key` that takes its value from a Secret; an optional one may be missing."""
    source = present(name=name, key=key, optional=optional or None)
    return {"name": key, "valueFrom": {"secretKeyRef": source}}


def deployment(workload: Workload) -> Manifest:
    """Return the Deployment."""
    spec = present(
        replicas=workload.replicas,
        revisionHistoryLimit=REVISIONS,
        selector={"matchLabels": dict(workload.placed.selector)},
        template={"metadata": _template_metadata(workload), "spec": _pod(workload)},
    )
    return manifest("Deployment", name=workload.name, namespace=workload.namespace, labels=workload.labels, spec=spec)


def service_ports(*, port: int, target: int, type: str, observability: Observability) -> list[Manifest]:
    """Return the ports of a Service: gRPC, and metrics where they have a port of their own and stay in the cluster.

    A Service may not name a port number twice; what is served beyond the cluster is only what clients need.
    """
    ports = [{"name": GRPC, "port": port, "protocol": "TCP", "targetPort": GRPC}]
    metrics = observability.metrics.port
    if observability.enabled and type == "ClusterIP" and metrics not in (port, target):
        ports.append({"name": METRICS, "port": metrics, "protocol": "TCP", "targetPort": METRICS})
    return ports


def _template_metadata(workload: Workload) -> Manifest:
    scraped = {}
    if workload.observability.enabled:
        port = str(workload.observability.metrics.port)
        scraped = {"prometheus.io/path": "/metrics", "prometheus.io/port": port, "prometheus.io/scrape": "true"}
    return present(labels=dict(workload.labels), annotations={**scraped, **workload.annotations})


def _pod(workload: Workload) -> Manifest:
    return present(
        **pod_fields(workload.placed),
        automountServiceAccountToken=workload.service_account is not None,
        containers=[_container(workload)],
        enableServiceLinks=False,
        imagePullSecrets=[{"name": secret.name} for secret in workload.pull_secrets],
        securityContext={
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        serviceAccountName=workload.service_account,
        volumes=[*workload.volumes, {"name": "tmp", "emptyDir": {}}],
    )


def _container(workload: Workload) -> Manifest:
    return present(
        name=workload.container,
        image=workload.image,
        args=list(workload.args),
        env=[*workload.env, *_observed(workload.observability)],
        ports=_container_ports(workload.port, workload.observability),
        resources=resources(workload.placed),
        securityContext={
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        volumeMounts=[*workload.mounts, {"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - a path in the pod
        **(_probes(workload) if workload.port else {}),
    )


def _container_ports(port: int | None, observability: Observability) -> list[Manifest]:
    ports = [{"name": GRPC, "containerPort": port, "protocol": "TCP"}] if port else []
    metrics = observability.metrics.port
    if observability.enabled and metrics != port:
        ports.append({"name": METRICS, "containerPort": metrics, "protocol": "TCP"})
    return ports


def _probes(workload: Workload) -> Manifest:
    """Return probes by TCP: the programs have neither gRPC health nor HTTP on this port."""
    connects = {"tcpSocket": {"port": GRPC}}
    return present(
        readinessProbe={**connects, "periodSeconds": 5},
        livenessProbe={**connects, "initialDelaySeconds": 15, "periodSeconds": 20}
        if workload.is_restarted_when_deaf
        else None,
    )


def _observed(observability: Observability) -> list[Manifest]:
    if not observability.enabled:
        return []
    endpoint = observability.tracing.endpoint if observability.tracing else None
    traced = [variable("PRISM_TRACING_ENABLED", True), variable("PRISM_TRACING_ENDPOINT", endpoint)]
    return [*(traced if endpoint else []), variable("PRISM_METRICS_PORT", observability.metrics.port)]
