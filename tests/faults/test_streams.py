"""P4, P5 and P6: watches that end, break, skip events or begin too late."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import cycle, islice

import pytest

from tests.faults import oracles
from tests.faults.oracles import Run
from tests.faults.plan import Ask, Asked, Cut, Gate, Hold, Refuse, Rule, Say
from tests.faults.replica import Replica
from tests.faults.stage import FULL, Stage
from tests.faults.workloads import WORKLOADS
from tests.reconcile.kinds.world import eventually

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
"""Streams that are cut in one case."""
STORM = 50 if FULL else 15
WATCHED = {"deployments": "Deployment", "prismpatterns": "PrismPattern", "configmaps": "ConfigMap"}
ROUNDS = 10 if FULL else 1
"""How often a fault comes in one case; the quiet time is held once for all of them."""
AGAIN = range(5 if FULL else 1)
BATCH = pytest.mark.timeout(600)


def again(stage: Stage, resource: str, began: float) -> list[Asked]:
    """Return the watches of a resource that began since."""
    return [one for one in stage.asked(began) if (one.verb, one.resource) == ("watch", resource)]


def listings(stage: Stage, began: float, resource: str = "") -> list[Asked]:
    """Return what read a whole kind since, without the operator's first look at the world."""
    found = [one for one in stage.asked(began) if one.is_listing and one.status == 200]
    return [one for one in found if resource in ("", one.resource)]


@pytest.mark.perturbation("P5", "watches cut in the middle of a line or between lines")
@BATCH
@pytest.mark.parametrize("clean", [False, True], ids=["mid-line", "clean"])
@pytest.mark.parametrize("name", ["stack", "backend", "anew", "scale", "autoscaled"] if FULL else ["backend"])
def test_a_cut_watch_is_resumed_where_it_was(
    stage: Stage, references: Mapping[str, Run], name: str, clean: bool
) -> None:
    """Every event that cuts its watch is seen all the same, within two seconds and without a new list."""
    reference = references[name]
    rules = [Rule(Cut(clean=clean), verb=["watch"], resource=[one], event=1, count=CUTS) for one in WATCHED]
    with stage.operator() as replica:
        stage.prepare(WORKLOADS[name])
        began = time.monotonic()
        with stage.proxy.rules(*rules):
            WORKLOADS[name].change(stage.world)
            eventually(lambda: sum(rule.done for rule in rules) >= 2)
        stage.arrives(replica, reference)
        cuts = sum(rule.done for rule in rules)
        for resource in islice(cycle(WATCHED), max(0, CUTS - cuts)):
            _touched_and_cut(stage, resource, clean=clean)
            cuts += 1
        _untouched(stage)
        run = stage.converges(replica, reference, began)
        assert listings(stage, began) == []
        slowest = max(gap for resource in WATCHED for gap in _gaps(stage, resource, began))
        stage.figures |= {"runs": cuts, "seconds to resume": slowest}
        assert slowest <= RESUMED
        if name == "anew":  # until its end is seen, a pattern's children are made again for it, and collected again
            run = replace(run, made=reference.made)
        stage.holds(replica, run, reference)


def _touched_and_cut(stage: Stage, resource: str, *, clean: bool) -> None:
    """Cut a watch at an event that changes nothing of ours, and wait until it is there again."""
    began, rule = time.monotonic(), Rule(Cut(clean=clean), verb=["watch"], resource=[resource], event=1)
    with stage.proxy.rules(rule):
        _touch(stage, resource, f"{began}")
        eventually(lambda: rule.done == 1)
        eventually(lambda: again(stage, resource, began))


def _untouched(stage: Stage) -> None:
    for resource in WATCHED:
        _touch(stage, resource, None)


def _touch(stage: Stage, resource: str, value: str | None) -> None:
    """Set a label of somebody's on the first object of a resource, or take it away."""
    kind = WATCHED[resource]
    name = min(stage.world.names(kind) - {"kube-root-ca.crt"})
    stage.world.patch(kind, name, {"metadata": {"labels": {"example.com/n": value}}})


def _gaps(stage: Stage, resource: str, began: float) -> list[float]:
    """Return the seconds from each end of a watch to the next beginning."""
    watches = again(stage, resource, 0.0)
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
@BATCH
@pytest.mark.parametrize("how", ["answer", "event", "future"])
@pytest.mark.parametrize("time_again", AGAIN)
def test_what_was_removed_while_the_watch_was_too_old_is_seen(
    stage: Stage, references: Mapping[str, Run], how: str, time_again: int
) -> None:
    """A child that is deleted behind a watch that ends with 410 or 504 is found missing by one new list, and made."""
    reference = references["backend"]
    with stage.operator() as replica:
        stage.prepare(WORKLOADS["backend"])
        WORKLOADS["backend"].change(stage.world)
        stage.rests()
        began = time.monotonic()
        for _ in range(ROUNDS):
            began_round = time.monotonic()
            _removed_unseen(stage, how)
            stage.arrives(replica, reference)
            assert len(listings(stage, began_round, "deployments")) == 1
        run = stage.converges(replica, reference, began)
        stage.figures["runs"] = ROUNDS
        assert (run.made, run.removed) == ({"deployments/orders": ROUNDS}, {})
        oracles.ends_well(replica)


