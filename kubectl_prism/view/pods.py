"""What a pod is doing, or why it is not: one severity and words for every state that a kubelet reports.

`row` is for people and may hold numbers and the kubelet's own sentences; `trouble` is for conditions, which must not
change while nothing does. Pods that lack fields are judged by those they have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest
from kubectl_prism.view import lenient, scheduling
from kubectl_prism.view.age import age
from kubectl_prism.view.health import Health, Severity

_UNPULLABLE = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable"}
_MISCONFIGURED = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PreStartHookError"}
_STARTING = {"ContainerCreating", "PodInitializing", ""}


@dataclass(frozen=True, slots=True)
class PodRow:
    """A pod as `status` shows it; `ready` counts containers, `node` is empty before the pod has one."""

    namespace: str
    name: str
    health: Health
    ready: str
    restarts: int
    node: str
    age: str
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps a pod from running that time alone will not mend; the same text while the cause is the same."""

    reason: str
    message: str


def row(pod: Manifest, now: datetime, *, simulated_nodes: frozenset[str] = frozenset()) -> PodRow:
    """Describe one pod."""
    containers = _statuses(pod, "containerStatuses")
    node = str(lenient.mapping(pod.get("spec")).get("nodeName") or "")
    wanted = len(lenient.mappings(lenient.mapping(pod.get("spec")).get("containers"))) or len(containers)
    return PodRow(
        *meta.key(pod),
        health=judged(pod),
        ready=f"{sum(status.get('ready') is True for status in containers)}/{wanted}",
        restarts=sum(lenient.number(status.get("restartCount")) for status in containers),
        node=node,
        age=age(lenient.mapping(pod.get("metadata")).get("creationTimestamp"), now),
        simulated=node in simulated_nodes,
    )


def trouble(pods: Iterable[Manifest]) -> Trouble | None:
    """Return the first trouble, in the order of the alphabet, of pods that are not on their way out."""
    found = [cause for pod in pods if not meta.is_deleting(pod) for cause in _troubles(pod)]
    return min(found, key=lambda cause: (cause.reason, cause.message), default=None)


def is_ready(pod: Manifest) -> bool:
    """Tell whether a pod takes requests: ready, and not on its way out."""
    return not meta.is_deleting(pod) and _condition(pod, "Ready").get("status") == "True"


def judged(pod: Manifest) -> Health:
    """Judge a pod: OK when it is ready or done, BAD when only a person can mend it, WAITING in between."""
    status = lenient.mapping(pod.get("status"))
    phase, message = str(status.get("phase") or ""), str(status.get("message") or "")
    if meta.is_deleting(pod):
        return Health(Severity.WAITING, "Terminating", "Terminating", "is being deleted")
    if phase == "Succeeded":
        return Health(Severity.OK, "Completed", "Completed")
    if phase == "Failed":
        reason = str(status.get("reason") or "Failed")
        return Health(Severity.BAD, reason, reason, message or "all containers have ended, at least one with an error")
    if (unscheduled := _unscheduled(pod)) is not None:
        return unscheduled
    for container in _containers(pod):
        if (health := _container(container)) is not None:
            return health
    return _readiness(pod, phase)


def _readiness(pod: Manifest, phase: str) -> Health:
    ready = _condition(pod, "Ready")
    if ready.get("status") == "True":
        return Health(Severity.OK, "Running", "Ready")
    if phase == "Running":
        unready = [str(status.get("name")) for status in _statuses(pod, "containerStatuses") if not status.get("ready")]
        words = f"runs, but {', '.join(unready) or 'a container'} does not answer its readiness probe"
        return Health(Severity.WAITING, "NotReady", str(ready.get("reason") or "NotReady"), words)
    if not lenient.mapping(pod.get("spec")).get("nodeName"):
        return Health(Severity.WAITING, "Pending", "Pending", "waits for the scheduler")
    return Health(Severity.WAITING, "Starting", "ContainerCreating", "its containers are being created")


def _unscheduled(pod: Manifest) -> Health | None:
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") != "False":
        return None
    if scheduled.get("reason") == "SchedulingGated":
        return Health(Severity.WAITING, "Gated", "SchedulingGated", "waits for its scheduling gates to be lifted")
    words = scheduling.sentence(str(scheduled.get("message") or ""))
    return Health(Severity.BAD, "Unschedulable", "Unschedulable", f"no node fits: {words}")


def _container(status: Manifest) -> Health | None:
    """Judge one container that is not fine; None for one that runs or has yet to be heard of."""
    name = status.get("name") or "container"
    state = lenient.mapping(status.get("state"))
    waiting, ended = lenient.mapping(state.get("waiting")), lenient.mapping(state.get("terminated"))
    reason, message = str(waiting.get("reason") or ""), str(waiting.get("message") or "")
    if (words := _defect(status)) is not None:
        return Health(Severity.BAD, reason or words.reason, words.reason, _with(words.message, message, reason))
    if waiting and reason not in _STARTING:
        return Health(Severity.WAITING, reason, reason, message or f"container {name} waits: {reason}")
    if ended and ended.get("exitCode") not in (0, None):
        return Health(Severity.WAITING, "Error", "Error", f"container {name} {_exit(ended)}")
    return None


def _with(words: str, message: str, reason: str) -> str:
    """Add the kubelet's own sentence where it says more than how long it will wait."""
    is_backoff = "back-off" in message.lower() or reason == "CrashLoopBackOff"
    return f"{words}: {message}" if message and not is_backoff else words


def _troubles(pod: Manifest) -> Iterator[Trouble]:
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable":
        yield Trouble("Unschedulable", f"no node fits: {scheduling.reasons(str(scheduled.get('message') or ''))}")
    for status in _containers(pod):
        if (defect := _defect(status)) is not None:
            yield defect


def _defect(status: Manifest) -> Trouble | None:
    """Return what is wrong with a container for good.

    Pull errors and crash loops swing between two states of the kubelet; both are named alike, so that what is written
    from this does not swing too.
    """
    name = status.get("name") or "container"
    state = lenient.mapping(status.get("state"))
    reason = str(lenient.mapping(state.get("waiting")).get("reason") or "")
    if reason == "InvalidImageName":
        return Trouble(reason, f"{status.get('image')} is not the name of an image")
    if reason in _UNPULLABLE:
        return Trouble("ImagePullBackOff", f"image {status.get('image')} cannot be pulled")
    if reason in _MISCONFIGURED:
        return Trouble(reason, f"container {name} cannot be started")
    ended = lenient.mapping(state.get("terminated")) or lenient.mapping(
        lenient.mapping(status.get("lastState")).get("terminated")
    )
    restarts = lenient.number(status.get("restartCount"))
    if reason == "CrashLoopBackOff" or (state.get("terminated") and restarts > 0 and ended.get("exitCode")):
        return Trouble("CrashLoopBackOff", f"container {name} {_exit(ended)}, again and again")
    return None


def _exit(ended: Manifest) -> str:
    if ended.get("reason") == "OOMKilled":
        return "was killed because it used more memory than its limit"
    code = ended.get("exitCode")
    return f"ended with exit code {code}" if code is not None else "crashed"


def _containers(pod: Manifest) -> list[Manifest]:
    return _statuses(pod, "initContainerStatuses") + _statuses(pod, "containerStatuses")


def _statuses(pod: Manifest, field: str) -> list[Manifest]:
    return lenient.mappings(lenient.mapping(pod.get("status")).get(field))


def _condition(pod: Manifest, type: str) -> Manifest:
    for condition in lenient.mappings(lenient.mapping(pod.get("status")).get("conditions")):
        if condition.get("type") == type:
            return condition
    return {}
