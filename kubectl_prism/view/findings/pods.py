"""Pods that do not run as they should, by what keeps them: one case for each Deployment and symptom.

Healthy pods, which are nearly all of thousands, cost one cheap test each.
"""

from __future__ import annotations

from collections import defaultdict

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.view import lenient
from kubectl_prism.view import pods as words
from kubectl_prism.view.findings import containers, images, scheduling, starting
from kubectl_prism.view.findings.case import Case
from kubectl_prism.view.findings.scene import Scene, Thing, condition, spec, thing
from kubectl_prism.view.findings.sick import Sick, Symptom
from kubectl_prism.view.pieces import Pieces

SLOW = 120.0
"""Seconds after which a pod that is still starting, or not ready yet, is no longer on its way."""
MANY = 500
"""Pods that are looked at in one piece."""
RECENT = 3600.0
"""Seconds for which a container that ran out of memory and runs again is worth a word."""


def cases(scene: Scene) -> Pieces[list[Case]]:
    """Return a case for every Deployment and symptom of its pods; pods of no Deployment stand for themselves."""
    groups: defaultdict[tuple[Ref, Symptom], list[Thing]] = defaultdict(list)
    homes: dict[Ref, Thing] = {}
    for number, obj in enumerate(scene.objects.pods):
        if not number % MANY:
            yield
        if not isinstance(obj, dict) or _is_fine(obj):
            continue
        pod = thing("Pod", obj)
        for symptom in _symptoms(pod, scene):
            home = scene.deployment(pod) or pod
            homes[home.ref] = home
            groups[home.ref, symptom].append(pod)
    found = []
    for (ref, symptom), pods in sorted(groups.items(), key=lambda item: item[0]):
        found.append(_case(Sick(scene, homes[ref], symptom, sorted(pods, key=lambda pod: pod.ref))))
        yield
    return found


def _is_fine(pod: Manifest) -> bool:
    """Tell at one look that a pod is ready and never restarted, or that nobody said anything of it."""
    status = pod.get("status")
    if type(status) is not dict:
        return True
    conditions, containers = status.get("conditions"), status.get("containerStatuses")
    if type(conditions) is not list or type(containers) is not list:
        return False
    for container in containers:
        if type(container) is not dict or container.get("restartCount"):
            return False
    for one in conditions:
        if type(one) is dict and one.get("type") == "Ready":
            return bool(one.get("status") == "True")
    return False


def _symptoms(pod: Thing, scene: Scene) -> list[Symptom]:
    status = lenient.mapping(pod.obj.get("status"))
    if meta.is_deleting(pod.obj) or status.get("phase") == "Succeeded":
        return []
    statuses = [
        *lenient.mappings(status.get("initContainerStatuses")),
        *lenient.mappings(status.get("containerStatuses")),
    ]
    starved = [Symptom("OOMKilled", lenient.text(one.get("name"))) for one in statuses if _is_starved(one, scene)]
    if starved or words.is_ready(pod.obj):
        return starved
    if status.get("phase") == "Failed":
        return [Symptom("Failed", lenient.text(status.get("reason")) or "Failed")]
    node = scene.nodes.get(lenient.text(spec(pod.obj).get("nodeName")))
    if node is not None and not node.is_ready:
        return [Symptom("NodeNotReady", node.name)]
    scheduled = condition(pod.obj, "PodScheduled")
    if scheduled is not None and (scheduled.status, scheduled.reason) == ("False", "Unschedulable"):
        return [Symptom("Unschedulable", "")]
    return [symptom for one in statuses if (symptom := _container(one))] or _slow(pod, statuses, scene)


def _container(status: Manifest) -> Symptom | None:
    """Return what is wrong with one container for good, by the word that conditions use."""
    found = words.trouble([{"status": {"containerStatuses": [status]}}])
    return Symptom(found.reason, lenient.text(status.get("name"))) if found else None


def _is_starved(status: Manifest, scene: Scene) -> bool:
    ended = containers.ended(status)
    if ended.get("reason") != "OOMKilled":
        return False
    return status.get("ready") is not True or not ended.get("finishedAt") or scene.since(ended["finishedAt"]) < RECENT


def _slow(pod: Thing, statuses: list[Manifest], scene: Scene) -> list[Symptom]:
    """Return what a pod that is no longer young still waits for."""
    if scene.age(pod.obj) < SLOW or not spec(pod.obj).get("nodeName"):
        return []
    if lenient.mapping(pod.obj.get("status")).get("phase") == "Running":
        unready = [one for one in statuses if one.get("ready") is False and containers.is_running(one)]
        return [Symptom("NotReady", lenient.text(one.get("name"))) for one in unready]
    creating = [one for one in statuses if containers.waiting(one).get("reason") == "ContainerCreating"]
    return [Symptom("ContainerCreating", lenient.text(one.get("name"))) for one in creating[:1]]


def _case(sick: Sick) -> Case:
    match sick.symptom.word:
        case "Unschedulable":
            return scheduling.case(sick)
        case "NodeNotReady":
            return scheduling.node_case(sick)
        case "ImagePullBackOff" | "InvalidImageName":
            return images.case(sick)
        case "OOMKilled":
            return containers.starved(sick)
        case "CrashLoopBackOff":
            return containers.crashing(sick)
        case "Failed":
            return containers.failed(sick)
        case "NotReady":
            return starting.unready(sick)
    return starting.unstarted(sick)
