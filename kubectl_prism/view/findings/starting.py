"""Containers that cannot be started, or run and do not become ready."""

from __future__ import annotations

from kubectl_prism.model.change import argument
from kubectl_prism.model.finding import Link
from kubectl_prism.view import lenient
from kubectl_prism.view.findings.case import Case, quoted
from kubectl_prism.view.findings.containers import logs, waiting
from kubectl_prism.view.findings.sick import Sick
from kubectl_prism.view.health import Severity


def unstarted(sick: Sick) -> Case:
    """Return the case of a container that the kubelet cannot start."""
    found = waiting(sick.status)
    reason = lenient.text(found.get("reason")) or sick.symptom.word
    message = lenient.text(found.get("message"))
    return sick.case(
        "PRISM205",
        f"Container {sick.symptom.of} of {sick.home.ref} cannot be started",
        reason,
        Link(sick.home.ref, f"container {sick.symptom.of}: {message or reason}"),
        key=sick.identity,
        command=f"kubectl describe {argument(sick.pod.ref)}",
        evidence=(quoted(f"status of container {sick.symptom.of} in {sick.pod.ref}", f"{reason}: {message}"),),
        otherwise="a Secret, a ConfigMap or a runtimeClassName that it names may be missing",
    )


def unready(sick: Sick) -> Case:
    """Return the case of a container that runs and does not answer its readiness probe."""
    return sick.case(
        "PRISM209",
        f"Container {sick.symptom.of} of {sick.home.ref} runs and is not ready",
        "NotReady",
        Link(sick.home.ref, f"container {sick.symptom.of} does not answer its readiness probe"),
        key=sick.identity,
        command=logs(sick, "--tail=50"),
        evidence=(quoted(f"status of container {sick.symptom.of} in {sick.pod.ref}", "running, ready is false"),),
        severity=Severity.WAITING,
    )
