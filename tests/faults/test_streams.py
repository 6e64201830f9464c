"""P4, P5 and P6: watches that end, break, skip events or begin too late."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Mapping

import pytest

from tests.faults import oracles
from tests.faults.oracles import Run
from tests.faults.plan import Ask, Asked, Cut, Gate, Hold, Refuse, Rule, Say
from tests.faults.replica import Replica
from tests.faults.stage import FULL, Stage
from tests.faults.workloads import WORKLOADS
from tests.reconcile.kinds.world import Object, eventually

TOO_OLD = {
    "apiVersion": "v1",
    "kind": "Status",
    "status": "Failure",
    "message": "too old resource version: 1 (2)",
    "reason": "Expired",
    "code": 410,
}
FROM_FUTURE = {
    **TOO_OLD,
    "message": "Too large resource version: 9, current: 1",
    "reason": "Timeout",
    "code": 504,
    "details": {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]},
}
ERROR = json.dumps({"type": "ERROR", "object": TOO_OLD})

RESUMED = 2.0
CUTS = 20 if FULL else 3
STORM = 50 if FULL else 15
WATCHED = ("deployments", "prismpatterns", "configmaps")
RELISTS = range(50 if FULL else 1)


def again(stage: Stage, resource: str, began: float) -> list[Asked]:
    """Return the watches of a resource that began since."""
    return [one for one in stage.asked(began) if (one.verb, one.resource) == ("watch", resource)]


def listings(stage: Stage, began: float, resource: str = "") -> list[Asked]:
    """Return what read a whole kind since, without the operator's first look at the world."""
    found = [one for one in stage.asked(began) if one.is_listing and one.status == 200]
    return [one for one in found if resource in ("", one.resource)]


@pytest.mark.perturbation("P5", "watches cut in the middle of a line or between lines")
@pytest.mark.parametrize("clean", [False, True], ids=["mid-line", "clean"])
@pytest.mark.parametrize("name", ["stack", "backend", "anew", "scale", "autoscaled"] if FULL else ["backend"])
def test_a_cut_watch_is_resumed_where_it_was(
    stage: Stage, references: Mapping[str, Run], name: str, clean: bool
) -> None:
    """Every event that cuts its watch is seen all the same, within two seconds and without a new list."""
    reference = references[name]
    rules = [Rule(Cut(clean=clean), verb=["watch"], resource=[one], event=1, count=CUTS) for one in WATCHED]
    began = time.monotonic()
    with stage.operator() as replica:
        stage.prepare(WORKLOADS[name])
        began = time.monotonic()
        with stage.proxy.rules(*rules):
            WORKLOADS[name].change(stage.world)
            eventually(lambda: sum(rule.done for rule in rules) >= 2)
        run = stage.converges(replica, reference, began)
        assert listings(stage, began) == []
        slow = [gap for resource in WATCHED for gap in _gaps(stage, resource, began)]
        stage.figures["seconds to resume"] = max(slow)
        assert max(slow) <= RESUMED
        stage.holds(replica, run, reference)


def _marked(number: int) -> Object:
    return {"metadata": {"annotations": {"example.com/n": str(number)}}}


def _gaps(stage: Stage, resource: str, began: float) -> list[float]:
    """Return the seconds from each end of a watch to the next beginning."""
    watches = [one for one in stage.asked() if (one.verb, one.resource) == ("watch", resource)]
    return [after.began - before.ended for before, after in itertools.pairwise(watches) if after.began >= began]


