"""P8 and P11: connections that are open and bring nothing, networks that are slow."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest

from tests.faults.oracles import Run
from tests.faults.plan import Asked, Cut, Delay, Rule, Swallow, Throttle
from tests.faults.stage import FULL, Stage
from tests.faults.workloads import WORKLOADS
from tests.reconcile.kinds.world import eventually

SILENCE = 75.0 if FULL else 4.0
"""After how many seconds the operator takes a silent watch for dead: by its own number, or a shorter one."""
GRACE = 5.0
SLOW = (0.1, 0.3)
RATE = 64_000.0
TIMES = range(10 if FULL else 1)


@pytest.mark.perturbation("P8", "half-open connection of a watch")
@pytest.mark.timeout(240)
@pytest.mark.parametrize("time_again", TIMES)
def test_a_watch_whose_connection_is_half_open_is_found_dead(
    stage: Stage, references: Mapping[str, Run], time_again: int
) -> None:
    """Where a watch brings not a byte any more it is opened anew in time, and what it kept back is seen."""
    altered = {} if FULL else {"PRISM_FAULTS_SILENCE": str(SILENCE)}
    reference = references["backend"]
    with stage.operator(**altered) as replica:
        stage.prepare(WORKLOADS["backend"])
        began = time.monotonic()
        rule = Rule(Swallow(), verb=["watch"], resource=["prismpatterns"], event=1)
        with stage.proxy.rules(rule):
            WORKLOADS["backend"].change(stage.world)
            eventually(lambda: rule.done == 1)
            swallowed = time.monotonic()
            eventually(lambda: [one for one in stage.asked(swallowed) if _is_watch(one)], within=SILENCE + GRACE)
        stage.figures["seconds until found dead"] = time.monotonic() - swallowed
        run = stage.converges(replica, reference, began)
        stage.holds(replica, run, reference)


def _is_watch(one: Asked) -> bool:
    return (one.verb, one.resource) == ("watch", "prismpatterns")


@pytest.mark.perturbation("P8", "a write that nobody answers")
@pytest.mark.timeout(240)
@pytest.mark.parametrize("resource", ["deployments", "configmaps"] if FULL else ["deployments"])
def test_a_write_that_nobody_answers_is_given_up(stage: Stage, references: Mapping[str, Run], resource: str) -> None:
    """A call that hangs is given up within its deadline and done again; nothing else waits for it."""
    reference = references["backend"]
    rule = Rule(Swallow(), verb=["patch"], resource=[resource])
    with stage.operator() as replica:
        stage.prepare(WORKLOADS["backend"])
        began = time.monotonic()
        with stage.proxy.rules(rule):
            WORKLOADS["backend"].change(stage.world)
            eventually(lambda: _tries(stage, resource, began) > 1, within=35)
        first, second = [one.began for one in stage.asked(began) if _is_patch(one, resource)][:2]
        stage.figures["seconds until given up"] = second - first
        run = stage.converges(replica, reference, began)
        stage.holds(replica, run, reference)


def _is_patch(one: Asked, resource: str) -> bool:
    return (one.verb, one.resource) == ("patch", resource)


def _tries(stage: Stage, resource: str, began: float) -> int:
    return len([one for one in stage.asked(began) if _is_patch(one, resource)])


@pytest.mark.perturbation("P11", "200 ms more, give or take 100, one connection in a hundred lost, 64 kB/s")
@pytest.mark.parametrize("name", WORKLOADS if FULL else ["stack"])
def test_a_slow_network_only_slows(stage: Stage, references: Mapping[str, Run], name: str) -> None:
    """With latency, loss and little bandwidth the end is the same, nothing is done twice and no deadline breaks."""
    lossy = [Rule(Cut(), nth=nth) for nth in range(7, 1000, 100)]
    rules = [*lossy, Rule(Throttle(RATE), verb=["watch"], count=None), Rule(Delay(*SLOW), count=None)]
    reference = references[name]
    with stage.operator() as replica:
        stage.prepare(WORKLOADS[name])
        began = time.monotonic()
        with stage.proxy.rules(*rules):
            WORKLOADS[name].change(stage.world)
            run = stage.converges(replica, reference, began)
        assert replica.said("no answer within") == []
        stage.holds(replica, run, reference)
