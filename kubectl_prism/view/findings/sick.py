"""The pods of one Deployment that have one symptom, and what every case about them has in common."""

from __future__ import annotations

from typing import NamedTuple

from kubectl_prism.model import meta
from kubectl_prism.model.change import Change
from kubectl_prism.model.finding import Link
from kubectl_prism.model.meta import Manifest
from kubectl_prism.view import lenient
from kubectl_prism.view.findings.case import Case
from kubectl_prism.view.findings.scene import OPERATOR, Scene, Thing, spec, template
from kubectl_prism.view.findings.spot import Spot, spot
from kubectl_prism.view.health import Severity


class Symptom(NamedTuple):
    """What is seen of a pod: a word, and the container or the node that it is seen of."""

    word: str
    of: str


class Sick(NamedTuple):
    """Pods with one symptom; `home` is their Deployment, or the pod itself where it has none."""

    scene: Scene
    home: Thing
    symptom: Symptom
    pods: list[Thing]

    @property
    def pod(self) -> Thing:
        """The first of the pods, which stands for all."""
        return self.pods[0]

    @property
    def spec(self) -> Manifest:
        """The spec that the pods are made from; of a pod without Deployment, its own."""
        return template(self.home.obj) if self.home.ref.kind == "Deployment" else spec(self.pod.obj)

    @property
    def status(self) -> Manifest:
        """The status of the container with the symptom, in the first of the pods."""
        status = lenient.mapping(self.pod.obj.get("status"))
        for field in ("initContainerStatuses", "containerStatuses"):
            for one in lenient.mappings(status.get(field)):
                if one.get("name") == self.symptom.of:
                    return one
        return {}

    @property
    def container(self) -> Manifest:
        """The container with the symptom, as it is asked for."""
        for held in (self.spec, spec(self.pod.obj)):
            for field in ("initContainers", "containers"):
                for one in lenient.mappings(held.get(field)):
                    if one.get("name") == self.symptom.of:
                        return one
        return {}

    @property
    def spot(self) -> Spot:
        """Where a person changes how they run."""
        return spot(self.scene, self.home)

    @property
    def is_operator(self) -> bool:
        """Tell whether these are pods of the operator."""
        labels = meta.labels(self.pod.obj)
        marks = (labels.get("component"), labels.get("app.kubernetes.io/name"), labels.get("app"))
        return OPERATOR in marks or self.pod.ref.name.startswith(f"{OPERATOR}-")

    @property
    def links(self) -> tuple[Link, ...]:
        """The chain down to the Deployment; empty for pods without one."""
        return self.scene.links(self.home) if self.home is not self.pod else ()

    def case(
        self,
        code: str,
        title: str,
        said: str,
        cause: Link,
        *,
        key: tuple[str, ...],
        command: str,
        evidence: tuple[str, ...] = (),
        severity: Severity = Severity.BAD,
        change: Change | None = None,
        otherwise: str = "",
    ) -> Case:
        """Return the case: `said` is the matter with the pods, and `cause` why."""
        return Case(
            code=code,
            key=key,
            severity=severity,
            title=title,
            chain=(*self.links, Link(self.pod.ref, said), cause),
            evidence=(*evidence, *self.scene.heard(self.pod.ref)),
            command=command,
            change=change,
            otherwise=otherwise,
            things=tuple(pod.ref for pod in self.pods),
            noun="pod",
            is_operator=self.is_operator,
        )

    @property
    def identity(self) -> tuple[str, ...]:
        """The Deployment and the container: the key of what is a matter of this program alone."""
        return (*self.home.ref, self.symptom.of)


def requested(held: Manifest) -> str:
    """Return what a pod asks for, container by container: `cpu 2, memory 8Gi`."""
    asked: list[str] = []
    for container in lenient.mappings(held.get("containers")):
        requests = lenient.mapping(lenient.mapping(container.get("resources")).get("requests"))
        asked += [f"{name} {requests[name]}" for name in sorted(requests, key=str)]
    return ", ".join(asked)
