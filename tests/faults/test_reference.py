"""Without a fault: what every other file compares with."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.faults.oracles import Run, differences
from tests.faults.stage import FULL, Stage
from tests.faults.workloads import WORKLOADS

AGAIN = 2 if FULL else 1


@pytest.mark.parametrize("name", WORKLOADS if FULL else ["stack", "backend"])
@pytest.mark.parametrize("time", range(AGAIN))
def test_two_unperturbed_runs_are_the_same(stage: Stage, references: Mapping[str, Run], name: str, time: int) -> None:
    """What is masked is all that chance decides: the same change leads to the same end, creates and deletes."""
    first, second = references[name], stage.unperturbed(WORKLOADS[name])
    assert differences(second.state, first.state) == []
    assert (second.made, second.removed) == (first.made, first.removed)
    assert min(first.writes, second.writes) >= WORKLOADS[name].writes
