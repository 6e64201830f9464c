"""The proxies of a stack: their Service, Deployment, scaler and disruption budget.

What a proxy must know it reads from its environment; the real program refuses no variable, but every unknown flag.
"""

from __future__ import annotations

from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.stack import Stack
from kubectl_prism.render import admin, autoscaling, disruption, labels, names, workload
from kubectl_prism.render.manifest import manifest
from kubectl_prism.render.placement import Placed
from kubectl_prism.render.workload import service_ports, variable


def objects(stack: Stack) -> list[Manifest]:
    """Return everything that the proxies need."""
    wanted = (service(stack), deployment(stack), scaler(stack), disruption_budget(stack))
    return [found for found in wanted if found is not None]


def service(stack: Stack) -> Manifest:
    """Return the Service that clients reach the proxies by."""
    port = stack.spec.proxy.port
    spec = {
        "type": "ClusterIP",
        "selector": _selector(stack),
        "ports": service_ports(port=port, target=port, type="ClusterIP", observability=stack.spec.observability),
    }
    return manifest("Service", **_identity(stack), spec=spec)


def deployment(stack: Stack) -> Manifest:
    """Return the Deployment; it has no `replicas` where an autoscaler says how many."""
    proxy = stack.spec.proxy
    told = [variable("PRISM_PROXY_PORT", proxy.port)]
    if stack.spec.admin.enabled:
        told.append(variable("PRISM_ADMIN_ENDPOINT", admin.endpoint(stack)))
    return workload.deployment(
        workload.Workload(
            **_identity(stack),
            placed=Placed(
                component=labels.PROXY,
                selector=_selector(stack),
                placement=proxy.placement,
                resources=proxy.resources,
                affinity=stack.spec.affinity,
            ),
            replicas=None if autoscaling.is_on(proxy.autoscaling) else proxy.replicas,
            container="prism-proxy",
            image=proxy.image,
            port=proxy.port,
            observability=stack.spec.observability,
            env=told,
            pull_secrets=stack.spec.image_pull_secrets or (),
        )
    )


def scaler(stack: Stack) -> Manifest | None:
    """Return what scales the proxies, if anything does."""
    return autoscaling.scaler(stack.spec.proxy.autoscaling, **_identity(stack))


def disruption_budget(stack: Stack) -> Manifest | None:
    """Return the disruption budget of two proxies or more."""
    proxy = stack.spec.proxy
    replicas = autoscaling.initial_replicas(proxy.autoscaling, proxy.replicas)
    return disruption.budget(**_identity(stack), selector=_selector(stack), replicas=replicas)


def _identity(stack: Stack) -> Manifest:
    return {
        "name": names.proxy(stack.metadata.name),
        "namespace": stack.metadata.namespace,
        "labels": labels.proxy(stack),
    }


def _selector(stack: Stack) -> dict[str, str]:
    return labels.stack_selector(stack.metadata.name, labels.PROXY)
