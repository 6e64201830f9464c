"""Autoscaling: the HorizontalPodAutoscaler or the ScaledObject beside a Deployment, which carries the same name.

Which of the two replaces the other, and in what order, is the reconciler's to say; here is only what is wanted now.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard

from kubectl_prism.model.autoscaling import Autoscaling
from kubectl_prism.model.meta import Manifest
from kubectl_prism.render.manifest import manifest, present

POLLING_INTERVAL = 10
COOLDOWN_PERIOD = 300


def is_on(autoscaling: Autoscaling | None) -> TypeGuard[Autoscaling]:
    """Tell whether an autoscaler, not the spec, says how many replicas run."""
    return autoscaling is not None and autoscaling.enabled


def initial_replicas(autoscaling: Autoscaling | None, replicas: int) -> int:
    """Return how many replicas a new Deployment starts with; afterwards an autoscaler is left alone."""
    return autoscaling.min_replicas if is_on(autoscaling) else replicas


def scaler(autoscaling: Autoscaling | None, *, name: str, namespace: str, labels: Mapping[str, str]) -> Manifest | None:
    """Return the scaler of the Deployment `name`, or None where the spec itself says how many replicas run."""
    if not is_on(autoscaling):
        return None
    kind, spec = (
        ("ScaledObject", _scaled_object(autoscaling, name))
        if autoscaling.scaler == "keda"
        else ("HorizontalPodAutoscaler", _pod_autoscaler(autoscaling, name))
    )
    return manifest(kind, name=name, namespace=namespace, labels=labels, spec=spec)


def _target(name: str) -> Manifest:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}


def _pod_autoscaler(autoscaling: Autoscaling, name: str) -> Manifest:
    return present(
        scaleTargetRef=_target(name),
        minReplicas=autoscaling.min_replicas,
        maxReplicas=autoscaling.max_replicas,
        metrics=[
            *_utilization("cpu", autoscaling.target_cpu_utilization_percentage),
            *_utilization("memory", autoscaling.target_memory_utilization_percentage),
            *(metric.manifest() for metric in autoscaling.metrics or []),
        ],
        behavior=autoscaling.behavior and autoscaling.behavior.manifest(),
    )


def _utilization(resource: str, percent: int | None) -> list[Manifest]:
    if percent is None:
        return []
    target = {"type": "Utilization", "averageUtilization": percent}
    return [{"type": "Resource", "resource": {"name": resource, "target": target}}]


def _scaled_object(autoscaling: Autoscaling, name: str) -> Manifest:
    behavior = autoscaling.behavior and {"horizontalPodAutoscalerConfig": {"behavior": autoscaling.behavior.manifest()}}
    cooldown = autoscaling.cooldown_period
    return present(
        scaleTargetRef=_target(name),
        minReplicaCount=autoscaling.min_replicas,
        maxReplicaCount=autoscaling.max_replicas,
        pollingInterval=autoscaling.polling_interval or POLLING_INTERVAL,
        cooldownPeriod=COOLDOWN_PERIOD if cooldown is None else cooldown,
        triggers=[trigger.manifest() for trigger in autoscaling.triggers or []],
        advanced=behavior,
    )
