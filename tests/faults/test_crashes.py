"""P1 and P2: the operator is killed at a write, after its answer or before it, and started again."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.faults.oracles import Run
from tests.faults.plan import Call, Rule
from tests.faults.replica import Replica
from tests.faults.stage import FULL, Stage
from tests.faults.workloads import WORKLOADS
from tests.reconcile.kinds.world import eventually

EVERY = [(name, nth) for name, workload in WORKLOADS.items() for nth in range(1, workload.writes + 1)]
ANSWERED = EVERY if FULL else [("stack", 3), ("stack", 9), ("backend", 2)]
UNANSWERED = EVERY if FULL else [("stack", 8), ("backend", 4), ("prune", 1)]


def crashed(stage: Stage, references: Mapping[str, Run], name: str, *, nth: int, unanswered: bool) -> None:
    """Play a workload whose n-th write kills the operator, and hold the oracles."""
    replica = stage.operator()

    def restart(replica: Replica) -> None:
        eventually(lambda: replica.has_ended)
        assert rule.done == 1
        stage.revived(replica)

    rule = Rule(Call(replica.strike, unanswered=unanswered), writes=True, nth=nth)
    stage.perturbed(WORKLOADS[name], references[name], rule, during=restart, replica=replica)
    assert replica.exits == [-9]


@pytest.mark.perturbation("P1", "crash after a write")
@pytest.mark.parametrize(("name", "nth"), ANSWERED)
def test_a_crash_after_any_write_is_made_good(stage: Stage, references: Mapping[str, Run], name: str, nth: int) -> None:
    """Killed as soon as the answer to the n-th write is out, the operator ends where it would have without that."""
    crashed(stage, references, name, nth=nth, unanswered=False)


@pytest.mark.perturbation("P2", "crash before the answer to a write")
@pytest.mark.parametrize(("name", "nth"), UNANSWERED)
def test_a_write_whose_answer_nobody_heard_is_not_done_twice(
    stage: Stage, references: Mapping[str, Run], name: str, nth: int
) -> None:
    """Killed before the answer to its n-th write arrives, the operator finds out by itself that it was done."""
    crashed(stage, references, name, nth=nth, unanswered=True)
