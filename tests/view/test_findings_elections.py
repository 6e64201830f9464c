"""Leases: who should lead and does not, and what nobody reconciles."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kubectl_prism.model.conditions import NOT_RECONCILED
from kubectl_prism.model.meta import Manifest
from kubectl_prism.view.health import Severity
from tests.view.objects import conditions, named
from tests.view.scenes import (
    LEASES,
    STACK,
    ago,
    chain,
    event,
    found,
    lease,
    only,
    pod,
    program,
    running,
    seen,
    waiting,
)

ELECTION = {"enabled": True}
LEADER = "prism-admin-leader"


def electing(replicas: int = 3, **election: Any) -> Manifest:  # noqa: ANN401 - JSON
    admin = {"replicas": replicas, "leaderElection": {**ELECTION, **election}}
    return {**STACK, "spec": {**STACK["spec"], "admin": admin}}


@pytest.mark.parametrize(
    ("leases", "code", "words"),
    [
        ((), "PRISM401", "does not exist: nobody has led yet"),
        ((lease(LEADER, renewed=90),), "PRISM402", "held by up@laptop, which renewed it 90s ago"),
        (
            (lease(LEADER, holder="", renewed=90),),
            "PRISM401",
            "is free: its last holder gave it back, and nobody took it",
        ),
    ],
    ids=["missing", "stale", "free"],
)
def test_admins_that_run_and_have_no_leader_are_told(leases: tuple[Manifest, ...], code: str, words: str) -> None:
    """Restarting them is what can be done at once; what they say is another way."""
    one = only(seen(stacks=(electing(),)), leases=(*LEASES, *leases))
    assert (one.code, one.chain[-1].words, one.severity) == (code, words, Severity.BAD)
    assert chain(one) == ["PrismStack demo", "Deployment demo-admin", f"Lease {LEADER}"]
    assert one.change is not None
    assert one.command == one.change.command == "kubectl rollout restart deployment demo-admin -n shop"
    assert one.otherwise.endswith("kubectl prism logs demo -n shop --component admin")


def test_where_leases_may_not_be_read_nobody_says_that_none_is_there() -> None:
    """It may well be there, and held."""
    assert not found(replace(seen(stacks=(electing(),)), unread=frozenset({"Lease"})))


def test_a_lease_that_is_held_or_that_nobody_can_hold_yet_is_no_finding() -> None:
    """Admins that do not run cannot lead: their pods are the cause, and told as such."""
    assert found(seen(stacks=(electing(leaseName="mine"),)), leases=(*LEASES, lease("mine"))) == []
    down = program("demo-admin", STACK, "prism-admin", status={"availableReplicas": 0})
    assert found(seen(stacks=(electing(),), deployments=(down,), pods=())) == []
    young = program("demo-admin", STACK, "prism-admin")
    young["metadata"]["creationTimestamp"] = ago(10)
    assert found(seen(stacks=(electing(),), deployments=(young,))) == []


def test_admins_that_may_not_use_leases_are_told_which_right_is_missing() -> None:
    """An Event of a pod that was refused is the cause, whatever the Lease looks like."""
    message = 'leases.coordination.k8s.io "prism-admin-leader" is forbidden: User cannot update resource'
    events = (event("Pod", "demo-admin-abc", "Failed", message),)
    one = only(seen(stacks=(electing(),)), events=events)
    assert (one.code, one.command) == (
        "PRISM403",
        "kubectl auth can-i create leases.coordination.k8s.io --as=system:serviceaccount:shop:demo-admin -n shop",
    )


def test_two_admins_without_an_election_can_be_given_one() -> None:
    """Each would act as the leader; where another stack uses the common Lease, they get one of their own."""
    both = {**STACK, "spec": {"admin": {"replicas": 2}}}
    one = only(seen(stacks=(both,)))
    assert (one.code, one.severity) == ("PRISM405", Severity.WAITING)
    assert one.change is not None
    assert one.change.patch == {"spec": {"admin": {"leaderElection": {"enabled": True}}}}
    other = named("PrismStack", "other", spec={"admin": {"leaderElection": ELECTION}}, status=conditions())
    (one,) = found(seen(stacks=(both, other)))
    assert one.change is not None
    assert one.change.patch["spec"]["admin"]["leaderElection"]["leaseName"] == "demo-admin-leader"


def test_an_even_number_of_admins_is_advice() -> None:
    """It works, and is the least of all findings."""
    one = only(seen(stacks=(electing(4),)), leases=(*LEASES, lease(LEADER)))
    assert (one.code, one.severity) == ("PRISM406", Severity.UNKNOWN)
    assert one.change is not None
    assert one.change.patch == {"spec": {"admin": {"replicas": 5}}}


def test_a_stack_without_admins_elects_nobody() -> None:
    """`admin.enabled: false` asks for none of this."""
    off = {**STACK, "spec": {"admin": {"enabled": False, "replicas": 2, "leaderElection": ELECTION}}}
    assert found(seen(stacks=(off,))) == []


UNSEEN = {**STACK, "status": {"conditions": [NOT_RECONCILED]}}
CHANGED = {**STACK, "metadata": {**STACK["metadata"], "generation": 2}}


@pytest.mark.parametrize(
    ("stack", "leases", "words"),
    [
        (UNSEEN, (), "does not exist, as far as Leases can be read"),
        (UNSEEN, (lease(renewed=300),), "held by up@laptop, renewed 5m ago"),
        (CHANGED, (lease(holder=""),), "is free: the last reconciler gave it back"),
    ],
)
def test_what_waits_for_a_reconciler_that_is_not_there_is_one_finding(
    stack: Manifest, leases: tuple[Manifest, ...], words: str
) -> None:
    """Objects that nobody looked at, and who should have."""
    one = only(seen(stacks=(stack,)), leases=leases)
    assert (one.code, one.title, one.command) == ("PRISM101", "No reconciler runs", "kubectl prism operator")
    assert chain(one) == ["PrismStack demo", "Lease prism-operator"]
    assert one.chain[-1].words == words


def test_where_all_is_in_order_a_reconciler_that_left_is_not_missed() -> None:
    """One that gave its Lease back is gone on purpose; one that fell silent is worth a word."""
    assert found(seen(), leases=(lease(holder=""),)) == []
    assert found(seen(), leases=()) == []
    (one,) = found(seen(), leases=(lease(renewed=300),))
    assert (one.code, one.severity) == ("PRISM101", Severity.WAITING)


def test_a_reconciler_that_overlooks_a_namespace_is_told() -> None:
    """Somebody holds the Lease, and nobody looks at what is half a minute old."""
    one = only(seen(stacks=(UNSEEN,)), leases=(lease(namespace="prism-system"),))
    assert (one.code, one.title) == ("PRISM104", "The reconciler does not look at namespace shop")
    assert one.evidence[1] == "Lease prism-system/prism-operator: held by up@laptop"
    young = {**UNSEEN, "metadata": {**UNSEEN["metadata"], "creationTimestamp": ago(5)}}
    assert found(seen(stacks=(young,))) == []
    assert found(seen(stacks=(young,)), leases=()) == []


OPERATOR = named(
    "Deployment",
    "prism-operator",
    spec={
        "selector": {"matchLabels": {"runner": "prism-operator"}},
        "template": {"spec": {"containers": [{"name": "manager", "resources": {"limits": {"memory": "256Mi"}}}]}},
    },
)


def operator(status: Manifest) -> Any:  # noqa: ANN401 - Objects
    pods = (pod("prism-operator-abc", "prism-operator", status),)
    return seen(stacks=(UNSEEN,), deployments=(OPERATOR,), pods=pods)


def test_an_operator_that_crashes_is_the_cause_of_what_nobody_reconciles() -> None:
    """From the stack over the Lease to the container: one finding."""
    status = waiting("CrashLoopBackOff", name="manager", lastState={"terminated": {"exitCode": 1}}, restartCount=5)
    one = only(operator(status), leases=(lease(renewed=60),))
    assert (one.code, one.title) == ("PRISM102", "The operator ends again and again")
    assert [link.split()[0] for link in chain(one)] == ["PrismStack", "Lease", "Deployment", "Pod", "Deployment"]
    assert one.command == "kubectl logs prism-operator-abc -n shop -c manager --previous"


def test_an_operator_that_uses_too_much_memory_gets_more() -> None:
    """Nobody but its Deployment says how much; twice as much is proposed."""
    starved = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
    status = waiting("CrashLoopBackOff", name="manager", lastState=starved, restartCount=5)
    one = only(operator(status), leases=())
    assert (one.code, one.title) == ("PRISM103", "The operator used more than its memory limit of 256Mi")
    assert one.command == "kubectl set resources deployment prism-operator -n shop --limits=memory=512Mi"


def test_an_operator_that_is_there_and_idle_can_be_restarted() -> None:
    """Its pods run, and none of them holds the Lease."""
    one = only(operator(running(name="manager")), leases=(lease(renewed=60),))
    assert one.change is not None
    assert (one.code, one.command) == ("PRISM101", "kubectl rollout restart deployment prism-operator -n shop")


def deleted(kind: str, finalizer: str, seconds: float) -> Manifest:
    obj = named(kind, "gone", spec={"proxyRef": {"name": "demo-proxy"}}, status=conditions())
    obj["metadata"] |= {"deletionTimestamp": ago(seconds), "finalizers": [finalizer, "foregroundDeletion"]}
    return obj


@pytest.mark.parametrize(
    ("seconds", "leases", "codes"),
    [(20, (), []), (60, (), ["PRISM105"]), (60, LEASES, []), (600, LEASES, ["PRISM105"])],
)
def test_a_deletion_hangs_when_nobody_does_what_it_waits_for(
    seconds: float, leases: tuple[Manifest, ...], codes: list[str]
) -> None:
    """Without a reconciler half a minute is enough to know; with one, what it waits for has its time."""
    objects = seen(namespaces=(deleted("PrismNamespace", "prism.io/release", seconds),))
    assert [one.code for one in found(objects, leases=leases)] == codes


def test_our_finalizer_can_be_taken_away_and_no_other() -> None:
    """What remains on the other side is said; what somebody else guards is theirs to let go."""
    (one,) = found(seen(namespaces=(deleted("PrismNamespace", "prism.io/release", 60),)), leases=())
    assert one.change is not None
    assert one.change.patch == {"metadata": {"finalizers": ["foregroundDeletion"]}}
    assert "what its proxies hold of it may remain there" in one.otherwise
    (one,) = found(seen(namespaces=(deleted("PrismNamespace", "x.io/keep", 600),)), leases=())
    assert (one.change, one.command) == (None, "kubectl describe prismnamespace gone -n shop")
