"""The breaker: who is woken again and again is slowed down and named, everybody else notices nothing."""

from __future__ import annotations

import logging

import pytest

from kubectl_prism.model.meta import Manifest
from kubectl_prism.reconcile.breaker import BURST, FEW, OPEN, SPACING, Breaker
from kubectl_prism.reconcile.request import Request
from kubectl_prism.store import Change
from tests.reconcile.fake import Clock

KEY = Request("PrismStack", "default", "s")
OTHER = Request("PrismStack", "default", "other")


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    """Return a breaker as the engine has it."""
    return Breaker(clock=clock)


def deployment(name: str, generation: int, **status: object) -> Manifest:
    """Return a Deployment."""
    metadata = {"name": name, "namespace": "default", "uid": name, "generation": generation}
    return {"kind": "Deployment", "metadata": metadata, "status": status}


def changed(name: str = "d") -> Change:
    """Return a change of what somebody wants."""
    return Change("Deployment", deployment(name, 1), deployment(name, 2))


def opened(breaker: Breaker, request: Request = KEY) -> Breaker:
    """Wake `request` until its breaker opens."""
    while request not in breaker.tripped:
        breaker.pause(request, changed())
    return breaker


def test_a_burst_passes_and_one_more_opens_it(breaker: Breaker) -> None:
    """A hundred at once are no thrashing."""
    assert {breaker.pause(KEY, changed()) for _ in range(BURST)} == {0.0}
    assert (breaker.openings, breaker.tripped) == (0, {})
    assert breaker.pause(KEY, changed()) == SPACING
    assert (breaker.openings, breaker.tripped) == (1, {KEY: OPEN})


def test_one_change_a_second_passes_for_ever(breaker: Breaker, clock: Clock) -> None:
    """What leaks away as fast as it comes never fills anything."""
    for _ in range(1000):
        assert breaker.pause(KEY, changed()) == 0.0
        clock.now += 1


def test_tokens_come_back_one_a_second(breaker: Breaker, clock: Clock) -> None:
    """Ten seconds after a burst, ten more pass."""
    for _ in range(BURST):
        breaker.pause(KEY, changed())
    clock.now += 10
    assert [breaker.pause(KEY, changed()) for _ in range(11)] == [0.0] * 10 + [SPACING]


def test_many_objects_that_change_a_little_are_no_thrashing(breaker: Breaker) -> None:
    """A stack with a thousand children is woken a thousand times when all of them change."""
    assert {breaker.pause(KEY, changed(f"d{number}")) for number in range(1000)} == {0.0}


def test_a_busy_object_does_not_slow_another_that_it_wakes(breaker: Breaker) -> None:
    """Each request has its own breaker."""
    opened(breaker)
    assert breaker.pause(OTHER, changed()) == 0.0


@pytest.mark.parametrize(
    "change",
    [
        Change("Deployment", deployment("d", 1), deployment("d", 1, readyReplicas=1)),
        Change("Deployment", None, deployment("d", 1)),
    ],
)
def test_reports_and_births_are_not_counted(breaker: Breaker, change: Change) -> None:
    """A rollout of a thousand pods changes a status a thousand times, and that is as it should be."""
    assert {breaker.pause(KEY, change) for _ in range(10 * BURST)} == {0.0}


def test_an_object_that_comes_and_goes_for_ever_is_counted(breaker: Breaker) -> None:
    """Going counts, so that making anew is seen too."""
    gone = Change("Deployment", deployment("d", 1), None)
    assert {breaker.pause(KEY, gone) for _ in range(BURST)} == {0.0}
    assert breaker.pause(KEY, gone) == SPACING


def test_while_it_is_open_every_change_waits_for_the_same_run(breaker: Breaker, clock: Clock) -> None:
    """Reports too; at most one run in half a minute."""
    opened(breaker)
    clock.now += 10
    assert breaker.pause(KEY, changed()) == SPACING - 10
    assert breaker.pause(KEY, Change("Deployment", None, deployment("e", 1))) == SPACING - 10
    clock.now += 25  # the run was due 5 seconds ago
    assert breaker.pause(KEY, changed()) == SPACING - 5


def test_after_a_quiet_while_the_next_change_runs_at_once(breaker: Breaker, clock: Clock) -> None:
    """Open does not mean deaf."""
    opened(breaker)
    clock.now += 2 * SPACING + 1
    assert breaker.pause(KEY, changed()) == 0.0
    assert breaker.pause(KEY, changed()) == SPACING


def test_a_storm_of_five_minutes_is_ten_runs(breaker: Breaker, clock: Clock) -> None:
    """However many changes there are."""
    began = clock.now
    opened(breaker)
    runs = set()
    while KEY in breaker.tripped:
        runs.add(clock.now + breaker.pause(KEY, changed()) - began)
        clock.now += 0.25
    assert sorted(runs) == [SPACING * number for number in range(1, 11)]


def test_it_closes_after_five_minutes_and_may_open_again(breaker: Breaker, clock: Clock) -> None:
    """With a full bucket."""
    opened(breaker)
    clock.now += OPEN
    assert breaker.tripped == {}
    assert {breaker.pause(KEY, changed()) for _ in range(BURST)} == {0.0}
    assert breaker.pause(KEY, changed()) == SPACING
    assert breaker.openings == 2


def test_it_says_once_who_wakes_whom(breaker: Breaker, caplog: pytest.LogCaptureFixture) -> None:
    """Who does it most comes first, and sixteen are enough."""
    for number in range(20):
        for _ in range(number + 1):
            breaker.pause(KEY, changed(f"d{number}"))
    breaker.pause(OTHER, changed("unrelated"))
    with caplog.at_level(logging.WARNING):
        for _ in range(10):
            opened(breaker).pause(KEY, changed("d"))
    sources = ", ".join(f"Deployment default/{name}" for name in ["d", *(f"d{number}" for number in range(19, 4, -1))])
    assert [record.getMessage() for record in caplog.records] == [
        f"PrismStack default/s is woken again and again, by changes of {sources}; "
        "for 300 s it is reconciled every 30 s at most"
    ]


def test_what_is_quiet_again_leaves_nothing_behind(breaker: Breaker, clock: Clock) -> None:
    """Memory grows with what changes now, not with what ever changed."""
    opened(breaker)
    for number in range(50 * FEW):
        breaker.pause(KEY if number % 2 else OTHER, changed(f"d{number}"))
        clock.now += 0.1
    assert len(breaker._full_at) <= FEW + 1
    assert breaker._until == breaker._next_run == {}


def test_odd_objects_are_counted_like_others(breaker: Breaker) -> None:
    """An object without metadata breaks nothing."""
    assert breaker.pause(KEY, Change("Deployment", {"metadata": None}, None)) == 0.0
