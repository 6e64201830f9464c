"""Admins that elect a leader by a Lease: nobody leads, the leader is silent, or there is no election at all."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from kubectl_prism.model import lease as record
from kubectl_prism.model.change import Change, argument, patched, restart, scale_program
from kubectl_prism.model.finding import Link
from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.model.meta import labels as labels_of
from kubectl_prism.view import lenient
from kubectl_prism.view.age import duration
from kubectl_prism.view.findings.case import Case, quoted
from kubectl_prism.view.findings.scene import Scene, Thing, condition, involved, spec
from kubectl_prism.view.health import Severity
from kubectl_prism.view.leader import DEFAULT_NAME, LASTS

PATIENCE = 60.0
"""Seconds in which admins that run should have found a leader."""
_REFUSED = re.compile(r"leases.*(?:forbidden|cannot)|(?:forbidden|cannot).*leases", re.IGNORECASE | re.DOTALL)


def is_refusal(message: str) -> bool:
    """Tell whether a message says that somebody may not use Leases."""
    return "lease" in message and _REFUSED.search(message) is not None


def silence(scene: Scene, lease: Manifest) -> float | None:
    """Return for how many seconds the holder of a Lease is silent, longer than it may be; None where it is not."""
    silent = scene.since(record.spec(lease).get("renewTime"))
    return silent if record.holder(lease).identity and silent > record.lasts(lease, otherwise=LASTS) else None


def cases(scene: Scene) -> Iterator[Case]:
    """Yield what is wrong with the elections of all stacks."""
    refused = {_about(event): event for event in lenient.mappings(scene.events) if _is_about_leases(event)}
    for stack in scene.stacks:
        admin = lenient.mapping(spec(stack.obj).get("admin"))
        if admin.get("enabled") is False:
            continue
        election, replicas = lenient.mapping(admin.get("leaderElection")), lenient.number(admin.get("replicas", 1))
        if election.get("enabled") is True:
            yield from _election(scene, stack, lenient.text(election.get("leaseName")) or DEFAULT_NAME, refused)
            if replicas > 0 and replicas % 2 == 0:
                yield _even(scene, stack, replicas)
        elif replicas > 1:
            yield _leaderless(scene, stack, replicas)


def _election(scene: Scene, stack: Thing, name: str, refused: dict[Ref, Manifest]) -> Iterator[Case]:
    ref = Ref("Lease", stack.ref.namespace, name)
    admins = [
        one for one in scene.children(stack, "deployments") if labels_of(one.obj).get("component") == "prism-admin"
    ]
    if (event := refused.get(stack.ref) or refused.get(ref)) is not None:
        yield _forbidden(scene, stack, ref, event)
        return
    status = lenient.mapping(admins[0].obj.get("status")) if admins else {}
    if not admins or lenient.number(status.get("availableReplicas")) < 1 or scene.age(admins[0].obj) < PATIENCE:
        return  # what keeps the admins from running keeps them from leading
    lease = scene.lease.get(ref.key)
    if lease is None and "Lease" in scene.objects.unread:
        return  # nobody can tell from here
    if lease is None:
        yield _unled(scene, admins[0], ref, "does not exist: nobody has led yet")
    elif (silent := silence(scene, lease)) is not None:
        holder = record.holder(lease).identity
        ago = "never" if silent == float("inf") else f"{duration(silent)} ago"
        yield _unled(scene, admins[0], ref, f"held by {holder}, which renewed it {ago}", "PRISM402")
    elif not record.holder(lease).identity and scene.since(record.spec(lease).get("renewTime")) > PATIENCE:
        yield _unled(scene, admins[0], ref, "is free: its last holder gave it back, and nobody took it")


def _unled(scene: Scene, admins: Thing, lease: Ref, said: str, code: str = "PRISM401") -> Case:
    stack = scene.line(admins)[0].ref
    change = restart({**admins.obj, "kind": "Deployment"}, scene.now)
    title = f"No admin of {stack} leads" if code == "PRISM401" else f"The leader of {stack} is silent"
    return _case(
        code,
        title,
        (*scene.links(admins), Link(lease, said)),
        change.command,
        change,
        key=tuple(lease),
        evidence=(quoted(lease, said), *scene.heard(lease)),
        otherwise=f"read what the admins say: kubectl prism logs {_named(stack)} --component admin",
    )


def _forbidden(scene: Scene, stack: Thing, lease: Ref, event: Manifest) -> Case:
    about, message = involved(event), lenient.text(event.get("message"))
    account = f"system:serviceaccount:{stack.ref.namespace}:{stack.ref.name}-admin"
    ask = ["kubectl", "auth", "can-i", "create", "leases.coordination.k8s.io", f"--as={account}"]
    return _case(
        "PRISM403",
        f"The admins of {stack.ref} may not use Leases",
        (*scene.links(stack), Link(lease, "its admins may not read or write it")),
        f"{shlex.join(ask)} -n {shlex.quote(stack.ref.namespace)}",
        key=tuple(stack.ref),
        evidence=(quoted(f"Event {lenient.text(event.get('reason'))} of {about}", message),),
        otherwise="the reconciler makes their Role and RoleBinding; where it may not, somebody has to",
    )


def _leaderless(scene: Scene, stack: Thing, replicas: int) -> Case:
    settings: Manifest = {"enabled": True}
    if any(_elects_by_default(other) for other in scene.stacks if other.ref.namespace == stack.ref.namespace):
        settings["leaseName"] = f"{stack.ref.name}-admin-leader"
    patch = {"spec": {"admin": {"leaderElection": settings}}}
    change = patched({**stack.obj, "kind": "PrismStack"}, patch, "have its admins elect a leader")
    said = f"spec.admin.replicas is {replicas}, and leaderElection is not enabled: each of them acts as the leader"
    return _case(
        "PRISM405",
        f"{replicas} admins of {stack.ref} elect no leader",
        (Link(stack.ref, said),),
        change.command,
        change,
        key=tuple(stack.ref),
        severity=Severity.WAITING,
        evidence=(f"spec of {stack.ref}: admin.replicas is {replicas}",),
    )


def _even(scene: Scene, stack: Thing, replicas: int) -> Case:
    change = scale_program({**stack.obj, "kind": "PrismStack"}, "admin", replicas + 1)
    ready = condition(stack.obj, "AdminReady")
    return _case(
        "PRISM406",
        f"{replicas} admins of {stack.ref} survive no more failures than {replicas - 1}",
        (Link(stack.ref, f"spec.admin.replicas is {replicas}, an even number"),),
        change.command,
        change,
        key=tuple(stack.ref),
        severity=Severity.UNKNOWN,
        evidence=(quoted(f"condition AdminReady of {stack.ref}", str(ready)),) if ready else (),
        otherwise=f"save one: set spec.admin.replicas to {replicas - 1}",
    )


def _case(
    code: str,
    title: str,
    chain: tuple[Link, ...],
    command: str,
    change: Change | None = None,
    *,
    key: tuple[str, ...],
    evidence: tuple[str, ...],
    severity: Severity = Severity.BAD,
    otherwise: str = "",
) -> Case:
    return Case(
        code=code,
        key=key,
        severity=severity,
        title=title,
        chain=chain,
        evidence=evidence,
        command=command,
        change=change,
        otherwise=otherwise,
        things=(chain[0].ref,),
        noun="stack",
    )


def _elects_by_default(stack: Thing) -> bool:
    election = lenient.mapping(lenient.mapping(spec(stack.obj).get("admin")).get("leaderElection"))
    return election.get("enabled") is True and election.get("leaseName") in (None, "", DEFAULT_NAME)


def _is_about_leases(event: Manifest) -> bool:
    return event.get("type") == "Warning" and is_refusal(lenient.text(event.get("message")))


def _about(event: Manifest) -> Ref:
    """Return the Lease or the stack that an Event speaks of; the admins of stack S are called S-admin and more."""
    about = involved(event)
    return about if about.kind == "Lease" else Ref("PrismStack", about.namespace, about.name.partition("-admin")[0])


def _named(ref: Ref) -> str:
    return argument(ref).partition(" ")[2]
