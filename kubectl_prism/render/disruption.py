"""Disruption budgets: a drain or a reclaimed spot node takes one pod of a component at a time."""

from __future__ import annotations

from collections.abc import Mapping

from kubectl_prism.model.meta import Manifest
from kubectl_prism.render.manifest import manifest


def budget(
    *, name: str, namespace: str, labels: Mapping[str, str], selector: Mapping[str, str], replicas: int
) -> Manifest | None:
    """Return the PodDisruptionBudget for `replicas` pods at least, or None for a single one, which it would pin.

    Pods that are not ready may always be evicted: a runner that crashes must not hold up a drain.
    """
    if replicas < 2:
        return None
    spec = {
        "maxUnavailable": 1,
        "selector": {"matchLabels": dict(selector)},
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
    return manifest("PodDisruptionBudget", name=name, namespace=namespace, labels=labels, spec=spec)
