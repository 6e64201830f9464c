"""P17: things are deleted in every phase, with their namespace, with their kind."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import pytest

from tests.faults import oracles
from tests.faults.oracles import Run
from tests.faults.plan import Call, Rule
from tests.faults.stage import FULL, QUIET, Stage
from tests.faults.workloads import WORKLOADS
from tests.reconcile.kinds.world import eventually

PHASES = range(1, WORKLOADS["stack"].writes + 1) if FULL else [2, 7, 12]
PHASES_OF_PARTS = range(1, WORKLOADS["autoscaled"].writes + 1) if FULL else [4]
TIMES = 10 if FULL else 1


@pytest.mark.perturbation("P17", "stack deleted at its n-th write")
@pytest.mark.parametrize("nth", PHASES)
def test_a_stack_that_is_deleted_in_any_phase_leaves_nothing(
    stage: Stage, references: Mapping[str, Run], nth: int
) -> None:
    """Deleted as soon as the operator has made its n-th write for it, a stack takes everything with it."""
    written = threading.Event()
    rule = Rule(Call(written.set), writes=True, nth=nth)
    with stage.operator() as replica:
        with stage.proxy.rules(rule):
            WORKLOADS["stack"].change(stage.world)
            began = time.monotonic()
            assert written.wait(30)
            stage.world.delete("PrismStack", "shop")
            stage.world.gone("PrismStack", "shop")
        stage.converges(replica, references["delete"], began)
        oracles.ends_well(replica)


@pytest.mark.perturbation("P17", "pattern and backend deleted at their n-th write")
@pytest.mark.parametrize("nth", PHASES_OF_PARTS)
def test_a_pattern_that_is_deleted_in_any_phase_leaves_nothing(stage: Stage, nth: int) -> None:
    """Deleted as soon as the operator has made its n-th write for them, a pattern and its backend leave nothing."""
    written = threading.Event()
    rule = Rule(Call(written.set), writes=True, nth=nth)
    with stage.operator() as replica:
        with stage.proxy.rules(rule):
            WORKLOADS["autoscaled"].change(stage.world)
            assert written.wait(30)
            stage.world.delete("PrismPattern", "orders")
            stage.world.delete("PrismBackend", "cache")
        eventually(lambda: not oracles.state(stage.world), within=60)
        oracles.stays(stage.world, seconds=QUIET)
        oracles.same("what is left over", oracles.leftovers(stage.world), [])
        oracles.ends_well(replica)


@pytest.mark.perturbation("P17", "namespace deleted under a running stack")
@pytest.mark.parametrize("time_again", range(TIMES))
def test_a_namespace_that_is_deleted_goes_with_everything_in_it(stage: Stage, time_again: int) -> None:
    """Nothing of ours keeps a namespace from going, and the operator does not fight its end."""
    with stage.operator() as replica:
        WORKLOADS["stack"].change(stage.world)
        stage.rests()
        began = time.monotonic()
        stage.world.kubectl("delete", "namespace", stage.world.namespace, "--wait=false")
        eventually(lambda: stage.world.find("Namespace", stage.world.namespace) is None, within=60)
        stage.figures["seconds until gone"] = time.monotonic() - began
        writes = [one for one in stage.asked(began) if one.is_write]
        assert len(writes) <= 40, writes
        assert replica.troubles() == []
