"""Deployments whose pods Kubernetes refuses to make, or that take too long for a reason no pod tells."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from kubectl_prism.model.change import argument
from kubectl_prism.model.finding import Link
from kubectl_prism.model.meta import Ref
from kubectl_prism.view.findings.case import Case, quoted
from kubectl_prism.view.findings.scene import Said, Scene, Thing, condition
from kubectl_prism.view.findings.spot import spot
from kubectl_prism.view.health import Severity

_QUOTA = re.compile(r"exceeded quota: ([-a-z0-9.]+)(?:, (.*))?", re.DOTALL)


def cases(scene: Scene, known: frozenset[Ref]) -> Iterator[Case]:
    """Yield a case for each Deployment that is held up; `known` are objects whose trouble has a cause already."""
    for deployment in scene.deployments:
        failure = condition(deployment.obj, "ReplicaFailure")
        progress = condition(deployment.obj, "Progressing")
        if failure is not None and failure.status == "True":
            yield _refused(scene, deployment, failure)
        elif deployment.ref not in known and progress is not None and progress.status == "False":
            yield _late(scene, deployment, progress)


def _refused(scene: Scene, deployment: Thing, failure: Said) -> Case:
    quota = _QUOTA.search(failure.message)
    space = f" -n {shlex.quote(deployment.ref.namespace)}" if deployment.ref.namespace else ""
    place = spot(scene, deployment)
    about = "--field-selector=involvedObject.kind=ReplicaSet"
    if quota:
        cause = Link(Ref("ResourceQuota", deployment.ref.namespace, quota[1]), quota[2] or "is used up")
        title, command = f"{cause.ref} is used up", f"kubectl describe {argument(cause.ref)}"
    else:
        cause = Link(deployment.ref, f"pods are refused: {failure.message or failure.reason}")
        title = f"Pods of {deployment.ref} are refused"
        command = f"kubectl get events{space} {about} --sort-by=.lastTimestamp"
    return Case(
        code="PRISM206",
        key=tuple(cause.ref),
        severity=Severity.BAD,
        title=title,
        chain=(*scene.links(deployment), cause),
        evidence=(quoted(f"condition ReplicaFailure of {deployment.ref}", str(failure)),),
        command=command,
        otherwise=f"ask for less in {place.words}: {place.edit}" if quota else "",
        things=(deployment.ref,),
        noun="Deployment",
    )


def _late(scene: Scene, deployment: Thing, progress: Said) -> Case:
    return Case(
        code="PRISM207",
        key=tuple(deployment.ref),
        severity=Severity.BAD,
        title=f"The rollout of {deployment.ref} takes too long",
        chain=scene.links(deployment),
        evidence=(quoted(f"condition Progressing of {deployment.ref}", str(progress)), *scene.heard(deployment.ref)),
        command=f"kubectl describe {argument(deployment.ref)}",
        things=(deployment.ref,),
        noun="Deployment",
    )