@pytest.mark.perturbation("P5", "a server that ends every watch at once")
def test_watches_that_end_at_once_are_not_asked_for_in_a_hot_loop(stage: Stage, references: Mapping[str, Run]) -> None:
    """Ended as soon as it begins, time after time, a watch is asked for less and less often; memory does not grow."""
    resource = ["deployments"]
    reference = references["backend"]
    with stage.operator() as replica:
        stage.prepare(WORKLOADS["backend"])
        began, memory = time.monotonic(), replica.memory
        first = Rule(Cut(), verb=["watch"], resource=resource, event=1)
        storm = Rule(Cut(clean=True), verb=["watch"], resource=resource, count=5 if FULL else 3)
        with stage.proxy.rules(first, storm):
            WORKLOADS["backend"].change(stage.world)
            eventually(lambda: storm.done == storm.count)
        seconds = time.monotonic() - began
        run = stage.converges(replica, reference, began)
        assert len(again(stage, "deployments", began)) <= 6
        stage.figures["watches a second"] = len(again(stage, "deployments", began)) / seconds
        assert replica.memory <= oracles.GROWTH * memory
        stage.holds(replica, run, reference)


@pytest.mark.perturbation("P5", "the same event cut again and again")
def test_a_storm_of_cuts_while_events_come_loses_none(stage: Stage, references: Mapping[str, Run]) -> None:
    """Cut at every event for as long as events come, the operator still ends where it should and does not grow."""
    reference = references["backend"]
    with stage.operator() as replica:
        stage.prepare(WORKLOADS["backend"])
        began, memory = time.monotonic(), replica.memory
        rule = Rule(Cut(), verb=["watch"], resource=["prismpatterns"], event=1, count=None)
        with stage.proxy.rules(rule):
            for number in range(STORM):
                stage.world.patch(
                    "PrismPattern", "orders", {"metadata": {"annotations": {"example.com/n": str(number)}}}
                )
            WORKLOADS["backend"].change(stage.world)
            eventually(lambda: rule.done >= 2)
        stage.world.patch("PrismPattern", "orders", {"metadata": {"annotations": None}})
        run = stage.converges(replica, reference, began)
        assert listings(stage, began) == []
        assert replica.memory <= oracles.GROWTH * memory
        stage.holds(replica, run, reference)


@pytest.mark.perturbation("P6", "410 as an answer, 410 as an event, 504 for a version from the future")
@pytest.mark.parametrize("how", ["answer", "event", "future"])
@pytest.mark.parametrize("time_again", RELISTS)
def test_what_was_removed_while_the_watch_was_too_old_is_seen(
    stage: Stage, references: Mapping[str, Run], how: str, time_again: int
) -> None:
    """A child that is deleted behind a watch that ends with 410 or 504 is found missing by one new list, and made."""
    status = FROM_FUTURE if how == "future" else TOO_OLD
    refused = Refuse(504 if how == "future" else 410, json.dumps(status))
    resource = ["deployments"]
    reference = references["backend"]
    with stage.operator() as replica:
        stage.prepare(WORKLOADS["backend"])
        WORKLOADS["backend"].change(stage.world)
        stage.rests()
        began, gate = time.monotonic(), Gate()
        hold = Rule(Hold(gate), verb=["watch"], resource=resource, nth=1)
        cut = Rule(Say(ERROR) if how == "event" else Cut(), verb=["watch"], resource=resource, event=1)
        refuse = Rule(refused, verb=["watch"], resource=resource, listing=False)
        rules = [cut, hold] if how == "event" else [cut, refuse, hold]
        with stage.proxy.rules(*rules):
            stage.world.patch("Deployment", "orders", {"metadata": {"labels": {"example.com/touched": "yes"}}})
            eventually(gate.reached.is_set)
            stage.world.delete("Deployment", "orders")
            stage.world.gone("Deployment", "orders")
            gate.open()
            eventually(lambda: stage.world.find("Deployment", "orders"))
        run = stage.converges(replica, reference, began)
        assert len(listings(stage, began, "deployments")) == 1
        assert (run.made, run.removed) == ({"deployments/orders": 1}, {})
        oracles.ends_well(replica)


