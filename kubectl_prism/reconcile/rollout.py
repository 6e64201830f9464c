"""How far a Deployment is on its way to what was asked of it, judged as `kubectl rollout status` does.

Pure; the reconcilers of stacks and patterns turn it into conditions. Trouble with pods that time alone will not mend
(no node fits, an image that cannot be pulled, a crash loop) is named, what passes by itself is not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kubectl_prism.model import conditions, meta
from kubectl_prism.model.meta import Manifest
from kubectl_prism.reconcile.triggers import is_news
from kubectl_prism.view import pods as pod_words


@dataclass(frozen=True, slots=True)
class Rollout:
    """The state of one Deployment: numbers of pods, whether it is all there, and why not.

    `again` is the seconds until it has to be judged anew though nothing changes, or None.
    """

    desired: int
    replicas: int
    available: int
    is_done: bool
    reason: str
    message: str
    again: float | None = None

    @property
    def counts(self) -> str:
        """Available of desired, e.g. `2/3`."""
        return f"{self.available}/{self.desired}"


def rollout(deployment: Manifest, pods: Iterable[Manifest]) -> Rollout:
    """Judge `deployment`; `pods` are those that its selector matches, of any age."""
    spec, status = deployment.get("spec") or {}, deployment.get("status") or {}
    desired = spec.get("replicas", 1)
    replicas, available = status.get("replicas") or 0, status.get("availableReplicas") or 0
    is_done, reason, message = _judged(deployment, desired, replicas, available)
    if not is_done and (trouble := pod_words.trouble(pods)):
        reason, message = trouble.reason, f"{message}: {trouble.message}"
    return Rollout(desired, replicas, available, is_done, reason, message)


def is_mere_progress(old: Manifest | None, new: Manifest | None) -> bool:
    """Tell whether a Deployment was on its way before a change and still is: only numbers moved."""
    if is_news(old, new) or old is None or new is None:
        return False
    before, after = rollout(old, ()), rollout(new, ())
    return not before.is_done and not after.is_done and before.reason == after.reason


def is_seen(deployment: Manifest) -> bool:
    """Tell whether the Deployment's controller has looked at its present generation."""
    return _observed(deployment) >= meta.generation(deployment)


def as_seen(deployment: Manifest) -> Manifest:
    """Return the Deployment as one of the generation that its controller looked at last."""
    return {**deployment, "metadata": {**deployment["metadata"], "generation": _observed(deployment)}}


def _observed(deployment: Manifest) -> int:
    return int((deployment.get("status") or {}).get("observedGeneration") or 0)


def _judged(deployment: Manifest, desired: int, replicas: int, available: int) -> tuple[bool, str, str]:
    status = deployment.get("status") or {}
    counted = f"{available}/{desired} available"
    if not is_seen(deployment):
        return False, "DeploymentProgressing", counted
    failure = conditions.find(deployment, "ReplicaFailure")
    if failure and failure.get("status") == "True" and replicas < desired:
        return False, failure.get("reason") or "ReplicaFailure", f"{counted}: {failure.get('message')}"
    if desired == 0:
        return replicas == 0, "ScaledToZero", "scaled to zero" if replicas == 0 else f"{replicas} still stopping"
    updated = status.get("updatedReplicas") or 0
    if updated < desired or available < desired or replicas > updated:
        is_late = (conditions.find(deployment, "Progressing") or {}).get("status") == "False"
        return False, "ProgressDeadlineExceeded" if is_late else "DeploymentProgressing", counted
    return True, "DeploymentReady", counted
