"""How far a Deployment is, and why not further: its numbers, its conditions, and the worst of its pods."""

from __future__ import annotations

from collections.abc import Sequence

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest
from kubectl_prism.view import lenient
from kubectl_prism.view.health import Health, Severity
from kubectl_prism.view.objects import Objects
from kubectl_prism.view.pods import PodRow


def counts(deployment: Manifest) -> str:
    """Return available of wanted pods, e.g. `1/2`."""
    available, wanted = numbers(deployment)
    return f"{available}/{wanted}"


def numbers(deployment: Manifest) -> tuple[int, int]:
    """Return how many pods are available, and how many are wanted."""
    available = lenient.mapping(deployment.get("status")).get("availableReplicas")
    wanted = lenient.mapping(deployment.get("spec")).get("replicas")
    return lenient.number(available), 1 if wanted is None else lenient.number(wanted)


def selected(deployment: Manifest, objects: Objects) -> list[Manifest]:
    """Return the pods of the Deployment's namespace that its selector matches."""
    selector = lenient.mapping(lenient.mapping(deployment.get("spec")).get("selector"))
    return objects.matching(meta.key(deployment).namespace, lenient.mapping(selector.get("matchLabels")))


def judged(deployment: Manifest, rows: Sequence[PodRow]) -> Health:
    """Judge a Deployment as `kubectl rollout status` does, with the reason of its worst pod."""
    status = lenient.mapping(deployment.get("status"))
    available, wanted = numbers(deployment)
    if meta.is_deleting(deployment):
        return Health(Severity.WAITING, "Terminating", "Terminating", "is being deleted")
    if lenient.number(status.get("observedGeneration")) < meta.generation(deployment):
        return explained(Health(Severity.WAITING, "Progressing", "NewGeneration", "just changed"), deployment, rows)
    if wanted == 0:
        return Health(Severity.OK, "ScaledToZero", "ScaledToZero", "scaled to zero")
    updated = lenient.number(status.get("updatedReplicas"))
    if available >= wanted and updated >= wanted and lenient.number(status.get("replicas")) <= updated:
        return Health(Severity.OK, "Ready", "Ready")
    waiting = Health(Severity.WAITING, "Progressing", "DeploymentProgressing", _progress(deployment))
    return explained(waiting, deployment, rows)


def explained(health: Health, deployment: Manifest, rows: Sequence[PodRow]) -> Health:
    """Return `health`, where it is not OK, with the words of what holds the Deployment up."""
    if health.is_ok:
        return health
    failure = _condition(deployment, "ReplicaFailure")
    if failure.get("status") == "True":
        reason = str(failure.get("reason") or "ReplicaFailure")
        return Health(Severity.BAD, "Failed", reason, f"pods are refused: {failure.get('message')}")
    worst = max(rows, key=lambda row: row.health.severity, default=None)
    if worst is None or worst.health.is_ok:
        return health
    severity = max(health.severity, worst.health.severity)
    word = worst.health.word if worst.health.severity is Severity.BAD else health.word
    message = f"{worst.health.explanation}{_selector(deployment, worst.health)}"
    return health._replace(severity=severity, word=word, reason=worst.health.reason, message=message)


def _progress(deployment: Manifest) -> str:
    status = lenient.mapping(deployment.get("status"))
    available, wanted = numbers(deployment)
    updated, replicas = (lenient.number(status.get(field)) for field in ("updatedReplicas", "replicas"))
    if updated < wanted:
        return f"{updated} of {wanted} pods are of the new kind"
    if replicas > updated:
        return f"{replicas - updated} old pods are still there"
    return f"{available} of {wanted} pods are ready"


def _selector(deployment: Manifest, health: Health) -> str:
    """Name the node selector where that is what no node matches."""
    if health.reason != "Unschedulable":
        return ""
    spec = lenient.mapping(lenient.mapping(lenient.mapping(deployment.get("spec")).get("template")).get("spec"))
    selector = lenient.mapping(spec.get("nodeSelector"))
    words = ", ".join(f"{key}={value}" for key, value in sorted(selector.items()))
    return f" (node selector {words})" if words else ""


def _condition(deployment: Manifest, type: str) -> Manifest:
    for condition in lenient.mappings(lenient.mapping(deployment.get("status")).get("conditions")):
        if condition.get("type") == type:
            return condition
    return {}
