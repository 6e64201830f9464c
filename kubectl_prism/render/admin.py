"""The admin control plane of a stack: Service, Deployment, disruption budget, and the right to hold a Lease.

The admin takes its ports as flags of `serve`, and only those flags are passed; whatever else it should know, such as
how to elect a leader, stands in its environment, which no version of it refuses.
"""

from __future__ import annotations

from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.stack import Stack
from kubectl_prism.render import disruption, labels, names, workload
from kubectl_prism.render.manifest import manifest, present
from kubectl_prism.render.placement import Placed
from kubectl_prism.render.workload import from_field, service_ports, variable

STATE = "/var/lib/prism-admin"
"""Where the admin keeps its state; the rest of its file system is read-only."""

LEASE_VERBS = ("get", "list", "watch", "create", "update", "patch")


def objects(stack: Stack) -> list[Manifest]:
    """Return everything that the admins need; nothing where the stack has no admin."""
    if not stack.spec.admin.enabled:
        return []
    budget = disruption_budget(stack)
    return [*lease_access(stack), service(stack), deployment(stack), *([budget] if budget else [])]


def endpoint(stack: Stack) -> str:
    """Return host and port at which the pods of the cluster reach the admin."""
    return f"{names.admin(stack.metadata.name)}.{stack.metadata.namespace}.svc:{_service_port(stack)}"


def lease_access(stack: Stack) -> list[Manifest]:
    """Return ServiceAccount, Role and RoleBinding that let admins elect a leader, if they are to."""
    if not stack.spec.admin.leader_election.enabled:
        return []
    name = names.admin(stack.metadata.name)
    rule = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": list(LEASE_VERBS)}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    account = {"kind": "ServiceAccount", "name": name, "namespace": stack.metadata.namespace}
    return [
        manifest("ServiceAccount", **_identity(stack)),
        manifest("Role", **_identity(stack), rules=[rule]),
        manifest("RoleBinding", **_identity(stack), roleRef=role, subjects=[account]),
    ]


def service(stack: Stack) -> Manifest:
    """Return the Service that the admins are reached by."""
    admin = stack.spec.admin
    ports = service_ports(
        port=_service_port(stack),
        target=admin.port,
        type=admin.service.type,
        observability=stack.spec.observability,
    )
    spec = {"type": admin.service.type, "selector": _selector(stack), "ports": ports}
    return manifest("Service", **_identity(stack), annotations=admin.service.annotations, spec=spec)


def deployment(stack: Stack) -> Manifest:
    """Return the Deployment."""
    admin = stack.spec.admin
    return workload.deployment(
        workload.Workload(
            **_identity(stack),
            placed=Placed(
                component=labels.ADMIN,
                selector=_selector(stack),
                placement=admin.placement,
                resources=admin.resources,
                affinity=stack.spec.affinity,
            ),
            replicas=admin.replicas,
            container="prism-admin",
            image=admin.image,
            port=admin.port,
            observability=stack.spec.observability,
            args=_args(stack),
            env=[variable("HOME", STATE), variable("PRISM_ADMIN_PORT", admin.port), *_election(stack)],
            pull_secrets=stack.spec.image_pull_secrets or (),
            service_account=names.admin(stack.metadata.name) if admin.leader_election.enabled else None,
            volumes=[{"name": "state", "emptyDir": {}}],
            mounts=[{"name": "state", "mountPath": STATE}],
        )
    )


def disruption_budget(stack: Stack) -> Manifest | None:
    """Return the disruption budget of two admins or more."""
    return disruption.budget(**_identity(stack), selector=_selector(stack), replicas=stack.spec.admin.replicas)


def _args(stack: Stack) -> list[str]:
    ports = [f"--grpc-port={stack.spec.admin.port}"]
    observability = stack.spec.observability
    if observability.enabled and observability.metrics.port != stack.spec.admin.port:
        ports.append(f"--metrics-port={observability.metrics.port}")
    return ["serve", *ports]


def _election(stack: Stack) -> list[Manifest]:
    election = stack.spec.admin.leader_election
    if not election.enabled:
        return []
    return [
        from_field("POD_NAME", "metadata.name"),
        from_field("POD_NAMESPACE", "metadata.namespace"),
        variable("PRISM_LEADER_ELECTION_ENABLED", True),
        variable("PRISM_LEADER_ELECTION_LEASE_NAME", election.lease_name),
        variable("PRISM_LEADER_ELECTION_LEASE_DURATION", election.lease_duration),
        variable("PRISM_LEADER_ELECTION_RENEW_DEADLINE", election.renew_deadline),
        variable("PRISM_LEADER_ELECTION_RETRY_PERIOD", election.retry_period),
    ]


def _service_port(stack: Stack) -> int:
    return stack.spec.admin.service.port or stack.spec.admin.port


def _identity(stack: Stack) -> Manifest:
    return present(
        name=names.admin(stack.metadata.name), namespace=stack.metadata.namespace, labels=labels.admin(stack)
    )


def _selector(stack: Stack) -> dict[str, str]:
    return labels.stack_selector(stack.metadata.name, labels.ADMIN)
