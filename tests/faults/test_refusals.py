"""P9 and P10: conflicts with another writer, and a server that sheds load."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError

from kubectl_prism.reconcile.queue import FIRST_RETRY
from tests.faults import oracles
from tests.faults.oracles import Run
from tests.faults.plan import Asked, Refuse, Rule
from tests.faults.stage import FULL, WITHIN, Stage
from tests.faults.workloads import WORKLOADS
from tests.reconcile.kinds.world import World, eventually

PAUSE = 0.01
STORMED = [("PrismPattern", "orders"), ("Secret", "cache"), ("Deployment", "orders")]
"""What the other writes; annotations of a Deployment make another generation of it, which lasts until it is judged."""
STORM = 600.0 / len(STORMED) if FULL else 4.0
"""Seconds of another writer's storm on each of them."""
BURST = 100
"""Writes that the operator may make at once before its thrash breaker lets one a second through."""
CONFLICT = json.dumps({"kind": "Status", "status": "Failure", "reason": "Conflict", "message": "changed", "code": 409})
BUSY = "Too many requests, please try again later.\n"
FAILURES = 15
"""How many of 20 conflicts are failures at most: an object that waits for long says so, and that is refused too."""
EARLIEST, LATEST = 0.9, 1.1 + 0.4
"""How much of the time that a server asks for may pass before the next try; a busy machine adds to it."""


@contextmanager
def writer(world: World, kind: str, name: str) -> Iterator[list[int]]:
    """Write an annotation of an object every 10 ms; yields the number of writes so far in a list of one."""
    over, written = threading.Event(), [0]

    def write() -> None:
        while not over.wait(PAUSE):
            try:
                world.patch(kind, name, {"metadata": {"annotations": {"example.com/n": str(written[0])}}})
            except (NotFoundError, ConflictError):
                continue
            written[0] += 1

    thread = threading.Thread(target=write, name="another writer")
    thread.start()
    try:
        yield written
    finally:
        over.set()
        thread.join()


@pytest.mark.perturbation("P9", "another writer every 10 ms on the same object")
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("kind", "name"), STORMED if FULL else STORMED[:2])
def test_a_storm_of_another_writer_is_no_reason_to_write(
    stage: Stage, references: Mapping[str, Run], kind: str, name: str
) -> None:
    """While somebody writes an object of ours a hundred times a second, a change gets through in a bounded number."""
    reference = references["backend"]
    with stage.operator() as replica:
        stage.prepare(WORKLOADS["backend"])
        began = time.monotonic()
        with writer(stage.world, kind, name) as written:
            WORKLOADS["backend"].change(stage.world)
            eventually(lambda: time.monotonic() - began > STORM, within=STORM + 5)
        assert written[0] > 10 * STORM
        stage.figures["writes of the other"] = written[0]
        stage.world.patch(kind, name, {"metadata": {"annotations": {"example.com/n": None}}})
        eventually(lambda: _is_as_wanted(stage, reference), within=60)
        made, removed, writes = oracles.counted(stage.asked(began))
        assert (made, removed) == ({}, {})
        stage.figures["our writes"] = writes.total()
        statuses = sum(times for one, times in writes.items() if one.endswith("/status"))
        assert writes.total() - statuses <= reference.writes + oracles.FEW
        assert statuses <= BURST + STORM
        oracles.stays(stage.world, seconds=1)
        oracles.ends_well(replica)


def _is_as_wanted(stage: Stage, reference: Run) -> bool:
    lines = oracles.differences(oracles.state(stage.world), reference.state)
    return not [line for line in lines if ".metadata.annotations" not in line]


@pytest.mark.perturbation("P9", "409 to every kind of write")
@pytest.mark.parametrize("count", [1, 4, 20] if FULL else [4])
def test_conflicts_are_tried_again_with_patience(stage: Stage, references: Mapping[str, Run], count: int) -> None:
    """Refused with 409 so many times in a row, writes come again, later each time, and end where they should."""
    rule = Rule(Refuse(409, CONFLICT), verb=["patch", "create", "update"], writes=True, count=count)
    began = time.monotonic()
    longest = FIRST_RETRY * 2 ** (min(count, FAILURES) - 1)  # after the last; all before it are as long
    stage.patience += longest

    def during(replica: object) -> None:
        eventually(lambda: rule.done == count, within=WITHIN + longest)

    stage.perturbed(WORKLOADS["stack"], references["stack"], rule, during=during)
    refused = [one for one in stage.asked(began) if one.status == 409]
    assert len(refused) == count


@pytest.mark.perturbation("P10", "429 as plain text with Retry-After")
@pytest.mark.parametrize("resource", ["deployments", "prismpatterns", "configmaps"] if FULL else ["deployments"])
@pytest.mark.parametrize("seconds", [1, 2])
def test_the_wait_that_a_busy_server_asks_for_is_honoured(
    stage: Stage, references: Mapping[str, Run], resource: str, seconds: int
) -> None:
    """Turned away with 429, a write comes again after the time asked for, not before, and is done once."""
    turned_away = Refuse(429, BUSY, "text/plain", {"Retry-After": str(seconds)})
    rule = Rule(turned_away, verb=["create", "patch"], resource=[resource], count=2)
    run = stage.perturbed(
        WORKLOADS["stack"],
        references["stack"],
        rule,
        during=lambda replica: eventually(lambda: rule.done == 2),
    )
    waits = _waits([one for one in stage.asked() if one.resource == resource and one.is_write])
    assert len(waits) == 2
    assert all(EARLIEST * seconds <= wait <= LATEST * seconds for wait in waits), waits
    stage.figures["longest wait over what was asked"] = max(waits) / seconds
    assert run.made == references["stack"].made


def _waits(asked: list[Asked]) -> list[float]:
    """Return the seconds between each refusal and the next try on the same object."""
    found = []
    for number, one in enumerate(asked):
        if one.status == 429:
            later = [next_one.began for next_one in asked[number + 1 :] if next_one.object == one.object]
            found.append(min(later) - one.ended)
    return found
