"""Who leads, as people read it: held, stale, free or missing, said plainly, with the holder's place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kubectl_prism.model.meta import Manifest
from kubectl_prism.view.health import Severity
from kubectl_prism.view.leader import Leadership, Seen, data, leaderships, rows

NOW = datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC)


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def stack(name: str = "dev", **election: Any) -> Manifest:  # noqa: ANN401 - JSON
    admin = {"leaderElection": {"enabled": True, **election}}
    return {"kind": "PrismStack", "metadata": {"name": name, "namespace": "shop"}, "spec": {"admin": admin}}


def lease(holder: str, *, renewed: float = 1, name: str = "prism-admin-leader", **spec: Any) -> Manifest:  # noqa: ANN401
    record = {
        "holderIdentity": holder,
        "leaseDurationSeconds": 15,
        "acquireTime": ago(600),
        "renewTime": ago(renewed),
        "leaseTransitions": 3,
        **spec,
    }
    return {"kind": "Lease", "metadata": {"name": name, "namespace": "shop"}, "spec": record}


POD = {"metadata": {"name": "dev-admin-1", "namespace": "shop"}, "spec": {"nodeName": "node-a"}}
NODE = {
    "metadata": {"name": "node-a", "labels": {"topology.kubernetes.io/zone": "eu-1a", "prism.io/simulated": "true"}}
}


def one(*leases: Manifest) -> Leadership:
    (found,) = leaderships(Seen((stack(),), leases, (POD,), (NODE,)), NOW)
    return found


@pytest.mark.parametrize("holder", ["dev-admin-1", "dev-admin-1_0a1b2c"])
def test_a_holder_is_shown_where_it_runs(holder: str) -> None:
    """The pod is found by the holder's name, with or without what makes it unique."""
    found = one(lease(holder))
    assert rows([found]) == [
        ("shop/prism-admin-leader", "stack dev", "Held", holder, "node-a (simulated)", "eu-1a", "10m", "1s ago", "3")
    ]
    assert (found.pod, found.health.severity) == ("dev-admin-1", Severity.OK)


def test_a_holder_that_does_not_renew_is_stale() -> None:
    """Past its duration a Lease is nobody's word any more."""
    found = one(lease("dev-admin-1", renewed=40))
    assert (found.health.word, found.health.severity) == ("Stale", Severity.BAD)
    assert found.health.message == (
        "renewed 40s ago, and it lasts 15 s: its holder is dead or cannot reach the API server"
    )


def test_a_lease_that_nobody_holds_is_free_and_one_that_is_not_there_is_missing() -> None:
    """Given back, or never taken: nobody leads, and both are said."""
    assert one(lease("")).health.word == "Free"
    assert one().health.word == "Missing"
    assert rows([one()])[0][3] == "<none>"


def test_only_what_elects_is_looked_for() -> None:
    """A stack without an election has no line; one with a Lease of another name has that; a reconciler has its own."""
    quiet = {"metadata": {"name": "quiet", "namespace": "shop"}, "spec": {"admin": {"leaderElection": {}}}}
    off = {
        "metadata": {"name": "off", "namespace": "shop"},
        "spec": {"admin": {**stack()["spec"]["admin"], "enabled": False}},
    }
    leases = (lease("x", name="ours"), lease("laptop_1", name="prism-operator"))
    found = leaderships(Seen((quiet, off, stack(leaseName="ours")), leases, ()), NOW)
    assert [(one.lease.name, one.owner) for one in found] == [
        ("ours", "stack dev"),
        ("prism-operator", "the reconciler"),
    ]


def test_where_leases_may_not_be_read_nobody_can_tell() -> None:
    """Somebody may well lead."""
    (found,) = leaderships(Seen((stack(),), None, ()), NOW)
    assert found.health.explanation == "Leases may not be read: nobody can tell who leads"


def test_the_worst_comes_first() -> None:
    """Who has no leader is read before who has one."""
    stacks = (stack("a", leaseName="held"), stack("b", leaseName="stale"), stack("c", leaseName="none"))
    seen = Seen(stacks, (lease("x", name="held"), lease("x", name="stale", renewed=99)), ())
    assert [one.health.word for one in leaderships(seen, NOW)] == ["Stale", "Missing", "Held"]


def test_an_odd_lease_stops_no_other() -> None:
    """Whatever somebody wrote into a Lease, it has a line."""
    odd = lease("x", renewTime=17, acquireTime=None, leaseTransitions="many", leaseDurationSeconds="long")
    assert one(odd).health.word == "Stale"
    assert data([one(odd)])["items"][0]["transitions"] == 0
