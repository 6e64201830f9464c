"""What conditions say that nothing below explains: stalls, refusals, backends and namespaces.

A stack is judged part by part: what a child or a Deployment of its own has is told of that, not of the stack again.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_prism.model import meta
from kubectl_prism.model.change import Change, argument, patched
from kubectl_prism.model.conditions import READY, STALLED
from kubectl_prism.model.finding import Link
from kubectl_prism.model.meta import Ref
from kubectl_prism.view import lenient
from kubectl_prism.view.findings.case import Case, quoted
from kubectl_prism.view.findings.elections import is_refusal
from kubectl_prism.view.findings.facts import facts
from kubectl_prism.view.findings.reasons import ELSEWHERE, REMEDIES, RUNNING, UNKNOWN, Remedy
from kubectl_prism.view.findings.reconciler import is_outdated
from kubectl_prism.view.findings.scene import Said, Scene, Thing, condition, conditions, spec
from kubectl_prism.view.health import Severity

_LEASES = Remedy(
    "PRISM403",
    "The reconciler may not use or grant Leases, which {ref} needs",
    "kubectl auth can-i create leases.coordination.k8s.io -n {namespace}",
    "grant the reconciler its rights on leases",
    ("namespace",),
)
_PROGRAMS = {"ProxyReady": "prism-proxy", "AdminReady": "prism-admin"}
_MEMBERS = {"PatternsReady": "patterns", "BackendsReady": "backends", "NamespacesReady": "namespaces"}


def cases(scene: Scene, known: frozenset[Ref]) -> Iterator[Case]:
    """Yield a case for each condition that is a cause; `known` are objects whose trouble has a cause already."""
    for one in scene.unsettled:
        if meta.is_deleting(one.obj) or is_outdated(one.obj):
            continue
        if one.ref.kind == "PrismStack":
            yield from _stack(scene, one, known)
        elif (said := _trouble(one)) is not None:
            yield from _judged(scene, one, said, is_known=_is_known(scene, one, said, known))
        if one.ref.kind == "PrismPattern":
            yield from _scaling(scene, one)


def _stack(scene: Scene, stack: Thing, known: frozenset[Ref]) -> Iterator[Case]:
    parts = [said for said in conditions(stack.obj) if said.type in {*_PROGRAMS, *_MEMBERS} and said.status == "False"]
    for part in parts:
        if part.type in _PROGRAMS:
            yield from _judged(scene, stack, part, is_known=_runs(scene, stack, part, known))
        elif not _is_of_child(scene, stack, part):
            yield from _judged(scene, stack, part, is_known=part.reason in RUNNING)
    said = _trouble(stack)
    if said is not None and said.reason not in {part.reason for part in parts}:
        yield from _judged(scene, stack, said, is_known=said.reason in RUNNING)


def _trouble(one: Thing) -> Said | None:
    """Return the condition that says what is wrong with an object; None where nothing is, or nobody can say."""
    stalled, ready, healthy = (condition(one.obj, type) for type in (STALLED, READY, "Healthy"))
    if stalled is not None and stalled.status == "True":
        return stalled
    if healthy is not None and healthy.status == "False" and one.ref.kind == "PrismBackend":
        return healthy
    return ready if ready is not None and ready.status == "False" else None


def _judged(scene: Scene, one: Thing, said: Said, *, is_known: bool) -> Iterator[Case]:
    """Yield the case of a condition, where its reason is a cause."""
    if said.reason in ELSEWHERE:
        return
    remedy = REMEDIES.get(said.reason) or (None if is_known else RUNNING.get(said.reason))
    if remedy is None and said.type == STALLED and not is_known:
        remedy = UNKNOWN
    if remedy is None or (said.reason == "ProxyNotReady" and is_known):
        return
    if said.reason == "Forbidden" and is_refusal(said.message):
        remedy = _LEASES
    yield _case(scene, one, said, remedy)


def _case(scene: Scene, one: Thing, said: Said, remedy: Remedy) -> Case:
    told = facts(scene, one, said)
    change = _change(scene, one, said)
    command = _filled(remedy.command, told) or f"kubectl describe {argument(one.ref)}"
    users = scene.users(one.ref) if one.ref.kind == "PrismBackend" else []
    return Case(
        code=remedy.code,
        key=tuple(told.get(name, str(one.ref)) for name in remedy.same),
        severity=remedy.severity,
        title=_filled(remedy.title, told) or f"{one.ref}: {said.reason}",
        chain=(*_above(scene, one, users), Link(one.ref, said.message or said.reason)),
        evidence=(quoted(f"condition {said.type} of {one.ref}", str(said)), *_users(users)),
        command=change.command if change else command,
        change=change,
        otherwise=_filled(remedy.otherwise, told),
        things=(one.ref,),
        noun=one.ref.kind,
    )


def _above(scene: Scene, one: Thing, users: list[Thing]) -> tuple[Link, ...]:
    """Return the chain down to an object, without it; that of a backend begins with a pattern that waits for it."""
    for user in users:
        ready = condition(user.obj, READY)
        if ready is not None and ready.reason == "BackendNotReady":
            return scene.links(user)
    return scene.links(one)[:-1]


def _users(users: list[Thing]) -> list[str]:
    return [f"spec of patterns: {', '.join(user.ref.name for user in users)} use it"] if users else []


def _filled(text: str, told: dict[str, str]) -> str:
    """Return a text with its facts, an empty one where one of them is unknown."""
    try:
        return text.format_map(told)
    except KeyError:
        return ""


def _change(scene: Scene, one: Thing, said: Said) -> Change | None:
    """Return the Change that mends it, for the only reason whose remedy needs no decision: a Lease's name is free."""
    if said.reason != "LeaseNameTaken" or not one.ref.name:
        return None
    name = f"{one.ref.name}-admin-leader"
    patch = {"spec": {"admin": {"leaderElection": {"leaseName": name}}}}
    return patched({**one.obj, "kind": one.ref.kind}, patch, f"have its admins elect by the Lease {name}")


