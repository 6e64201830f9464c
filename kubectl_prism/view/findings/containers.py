"""Containers that ended: killed for memory, again and again, or for good."""

from __future__ import annotations

import shlex

from kubectl_prism.model.change import argument
from kubectl_prism.model.finding import Link
from kubectl_prism.model.meta import Manifest
from kubectl_prism.view import lenient
from kubectl_prism.view.findings.case import Case, quoted
from kubectl_prism.view.findings.sick import Sick
from kubectl_prism.view.findings.spot import doubled, more_memory
from kubectl_prism.view.health import Severity


def waiting(status: Manifest) -> Manifest:
    """Return what a container waits for, empty where it does not."""
    return lenient.mapping(lenient.mapping(status.get("state")).get("waiting"))


def ended(status: Manifest) -> Manifest:
    """Return how a container ended, now or before it was started again; empty where it never did."""
    now = lenient.mapping(lenient.mapping(status.get("state")).get("terminated"))
    return now or lenient.mapping(lenient.mapping(status.get("lastState")).get("terminated"))


def is_running(status: Manifest) -> bool:
    """Tell whether a container runs."""
    return isinstance(lenient.mapping(status.get("state")).get("running"), dict)


def logs(sick: Sick, *flags: str) -> str:
    """Return the command that shows what the container said."""
    of = ["-c", sick.symptom.of] if sick.symptom.of else []
    space = ["-n", sick.pod.ref.namespace] if sick.pod.ref.namespace else []
    return shlex.join(["kubectl", "logs", sick.pod.ref.name, *space, *of, *flags])


def crashing(sick: Sick) -> Case:
    """Return the case of a container that ends again and again."""
    code = ended(sick.status).get("exitCode")
    words = f"ended with exit code {code}" if isinstance(code, int) else "crashed"
    cause = f"container {sick.symptom.of} {words}, again and again"
    who = "The operator" if sick.is_operator else f"Container {sick.symptom.of} of {sick.home.ref}"
    return sick.case(
        "PRISM102" if sick.is_operator else "PRISM203",
        f"{who} ends again and again",
        "CrashLoopBackOff",
        Link(sick.home.ref, cause),
        key=sick.identity,
        command=logs(sick, "--previous"),
        evidence=_evidence(sick),
        otherwise=_OPERATOR if sick.is_operator else f"compare its settings with what it wants: {sick.spot.edit}",
    )


def starved(sick: Sick) -> Case:
    """Return the case of a container that used more memory than its limit."""
    resources = lenient.mapping(sick.container.get("resources"))
    limit = lenient.text(lenient.mapping(resources.get("limits")).get("memory"))
    change = more_memory(sick.spot, limit)
    who = "The operator" if sick.is_operator else f"Container {sick.symptom.of} of {sick.home.ref}"
    held = f"its memory limit of {limit}" if limit else "the memory that its node has"
    is_up = sick.status.get("ready") is True
    return sick.case(
        "PRISM103" if sick.is_operator else "PRISM204",
        f"{who} used more than {held}",
        "OOMKilled",
        Link(sick.home.ref, f"container {sick.symptom.of} was killed because it used more than {held}"),
        key=sick.identity,
        command=change.command if change else _memory(sick, limit),
        evidence=_evidence(sick),
        severity=Severity.WAITING if is_up else Severity.BAD,
        change=change,
        otherwise=f"see what it uses: kubectl top {argument(sick.pod.ref)}",
    )


def failed(sick: Sick) -> Case:
    """Return the case of pods that ended for good, such as those that a node evicted; others take their place."""
    status = lenient.mapping(sick.pod.obj.get("status"))
    reason, message = sick.symptom.of, lenient.text(status.get("message"))
    return sick.case(
        "PRISM208",
        f"A pod of {sick.home.ref} failed: {reason}",
        "Failed",
        Link(sick.pod.ref, reason),
        key=sick.identity,
        command=f"kubectl describe {argument(sick.pod.ref)}",
        evidence=(quoted(f"status of {sick.pod.ref}", f"{reason}: {message}" if message else reason),),
        severity=Severity.WAITING,
    )


_OPERATOR = "rights may be missing, or CRDs: kubectl prism crds | kubectl apply --server-side -f -"


def _memory(sick: Sick, limit: str) -> str:
    """Return the command that leads on where no patch can: nobody but the operator's Deployment is ours to set."""
    twice = doubled(limit)
    if twice and sick.is_operator and sick.home.ref.kind == "Deployment":
        return f"kubectl set resources {argument(sick.home.ref)} --limits=memory={twice}"
    return sick.spot.edit if limit else f"kubectl describe {argument(sick.pod.ref)}"


def _evidence(sick: Sick) -> tuple[str, ...]:
    """Return how the container ended; what it wrote last is left to its log, for it may hold anything."""
    found, restarts = ended(sick.status), lenient.number(sick.status.get("restartCount"))
    reason, code = lenient.text(found.get("reason")), found.get("exitCode")
    parts = [reason, f"exit code {code}" if isinstance(code, int) else "", f"{restarts} restarts" if restarts else ""]
    said = ", ".join(part for part in parts if part)
    return (quoted(f"status of container {sick.symptom.of} in {sick.pod.ref}", said),) if said else ()
