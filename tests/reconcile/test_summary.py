"""How the states of a stack's parts add up."""

from __future__ import annotations

import pytest

from kubectl_prism.model.conditions import Mark, false, true, unknown
from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.model.stack import Stack
from kubectl_prism.reconcile.summary import Part, election, members, overall, phase
from kubectl_prism.reconcile.tools import Applied, Refusal

READY = Part("Proxy", "2/2", true("ProxyReady", "DeploymentReady", "2/2 available"))
PROGRESSING = Part("Admin", "0/1", false("AdminReady", "DeploymentProgressing", "0/1 available"))
STALLED = Part("Patterns", "0/1", false("PatternsReady", "NameTaken", "taken"), is_stalled=True)
UNKNOWN = Part("Backends", "0/1", unknown("BackendsReady", "NotReachableFromHere", "nats: not from here"))


def told(marks: list[Mark]) -> dict[str, str]:
    """Return marks as `{type: "status reason"}`."""
    return {mark.type: f"{mark.status} {mark.reason}" for mark in marks}


def child(
    name: str, ready: str | None = "True", *, reason: str = "R", generation: int = 1, observed: int = 1
) -> Manifest:
    """Return a child with a Ready condition."""
    condition = {
        "type": "Ready",
        "status": ready,
        "reason": reason,
        "message": f"{name} says",
        "observedGeneration": observed,
    }
    status = {"conditions": [condition]} if ready else {}
    return {"metadata": {"name": name, "generation": generation}, "status": status}


def applied(*children: Manifest, refusals: tuple[Refusal, ...] = ()) -> Applied:
    """Return these children as they live."""
    return Applied({Ref("PrismPattern", "n", one["metadata"]["name"]): one for one in children}, refusals)


def test_a_stack_is_ready_when_no_part_is_in_trouble() -> None:
    """An unknown part does not keep it from being Ready, and is named."""
    marks = overall([READY, UNKNOWN, Part.absent("Patterns")])
    assert told(marks)["Ready"] == "True ComponentsReady"
    assert marks[0].message == "proxy 2/2, backends 0/1; backends not judged: nats: not from here"


def test_a_stack_that_time_will_mend_is_reconciling() -> None:
    """The first troubled part gives the reason, all give the message."""
    marks = overall([READY, PROGRESSING])
    assert told(marks) == {
        "Ready": "False DeploymentProgressing",
        "Reconciling": "True DeploymentProgressing",
        "Stalled": "False DeploymentProgressing",
    }
    assert marks[0].message == "admin: 0/1 available"


def test_one_stalled_part_stalls_the_stack() -> None:
    """Stalled wins over on its way."""
    marks = overall([PROGRESSING, STALLED])
    assert told(marks)["Stalled"] == "True NameTaken"
    assert marks[0].message == "admin: 0/1 available; patterns: taken"


@pytest.mark.parametrize(
    ("children", "tolerated", "expected"),
    [
        ((child("a"), child("b")), (), "True 2/2"),
        ((child("a"), child("b", "False", reason="Unschedulable")), (), "False 1/2"),
        ((child("a"), child("b", "Unknown")), (), "False 1/2"),
        ((child("a"), child("b", "Unknown")), ("Unknown",), "Unknown 1/2"),
        ((child("a"), child("b", generation=2)), ("Unknown",), "False 1/2"),
        ((child("a"), child("b", None)), ("Unknown", "Unseen"), "Unknown 1/2"),
        ((child("a", "False"), child("b", "Unknown")), ("Unknown",), "False 0/2"),
    ],
)
def test_children_count_when_they_are_ready_at_their_generation(
    children: tuple[Manifest, ...], tolerated: tuple[str, ...], expected: str
) -> None:
    """A child that nobody has judged since its last change is not Ready; what is tolerated makes it Unknown."""
    part = members("Patterns", applied(*children), len(children), tolerated=tolerated)
    assert f"{part.mark.status} {part.counts}" == expected


def test_a_message_names_five_children_and_counts_the_rest() -> None:
    """A stack with a hundred patterns in trouble still has a message that a person can read."""
    part = members("Patterns", applied(*(child(f"c{n}", "False") for n in range(8))), 8)
    assert part.mark.message == "; ".join(f"c{n}: c{n} says" for n in range(5)) + "; and 3 more"


def test_a_refused_child_stalls_its_part() -> None:
    """What could be made is still counted."""
    part = members("Patterns", applied(child("a"), refusals=(Refusal("NameTaken", "taken"),)), 2)
    assert (part.is_stalled, part.counts, part.mark.reason) == (True, "1/2", "NameTaken")


def stack(name: str, *, created: str = "2026-01-01T00:00:00Z", replicas: int = 3, **admin: object) -> Manifest:
    """Return a stack whose admins elect a leader."""
    spec = {"admin": {"replicas": replicas, "leaderElection": {"enabled": True}, **admin}}
    return {"metadata": {"name": name, "namespace": "n", "creationTimestamp": created}, "spec": spec}


@pytest.mark.parametrize(
    ("other", "is_taken"),
    [
        (stack("other", created="2025-01-01T00:00:00Z"), True),
        (stack("a-same-age-earlier-name"), True),
        (stack("z-same-age-later-name"), False),
        (stack("other", created="2027-01-01T00:00:00Z"), False),
        (stack("other", created="2025-01-01T00:00:00Z", enabled=False), False),
        (stack("other", created="2025-01-01T00:00:00Z", leaderElection={"enabled": True, "leaseName": "l"}), False),
        (stack("other", created="2025-01-01T00:00:00Z", leaderElection={}), False),
        (stack("mine"), False),
    ],
)
def test_a_lease_belongs_to_the_older_stack_that_elects_by_it(other: Manifest, is_taken: bool) -> None:
    """Age decides, then the name; who elects nobody or by another Lease is in nobody's way."""
    part = Part("Admin", "3/3", true("AdminReady", "DeploymentReady", "3/3 available"))
    found = election(part, Stack.model_validate(stack("mine")), [other])
    assert (found.mark.reason == "LeaseNameTaken", found.is_stalled) == (is_taken, is_taken)


@pytest.mark.parametrize(("replicas", "reason"), [(1, "DeploymentReady"), (2, "EvenReplicas"), (3, "DeploymentReady")])
def test_an_even_number_of_admins_is_said_to_be_one(replicas: int, reason: str) -> None:
    """It stays Ready."""
    part = Part("Admin", "n/n", true("AdminReady", "DeploymentReady", "available"))
    mark = election(part, Stack.model_validate(stack("mine", replicas=replicas)), []).mark
    assert (mark.status, mark.reason) == ("True", reason)


@pytest.mark.parametrize(
    ("previous", "parts", "expected"),
    [
        (None, [READY], "Running"),
        (None, [PROGRESSING], "Pending"),
        ("Pending", [READY, PROGRESSING], "Progressing"),
        ("Running", [READY, PROGRESSING], "Degraded"),
        ("Degraded", [READY, PROGRESSING], "Degraded"),
        ("Running", [READY, STALLED], "Failed"),
        ("Failed", [READY], "Running"),
    ],
)
def test_the_phase_is_derived(previous: str | None, parts: list[Part], expected: str) -> None:
    """Only what ran before can be degraded."""
    assert phase(previous, overall(parts), parts) == expected