@pytest.mark.perturbation("P6", "a continue token that expires")
@pytest.mark.parametrize("time_again", RELISTS)
def test_a_continue_token_that_expires_starts_the_list_anew(
    stage: Stage, references: Mapping[str, Run], time_again: int
) -> None:
    """Where lists come in pages and the second page is refused with 410, the list is read anew; nothing is missed."""
    stream = Rule(Refuse(422, "{}"), verb=["watch"], listing=True, count=None)
    expired = Rule(Refuse(410, json.dumps(TOO_OLD)), verb=["list"], resource=["configmaps"], listing=False)
    pages = Rule(Ask({"limit": "1"}), verb=["list"], resource=["configmaps"], count=2)
    reference = references["unscale"]
    with stage.operator() as before:
        stage.prepare(WORKLOADS["unscale"])
        oracles.ends_well(before)
    began, replica = time.monotonic(), stage.operator()
    with stage.proxy.rules(stream, expired, pages), replica:
        eventually(lambda: expired.done == 1)
        eventually(lambda: replica.is_idle)
        WORKLOADS["unscale"].change(stage.world)
        stage.converges(replica, reference, began)
        made, _, _ = oracles.counted(stage.asked(began))
        assert made == {}
        assert len([one for one in stage.asked(began) if one.resource == "configmaps" and one.verb == "list"]) >= 3
        oracles.ends_well(replica)


@pytest.mark.perturbation("P4", "events that nobody saw")
@pytest.mark.parametrize("time_again", range(10 if FULL else 1))
@pytest.mark.parametrize("resource", ["prismpatterns", "deployments", "prismbackends"] if FULL else ["prismpatterns"])
def test_a_change_that_was_undone_unseen_changes_nothing(
    stage: Stage, references: Mapping[str, Run], resource: str, time_again: int
) -> None:
    """Between an event and the one that undoes it the watch is down: the operator ends as if neither had been."""
    kind, name = {"prismpatterns": ("PrismPattern", "orders"), "deployments": ("Deployment", "orders")}.get(
        resource, ("PrismBackend", "cache")
    )
    reference = references["backend"]
    with stage.operator() as replica:
        stage.prepare(WORKLOADS["backend"])
        WORKLOADS["backend"].change(stage.world)
        stage.rests()
        began, gate = time.monotonic(), Gate()
        cut = Rule(Cut(), verb=["watch"], resource=[resource], event=1)
        hold = Rule(Hold(gate), verb=["watch"], resource=[resource])
        with stage.proxy.rules(cut, hold):
            stage.world.patch(kind, name, {"metadata": {"annotations": {"example.com/n": "1"}}})
            eventually(gate.reached.is_set)
            _undone(stage, resource)
            refused = Rule(Refuse(410, json.dumps(TOO_OLD)), verb=["watch"], resource=[resource], listing=False)
        with stage.proxy.rules(refused):
            run = stage.converges(replica, reference, began)
        _is_as_before(stage, run, replica)


def _undone(stage: Stage, resource: str) -> None:
    world = stage.world
    if resource == "prismpatterns":
        world.patch("PrismPattern", "orders", {"metadata": {"annotations": None}})
        world.pattern("ghost", backend="cache")
        world.delete("PrismPattern", "ghost")
        world.gone("PrismPattern", "ghost")
    elif resource == "deployments":
        world.patch("Deployment", "orders", {"metadata": {"annotations": {"example.com/n": None}}})
        world.scale("Deployment", "orders", 4)
        world.scale("Deployment", "orders", 1)
    else:
        world.patch("PrismBackend", "cache", {"metadata": {"annotations": None}})
        world.specify("PrismBackend", "cache", connection={"url": "redis://nowhere:6379"})
        world.specify("PrismBackend", "cache", connection={"url": "redis://other:6379"})


def _is_as_before(stage: Stage, run: Run, replica: Replica) -> None:
    assert (run.made, run.removed) == ({}, {})
    assert run.writes <= oracles.FEW
    oracles.ends_well(replica)
