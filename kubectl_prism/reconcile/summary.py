"""How the states of a stack's parts add up to its conditions, phase and counts. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from kubectl_prism.model import conditions, meta
from kubectl_prism.model.conditions import Mark
from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.stack import Stack
from kubectl_prism.reconcile.rollout import Rollout
from kubectl_prism.reconcile.tools import Applied, Refusal

UNSEEN = "Unseen"
"""The state of a child that nobody has judged yet at its present generation."""

NAMED = 5
"""How many children a message names before it counts the rest."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a stack: how much of it is there, and whether that is enough.

    `again` is the seconds until it has to be judged anew though nothing changes, or None.
    """

    name: str
    counts: str
    mark: Mark
    is_wanted: bool = True
    is_stalled: bool = False
    again: float | None = None

    @classmethod
    def absent(cls, name: str) -> Part:
        """Return a part that the spec does not ask for."""
        return cls(name, "0/0", conditions.true(f"{name}Ready", "NotWanted"), is_wanted=False)

    @classmethod
    def refused(cls, name: str, refusals: Sequence[Refusal]) -> Part:
        """Return a part whose objects cannot be made."""
        refusal = refusals[0]
        return cls(name, "0/0", conditions.false(f"{name}Ready", refusal.reason, refusal.message), is_stalled=True)

    @classmethod
    def running(cls, name: str, state: Rollout) -> Part:
        """Return a part that is one Deployment."""
        make = conditions.true if state.is_done else conditions.false
        return cls(name, state.counts, make(f"{name}Ready", state.reason, state.message), again=state.again)


def members(name: str, applied: Applied, wanted: int, *, tolerated: Collection[str] = ()) -> Part:
    """Return the part that is made of child objects with a Ready condition each.

    `tolerated` are the states, of Unknown and Unseen, that do not keep the stack from being Ready.
    """
    if not wanted:
        return Part.absent(name)
    type = f"{name}Ready"
    states = {meta.key(child).name: _state(child) for child in applied.live.values()}
    counts = f"{sum(state.status == 'True' for state in states.values())}/{wanted}"
    if applied.refusals:
        refusal = applied.refusals[0]
        return Part(name, counts, conditions.false(type, refusal.reason, refusal.message), is_stalled=True)
    open = {child: state for child, state in states.items() if state.status != "True"}
    if not open:
        return Part(name, counts, conditions.true(type, f"{name}Ready", f"{counts} Ready"))
    blocking = {child: state for child, state in open.items() if state.type not in tolerated}
    if not blocking:
        return Part(name, counts, conditions.unknown(type, next(iter(open.values())).reason, _named(open.items())))
    first = next(iter(blocking.values()))
    return Part(name, counts, conditions.false(type, first.reason, _named(blocking.items())))


def _state(child: Manifest) -> Mark:
    """Return the Ready condition of a child as a mark whose type is the state that may be tolerated."""
    ready = conditions.find(child, conditions.READY)
    if ready is None or (ready.get("observedGeneration") or 0) < meta.generation(child):
        return Mark(UNSEEN, "Unknown", "NotReconciledYet", "not looked at yet")
    reason, message = ready.get("reason") or "NotReady", ready.get("message") or ""
    match ready.get("status"):
        case "True":
            return conditions.true("True", reason, message)
        case "False":
            return conditions.false("False", reason, message)
    return conditions.unknown("Unknown", reason, message)


def _named(children: Iterable[tuple[str, Mark]]) -> str:
    said = [f"{name}: {state.message or state.reason}" for name, state in children]
    more = f"; and {len(said) - NAMED} more" if len(said) > NAMED else ""
    return "; ".join(said[:NAMED]) + more


def election(part: Part, stack: Stack, others: Iterable[Manifest]) -> Part:
    """Return the admins' part with what is to be said about their leader election.

    Two stacks of one namespace that share a Lease would share one leader; the younger one has to choose another name.
    An even number of admins works, and survives no more failures than one fewer.
    """
    settings = stack.spec.admin.leader_election
    if not settings.enabled:
        return part
    for other in others:
        if _elects(other, settings.lease_name) and _is_older(other, stack):
            message = (
                f"PrismStack {meta.key(other).name} elects by the Lease {settings.lease_name} already: "
                "set admin.leaderElection.leaseName to another name"
            )
            return replace(part, mark=conditions.false("AdminReady", "LeaseNameTaken", message), is_stalled=True)
    if part.mark.status == "True" and stack.spec.admin.replicas % 2 == 0 and stack.spec.admin.replicas > 0:
        message = f"{part.mark.message}; an even number of admins survives no more failures than one fewer"
        return replace(part, mark=conditions.true("AdminReady", "EvenReplicas", message))
    return part


def _elects(stack: Manifest, lease: str) -> bool:
    admin = (stack.get("spec") or {}).get("admin") or {}
    settings = admin.get("leaderElection") or {}
    is_on = admin.get("enabled", True) and settings.get("enabled")
    return bool(is_on) and settings.get("leaseName", "prism-admin-leader") == lease


def _is_older(other: Manifest, stack: Stack) -> bool:
    if meta.key(other).name == stack.metadata.name:
        return False
    mine = (stack.metadata.creation_timestamp or "", stack.metadata.name)
    return ((other.get("metadata") or {}).get("creationTimestamp") or "", meta.key(other).name) < mine


def overall(parts: Iterable[Part]) -> list[Mark]:
    """Return Ready, Reconciling and Stalled of a stack with these parts."""
    wanted = [part for part in parts if part.is_wanted]
    troubled = [part for part in wanted if part.mark.status == "False"]
    if not troubled:
        counted = ", ".join(f"{part.name.lower()} {part.counts}" for part in wanted)
        unknown = [f"{part.name.lower()} not judged: {part.mark.message}" for part in wanted if _is_unknown(part)]
        return conditions.ready("ComponentsReady", "; ".join([counted, *unknown]))
    message = "; ".join(f"{part.name.lower()}: {part.mark.message}" for part in troubled)
    for part in troubled:
        if part.is_stalled:
            return conditions.stalled(part.mark.reason, message)
    return conditions.reconciling(troubled[0].mark.reason, message)


def _is_unknown(part: Part) -> bool:
    return part.mark.status == "Unknown"


def phase(previous: str | None, marks: Iterable[Mark], parts: Iterable[Part]) -> str:
    """Return the phase in one word; `previous` is the one before."""
    held = {mark.type for mark in marks if mark.status == "True"}
    if conditions.READY in held:
        return "Running"
    if conditions.STALLED in held:
        return "Failed"
    if previous in ("Running", "Degraded"):
        return "Degraded"
    has_begun = any(not part.counts.startswith("0/") for part in parts)
    return "Progressing" if has_begun else "Pending"
