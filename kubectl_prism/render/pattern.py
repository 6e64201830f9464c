"""A pattern's runner: ConfigMap, Secret, Service, Deployment, scaler and disruption budget.

The runners take `-config` and no other flag that all of them know, so everything reaches them by that file and by their
environment. A hash of both on the pod template rolls the pods when either changes. The Service's port is named grpc,
whatever a runner speaks on it, as objects written for other operators expect.
"""

from __future__ import annotations

from hashlib import blake2b

from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.parts import Observability
from kubectl_prism.model.pattern import Pattern
from kubectl_prism.render import autoscaling, disruption, images, labels, names, workload
from kubectl_prism.render import backend as backends
from kubectl_prism.render.backend import BackendConnection
from kubectl_prism.render.manifest import canonical, manifest, present
from kubectl_prism.render.placement import Placed
from kubectl_prism.render.settings import FILE, Settings, settings

CONFIG_HASH = "prism.io/config-hash"
"""The annotation on pods that changes with their settings and with their backend's connection."""

CONFIG_MOUNT = "/etc/prism"


def objects(
    pattern: Pattern, *, connection: BackendConnection | None = None, stack: str | None = None
) -> list[Manifest]:
    """Return everything that the pattern needs; `stack` is the stack that owns the pattern."""
    told = settings(pattern, connection)
    wanted = (
        config_map(pattern, told, stack=stack),
        secret(pattern, told, stack=stack),
        service(pattern, stack=stack),
        deployment(pattern, told, connection=connection, stack=stack),
        scaler(pattern, stack=stack),
        disruption_budget(pattern, stack=stack),
    )
    return [found for found in wanted if found is not None]


def config_map(pattern: Pattern, told: Settings, *, stack: str | None = None) -> Manifest:
    """Return the ConfigMap with the settings that anyone may read."""
    return manifest("ConfigMap", **_identity(pattern, stack), **present(data=told.plain))


def secret(pattern: Pattern, told: Settings, *, stack: str | None = None) -> Manifest | None:
    """Return the Secret with the settings that not everyone may read, or None where there are none."""
    return manifest("Secret", **_identity(pattern, stack), type="Opaque", data=told.secret) if told.secret else None


def service(pattern: Pattern, *, stack: str | None = None) -> Manifest | None:
    """Return the Service, or None where the pattern asks for none."""
    wanted = pattern.spec.service
    if wanted is None:
        return None
    ports = workload.service_ports(
        port=wanted.port, target=wanted.port, type=wanted.type, observability=_observability(pattern)
    )
    spec = {"type": wanted.type, "selector": _selector(pattern), "ports": ports}
    return manifest("Service", **_identity(pattern, stack), annotations=wanted.annotations, spec=spec)


def deployment(
    pattern: Pattern, told: Settings, *, connection: BackendConnection | None = None, stack: str | None = None
) -> Manifest:
    """Return the Deployment; it has no `replicas` where an autoscaler says how many.

    A runner that works from its file listens nowhere, so it is never restarted for not listening.
    """
    spec = pattern.spec
    volumes, mounts = _files(pattern, told, connection)
    return workload.deployment(
        workload.Workload(
            **_identity(pattern, stack),
            placed=Placed(
                component=labels.PATTERN,
                selector=_selector(pattern),
                placement=spec.placement,
                resources=spec.resources,
            ),
            replicas=None if autoscaling.is_on(spec.autoscaling) else spec.replicas,
            container=names.container(spec.pattern),
            image=spec.image or images.runner(spec.pattern),
            port=spec.service.port if spec.service else None,
            observability=_observability(pattern),
            args=[f"-config={CONFIG_MOUNT}/{FILE}"],
            env=_environment(pattern, told, connection),
            is_restarted_when_deaf=False,
            pull_secrets=spec.image_pull_secrets or (),
            annotations={CONFIG_HASH: _hash(told, connection)},
            volumes=volumes,
            mounts=mounts,
        )
    )


def scaler(pattern: Pattern, *, stack: str | None = None) -> Manifest | None:
    """Return what scales the runners, if anything does."""
    return autoscaling.scaler(pattern.spec.autoscaling, **_identity(pattern, stack))


def disruption_budget(pattern: Pattern, *, stack: str | None = None) -> Manifest | None:
    """Return the disruption budget of two runners or more."""
    replicas = autoscaling.initial_replicas(pattern.spec.autoscaling, pattern.spec.replicas)
    return disruption.budget(**_identity(pattern, stack), selector=_selector(pattern), replicas=replicas)


def _environment(pattern: Pattern, told: Settings, connection: BackendConnection | None) -> list[Manifest]:
    name = _name(pattern)
    port = pattern.spec.service and workload.variable("PRISM_PATTERN_PORT", pattern.spec.service.port)
    plain = [workload.from_config_map(key, name) for key in sorted(told.plain) if key != FILE]
    secret = [workload.from_secret(key, name) for key in sorted(told.secret) if key != FILE]
    return [
        workload.variable("PRISM_PATTERN", pattern.spec.pattern),
        workload.variable("PRISM_BACKEND", pattern.spec.backend),
        *([port] if port else []),
        *plain,
        *secret,
        *(_connected(connection) if connection else []),
    ]


def _connected(connection: BackendConnection) -> list[Manifest]:
    """Name each variable: a Secret taken as a whole would put its private key into the environment too."""
    told = (backends.NAME, backends.PROVIDER, backends.TLS, backends.TYPE)
    hidden = (backends.URL, backends.USERNAME, backends.PASSWORD)
    return [
        *(workload.from_config_map(key, connection.name) for key in told),
        *(workload.from_secret(key, connection.name, optional=True) for key in hidden),
    ]


def _files(
    pattern: Pattern, told: Settings, connection: BackendConnection | None
) -> tuple[list[Manifest], list[Manifest]]:
    """Return volumes and mounts: the settings' file, and the backend's certificates where there are any."""
    items = [{"key": FILE, "path": FILE}]
    source = (
        {"secret": {"secretName": _name(pattern), "items": items}}
        if told.file_is_secret
        else {"configMap": {"name": _name(pattern), "items": items}}
    )
    volumes: list[Manifest] = [{"name": "config", **source}]
    mounts = [{"name": "config", "mountPath": f"{CONFIG_MOUNT}/{FILE}", "subPath": FILE, "readOnly": True}]
    if connection and connection.has_tls:
        files = [{"key": name, "path": name} for name in backends.TLS_FILES]
        volumes.append({"name": "backend", "secret": {"secretName": connection.name, "items": files, "optional": True}})
        mounts.append({"name": "backend", "mountPath": backends.MOUNT, "readOnly": True})
    return volumes, mounts


def _hash(told: Settings, connection: BackendConnection | None) -> str:
    everything = [told.plain, told.secret, connection.digest if connection else None]
    return blake2b(canonical(everything), digest_size=8).hexdigest()


def _observability(pattern: Pattern) -> Observability:
    return pattern.spec.observability or Observability()


def _name(pattern: Pattern) -> str:
    return names.child(pattern.metadata.name)


def _identity(pattern: Pattern, stack: str | None) -> Manifest:
    return {
        "name": _name(pattern),
        "namespace": pattern.metadata.namespace,
        "labels": labels.pattern(pattern, stack=stack),
    }


def _selector(pattern: Pattern) -> dict[str, str]:
    return labels.runner_selector(pattern.metadata.name)
