"""What no reconciler looks at: because none holds its Lease, or though one does.

An object that nobody has judged, or not at its present generation, is only worth a word when it is old enough.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_prism.model import lease as record
from kubectl_prism.model import meta
from kubectl_prism.model.change import argument, restart
from kubectl_prism.model.conditions import NOT_RECONCILED, READY
from kubectl_prism.model.finding import Link
from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.view import lenient
from kubectl_prism.view.age import duration
from kubectl_prism.view.findings.case import Case, quoted
from kubectl_prism.view.findings.elections import silence
from kubectl_prism.view.findings.scene import OPERATOR, Scene, Thing, condition, thing
from kubectl_prism.view.health import Severity

SOON = 30.0
"""Seconds in which a reconciler that runs has judged a new object."""
NAMESPACE = "prism-system"
"""Where the Lease of a reconciler of the whole cluster lies."""
START = "kubectl prism operator"


def holder(scene: Scene) -> Manifest | None:
    """Return a reconciler's Lease that is held and not stale, the first by namespace; None where nobody reconciles."""
    found = [(key, lease) for key, lease in scene.lease.items() if key.name == OPERATOR and _is_held(scene, lease)]
    return min(found, key=lambda one: one[0])[1] if found else None


def is_outdated(obj: Manifest) -> bool:
    """Tell whether what the conditions of an object say is of an older generation, or said by nobody."""
    return is_unseen(obj) or _is_behind(obj)


def is_unseen(obj: Manifest) -> bool:
    """Tell whether no reconciler has ever judged an object."""
    ready = condition(obj, READY)
    return ready is None or not ready.status or ready.reason == NOT_RECONCILED["reason"]


def idle(scene: Scene) -> Case | None:
    """Return the case that nobody reconciles; None where somebody does, or where nothing waits for it."""
    if holder(scene) is not None:
        return None
    waiting = [one for one in scene.unsettled if _waits(scene, one)]
    lease, said, is_stale = _last(scene)
    if not waiting and not is_stale:
        return None  # whoever reconciles now and then has left everything in order
    deployment = _deployment(scene)
    change = restart({**deployment.obj, "kind": "Deployment"}, scene.now) if deployment else None
    symptom = [Link(waiting[0].ref, _unseen_words(waiting[0].obj))] if waiting else []
    return Case(
        code="PRISM101",
        key=(),
        severity=Severity.BAD if waiting else Severity.WAITING,
        title="No reconciler runs",
        chain=(*symptom, Link(lease, said)),
        evidence=(quoted(lease, said), *(_told(one) for one in waiting[:1])),
        command=change.command if change else START,
        change=change,
        otherwise=f"reconcile from here: {START}" if change else "bring up the stack again: kubectl prism up",
        things=tuple(one.ref for one in waiting),
        noun="object",
    )


def overlooked(scene: Scene) -> Iterator[Case]:
    """Yield the objects that nobody has ever looked at though a reconciler runs."""
    lease = holder(scene)
    if lease is None:
        return
    ref = thing("Lease", lease).ref
    identity = record.holder(lease).identity
    for one in scene.unsettled:
        if is_unseen(one.obj) and not meta.is_deleting(one.obj) and scene.age(one.obj) > SOON:
            yield Case(
                code="PRISM104",
                key=(one.ref.namespace,),
                severity=Severity.BAD,
                title=f"The reconciler does not look at namespace {one.ref.namespace}",
                chain=(Link(one.ref, _unseen_words(one.obj)), Link(ref, f"held by {identity}")),
                evidence=(_told(one), quoted(ref, f"held by {identity}")),
                command=_log(scene, lease),
                otherwise="it may look after other namespaces only (--watch-namespace), be busy, or lack rights",
                things=(one.ref,),
                noun="object",
            )


def _is_held(scene: Scene, lease: Manifest) -> bool:
    return bool(record.holder(lease).identity) and silence(scene, lease) is None


def _waits(scene: Scene, one: Thing) -> bool:
    """Tell whether an object waits for a reconciler; how long a change has waited, nothing tells."""
    if meta.is_deleting(one.obj):
        return False
    return scene.age(one.obj) > SOON if is_unseen(one.obj) else _is_behind(one.obj)


def _is_behind(obj: Manifest) -> bool:
    generation = lenient.number(lenient.mapping(obj.get("metadata")).get("generation"))
    for one in lenient.mappings(lenient.mapping(obj.get("status")).get("conditions")):
        if one.get("type") == READY:
            return 0 < lenient.number(one.get("observedGeneration")) < generation
    return False


def _last(scene: Scene) -> tuple[Ref, str, bool]:
    """Return the reconciler's Lease that was renewed last, how it stands, and whether somebody left it held."""
    found = [(key, lease) for key, lease in scene.lease.items() if key.name == OPERATOR]
    if not found:
        return Ref("Lease", NAMESPACE, OPERATOR), "does not exist, as far as Leases can be read", False
    key, lease = min(found, key=lambda one: (scene.since(record.spec(one[1]).get("renewTime")), one[0]))
    identity = record.holder(lease).identity
    if not identity:
        return Ref("Lease", *key), "is free: the last reconciler gave it back", False
    silent = silence(scene, lease)
    ago = "never" if silent in (None, float("inf")) else f"{duration(silent or 0.0)} ago"
    return Ref("Lease", *key), f"held by {identity}, renewed {ago}", True


def _deployment(scene: Scene) -> Thing | None:
    """Return the operator's own Deployment, where it was seen."""
    found = (one for one in scene.deployments if one.ref.name.startswith(OPERATOR) and len(scene.line(one)) == 1)
    return next(found, None)


def _log(scene: Scene, lease: Manifest) -> str:
    """Return the command that shows what the reconciler says of itself."""
    deployment = _deployment(scene)
    if deployment is None:
        return f"kubectl get {argument(thing('Lease', lease).ref)} -o yaml"
    return f"kubectl logs {argument(deployment.ref).replace(' ', '/', 1)}"


def _unseen_words(obj: Manifest) -> str:
    return str(NOT_RECONCILED["message"]) if is_unseen(obj) else "no reconciler has seen its last change"


def _told(one: Thing) -> str:
    ready = condition(one.obj, READY)
    return quoted(f"condition Ready of {one.ref}", str(ready) if ready and str(ready) else "there is none")
