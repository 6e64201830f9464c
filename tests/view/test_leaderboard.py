"""Who leads is told with how fresh that is, and with who would take over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given

from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.view.health import Severity
from kubectl_prism.view.leader import Seen, leaderships
from kubectl_prism.view.leaderboard import elector, rows, standbys
from kubectl_prism.view.objects import Objects
from tests.view.objects import NOW, deployment, named, pod
from tests.view.odd import manifests, worlds

STACK = named("PrismStack", "dev", spec={"admin": {"leaderElection": {"enabled": True}}})


def lease(silent: float, *, holder: str = "dev-admin-1_7f", name: str = "prism-admin-leader") -> Manifest:
    spec = {
        "holderIdentity": holder,
        "leaseDurationSeconds": 15,
        "acquireTime": (NOW - timedelta(minutes=10)).isoformat(),
        "renewTime": (NOW - timedelta(seconds=silent)).isoformat(),
        "leaseTransitions": 3,
    }
    return named("Lease", name, spec=spec)


def admin(name: str, node: str, **status: object) -> Manifest:
    return {**pod(name, "dev-admin", **status), "spec": {"nodeName": node}}


PODS = (
    admin("dev-admin-1", "node-a"),
    admin("dev-admin-2", "node-b"),
    admin("dev-admin-3", "node-c", phase="Pending"),
    admin("dev-admin-4", "node-d"),
)
NODES = tuple(
    {"metadata": {"name": f"node-{letter}", "labels": {"topology.kubernetes.io/zone": f"eu-1{letter}"}}}
    for letter in "abc"
)
WORLD = Objects(stacks=(STACK,), deployments=(deployment("dev-admin", STACK, "prism-admin"),), pods=PODS, nodes=NODES)


@pytest.mark.parametrize(
    ("silent", "words", "severity"),
    [
        (0, "0s/15s ░░░░░░░░", Severity.OK),
        (2, "2s/15s █░░░░░░░", Severity.OK),
        (12, "12s/15s ██████░░", Severity.WAITING),
        (40, "40s/15s ████████", Severity.BAD),
    ],
)
def test_a_lease_fills_up_until_it_is_renewed(silent: float, words: str, severity: Severity) -> None:
    """A holder that is late shows before it is too late."""
    (row,) = rows(leaderships(Seen((STACK,), (lease(silent),), PODS, NODES), NOW), NOW)
    assert row.cells[7][:2] == (words, severity)


def test_a_row_tells_who_leads_and_where() -> None:
    """The Lease, whose it is, and the holder's place."""
    (row,) = rows(leaderships(Seen((STACK,), (lease(2),), PODS, NODES), NOW), NOW)
    assert (row.ref, [cell.text for cell in row.cells]) == (
        Ref("Lease", "shop", "prism-admin-leader"),
        [
            *("shop/prism-admin-leader", "stack dev", "Held", "dev-admin-1_7f", "node-a", "eu-1a", "10m"),
            *("2s/15s █░░░░░░░", "3"),
        ],
    )


def test_what_nobody_holds_is_not_renewed() -> None:
    """A Lease that was given back has no bar, and nobody since any time."""
    (row,) = rows(leaderships(Seen((STACK,), (lease(2, holder=""),), ()), NOW), NOW)
    assert [cell.text for cell in row.cells[2:8]] == ["Free", "<none>", "", "", "", ""]


def test_two_stacks_of_one_lease_are_two_rows() -> None:
    """Each row has a key of its own, though both tell of one Lease."""
    twin = named("PrismStack", "twin", spec=STACK["spec"])
    found = rows(leaderships(Seen((STACK, twin), (lease(2),), PODS), NOW), NOW)
    assert len({row.key for row in found}) == 2


def test_standbys_are_ready_and_do_not_lead() -> None:
    """With node and zone, as far as they may be read; a pod that is not ready could not take over."""
    assert standbys(STACK, WORLD, leader="dev-admin-1") == ["dev-admin-2 on node-b in eu-1b", "dev-admin-4 on node-d"]


def test_a_lease_leads_to_its_stack() -> None:
    """The reconciler's Lease belongs to none."""
    leases = (lease(2), lease(2, name="prism-operator"))
    found = leaderships(Seen((STACK,), leases, PODS), NOW)
    assert [elector(one, WORLD) for one in found] == [STACK, None]


@given(worlds(), manifests("Lease"))
def test_odd_objects_do_not_stop_the_page(objects: Objects, odd: Manifest) -> None:
    """Whatever somebody stored, it is told."""
    operator = {**odd, "metadata": {**odd["metadata"], "name": "prism-operator"}}
    found = leaderships(Seen(objects.stacks, (operator,), objects.pods, objects.nodes), NOW)
    assert len(rows(found, NOW)) == len(found)
    for stack in objects.stacks:
        assert len(standbys(stack, objects)) <= len(objects.pods)