def _removed_unseen(stage: Stage, how: str) -> None:
    """Delete a Deployment while its watch is down and cannot be resumed, and wait until there is another."""
    status = FROM_FUTURE if how == "future" else TOO_OLD
    refused = Refuse(504 if how == "future" else 410, json.dumps(status))
    resource, gate = ["deployments"], Gate()
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


@pytest.mark.perturbation("P6", "a continue token that expires")
@BATCH
@pytest.mark.parametrize("time_again", AGAIN)
def test_a_continue_token_that_expires_starts_the_list_anew(
    stage: Stage, references: Mapping[str, Run], time_again: int
) -> None:
    """Where lists come in pages and the second page is refused with 410, the list is read anew; nothing is missed."""
    reference = references["unscale"]
    with stage.operator() as before:
        stage.prepare(WORKLOADS["unscale"])
        oracles.ends_well(before)
    began = time.monotonic()
    for number in range(1, ROUNDS + 1):
        _listed_anew(stage, reference, is_last=number == ROUNDS)
    made, _, _ = oracles.counted(stage.asked(began))
    stage.figures["runs"] = ROUNDS
    assert made == {}


def _listed_anew(stage: Stage, reference: Run, *, is_last: bool) -> None:
    """Start an operator whose list breaks off in the middle; the last one finds a change, the others write nothing."""
    stream = Rule(Refuse(422, "{}"), verb=["watch"], listing=True, count=None)
    expired = Rule(Refuse(410, json.dumps(TOO_OLD)), verb=["list"], resource=["configmaps"], listing=False)
    pages = Rule(Ask({"limit": "1"}), verb=["list"], resource=["configmaps"], count=2)
    began, replica = time.monotonic(), stage.operator()
    with stage.proxy.rules(stream, expired, pages), replica:
        eventually(lambda: expired.done == 1)
        eventually(lambda: replica.is_idle)
        if is_last:
            WORKLOADS["unscale"].change(stage.world)
            stage.converges(replica, reference, began)
        else:
            _, _, written = oracles.counted(stage.asked(began))
            assert [one for one in written if not one.endswith("/status")] == []  # its autoscaler goes on reporting
        assert len([one for one in stage.asked(began) if one.resource == "configmaps" and one.verb == "list"]) >= 3
        oracles.ends_well(replica)


@pytest.mark.perturbation("P4", "events that nobody saw")
@BATCH
@pytest.mark.parametrize("resource", ["prismpatterns", "deployments", "prismbackends"] if FULL else ["prismpatterns"])
def test_changes_that_were_undone_unseen_change_nothing(
    stage: Stage, references: Mapping[str, Run], resource: str
) -> None:
    """Between an event and the one that undoes it the watch is down: the operator ends as if neither had been."""
    reference = references["backend"]
    with stage.operator() as replica:
        stage.prepare(WORKLOADS["backend"])
        WORKLOADS["backend"].change(stage.world)
        stage.rests()
        began = time.monotonic()
        for _ in range(ROUNDS):
            _undone_unseen(stage, replica, reference, resource)
        run = stage.converges(replica, reference, began)
        stage.figures["runs"] = ROUNDS
        assert (run.made, run.removed) == ({}, {})
        assert run.writes <= oracles.FEW * ROUNDS
        oracles.ends_well(replica)


def _undone_unseen(stage: Stage, replica: Replica, reference: Run, resource: str) -> None:
    """Change an object while its watch is down, undo that, and refuse to resume the watch."""
    kind, name = {"prismpatterns": ("PrismPattern", "orders"), "deployments": ("Deployment", "orders")}.get(
        resource, ("PrismBackend", "cache")
    )
    gate = Gate()
    cut = Rule(Cut(), verb=["watch"], resource=[resource], event=1)
    hold = Rule(Hold(gate), verb=["watch"], resource=[resource])
    with stage.proxy.rules(cut, hold):
        stage.world.patch(kind, name, {"metadata": {"annotations": {"example.com/n": "1"}}})
        eventually(gate.reached.is_set)
        _undone(stage, resource)
        refused = Rule(Refuse(410, json.dumps(TOO_OLD)), verb=["watch"], resource=[resource], listing=False)
        with stage.proxy.rules(refused):
            gate.open()
            stage.arrives(replica, reference)
        assert refused.done >= 1


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
