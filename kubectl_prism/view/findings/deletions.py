"""Deletions that hang: an object that should be gone, and the finalizer that keeps it."""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_prism.model import meta
from kubectl_prism.model.change import argument, patched
from kubectl_prism.model.finding import Link
from kubectl_prism.model.meta import GROUP
from kubectl_prism.view import lenient
from kubectl_prism.view.age import duration
from kubectl_prism.view.findings.case import Case
from kubectl_prism.view.findings.reconciler import START, holder
from kubectl_prism.view.findings.scene import Scene, Thing
from kubectl_prism.view.health import Severity

SOON, LATE = 30.0, 180.0
"""Seconds after which a deletion hangs: where nobody is there who could do what it waits for, and where somebody is."""


def cases(scene: Scene) -> Iterator[Case]:
    """Yield a case for every one of our objects and Deployments whose deletion hangs."""
    is_attended = holder(scene) is not None
    for one in (*scene.unsettled, *scene.deployments):
        finalizers = sorted(meta.finalizers(one.obj))
        if not (meta.is_deleting(one.obj) and finalizers):
            continue
        since = scene.since(lenient.mapping(one.obj.get("metadata")).get("deletionTimestamp"))
        ours = [name for name in finalizers if name.partition("/")[0] == GROUP]
        if since > (LATE if is_attended or not ours else SOON):
            yield _case(scene, one, finalizers, ours, since, is_attended=is_attended)


def _case(scene: Scene, one: Thing, finalizers: list[str], ours: list[str], since: float, *, is_attended: bool) -> Case:
    named = ", ".join(finalizers)
    ago = "" if since == float("inf") else f", {duration(since)} ago"
    patch = {"metadata": {"finalizers": [name for name in finalizers if name not in ours]}}
    words = f"let go of it: take {', '.join(ours)} away"
    change = patched({**one.obj, "kind": one.ref.kind}, patch, words) if ours else None
    release = "what its proxies hold of it may remain there"
    start = f"better start a reconciler, which releases it first: {START}; else {release}"
    return Case(
        code="PRISM105",
        key=tuple(one.ref),
        severity=Severity.BAD if ours and not is_attended else Severity.WAITING,
        title=f"The deletion of {one.ref} waits for {named}",
        chain=(Link(one.ref, f"is being deleted, and waits for {named}"),),
        evidence=(f"metadata of {one.ref}: deleted{ago}, finalizers {named}", *scene.heard(one.ref)),
        command=change.command if change else f"kubectl describe {argument(one.ref)}",
        change=change,
        otherwise=(release if is_attended else start) if change else "whoever set the finalizer has to let go",
        things=(one.ref,),
        noun="object",
    )