def _scaling(scene: Scene, one: Thing) -> Iterator[Case]:
    said = condition(one.obj, "ScalingActive")
    if said is None or said.status != "False" or said.reason in {*REMEDIES, "ScalingDisabled"}:
        return
    scaler = lenient.mapping(spec(one.obj).get("autoscaling")).get("scaler")
    kind = "scaledobject" if scaler == "keda" else "horizontalpodautoscaler"
    remedy = Remedy(
        "PRISM512",
        "The autoscaler of {ref} cannot decide: {reason}",
        f"kubectl describe {kind} -n {{namespace}} -l app.kubernetes.io/instance={{name}}",
        severity=Severity.WAITING,
    )
    yield _case(scene, one, said, remedy)


def _is_known(scene: Scene, one: Thing, said: Said, known: frozenset[Ref]) -> bool:
    """Tell whether a cause further down is known already."""
    if said.reason == "ProxyNotReady":
        reference = lenient.mapping(spec(one.obj).get("proxyRef"))
        home = lenient.text(reference.get("namespace")) or one.ref.namespace
        return Ref("Deployment", home, lenient.text(reference.get("name"))) in known
    return one.ref in known


def _runs(scene: Scene, stack: Thing, part: Said, known: frozenset[Ref]) -> bool:
    """Tell whether the Deployment of a part of a stack has a cause that is known already."""
    component = _PROGRAMS[part.type]
    made = [d for d in scene.children(stack, "deployments") if meta.labels(d.obj).get("component") == component]
    return any(one.ref in known for one in made)


def _is_of_child(scene: Scene, stack: Thing, part: Said) -> bool:
    """Tell whether a part repeats what a child says, which then begins with the child's name."""
    children = scene.children(stack, _MEMBERS[part.type])
    return any(part.message.startswith(f"{child.ref.name}: ") for child in children)
