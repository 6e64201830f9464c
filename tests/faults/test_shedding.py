"""P10: an API server that sheds load by its own priority and fairness, and an operator that is one of many clients."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, pairwise

import pytest

from tests.faults import oracles
from tests.faults.conftest import References, Stages, stages_of
from tests.faults.flood import FLAGS, Flood, level
from tests.faults.oracles import Run
from tests.faults.plan import Asked
from tests.faults.servers import Servers, servers
from tests.faults.stage import Stage
from tests.faults.workloads import WORKLOADS
from tests.reconcile.kinds.world import eventually

pytestmark = [pytest.mark.timeout(2400), pytest.mark.full]

SECONDS = 600.0 / len(WORKLOADS)
"""How long each workload is played in the flood."""
PATIENCE = 120.0
EARLIEST, LATEST = 0.9, 1.1
BUSY = 0.4
"""Seconds that a busy machine adds to a wait."""
ENOUGH = 2
"""How many calls must have been turned away, for each workload, that a run shows anything."""
RENEWED = 9.5
"""Seconds without a renewal, which may be turned away too, after which a leader may have stopped and begun anew."""


@dataclass(frozen=True, slots=True)
class Wait:
    """From a refusal to the next request that is the same: the seconds, and those that were asked for.

    `looked` are the seconds until the object was looked at again: a status comes last, and what comes before it may be
    turned away the next time. `is_anew` tells whether all work was given up meanwhile, and begun anew with the Lease.
    """

    what: str
    seconds: float
    looked: float
    asked: float
    is_anew: bool


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Return a cluster whose API server has few seats."""
    with servers(tmp_path_factory.mktemp("few-seats"), FLAGS) as found:
        yield found


@pytest.fixture(scope="module")
def stages(own: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    """Return what opens a stage on that cluster."""
    with stages_of(own, tmp_path_factory.mktemp("shedding")) as found:
        yield found


@pytest.fixture(scope="module")
def references(stages: Stages) -> Mapping[str, Run]:
    """Return the unperturbed runs on that cluster."""
    return References(stages)


@pytest.fixture(scope="module")
def flood(own: Servers, stages: Stages) -> Flood:
    """Return the crowd that comes to that server; the operator's ServiceAccount is there by then."""
    return Flood(own.cluster.server, own.certificates, level(own.cluster))


@pytest.mark.perturbation("P10", "429 of a server whose seats others take")
def test_what_a_busy_server_turns_away_is_done_when_it_asks_for_it(
    stage: Stage, stages: Stages, references: Mapping[str, Run], flood: Flood
) -> None:
    """Turned away again and again, the operator comes when it was told to, loses nothing and does nothing twice."""
    found: list[Wait] = []
    for rounds, name in enumerate(cycle(WORKLOADS)):
        if rounds >= len(WORKLOADS) and len(found) >= ENOUGH * len(WORKLOADS):
            break
        reference = references[name]
        with stages() as played:
            found += [wait for wait in _played(played, name, reference, flood) if not wait.is_anew]
            stage.figures |= {what: max(value, stage.figures.get(what, 0)) for what, value in played.figures.items()}
    assert {answer for answer in flood.answers if answer.startswith("429")} == {"429 text/plain"}
    stage.figures["calls turned away"] = len(found)
    stage.figures["longest wait that was asked for"] = max(one.asked for one in found)
    stage.figures["longest wait over what was asked"] = max(one.looked / one.asked for one in found)
    assert stage.figures["requests a second in the flood"] <= oracles.REQUESTS_A_SECOND
    assert [one for one in found if one.seconds < EARLIEST * one.asked] == []
    assert [one for one in found if one.looked > LATEST * one.asked + BUSY] == []


def _played(stage: Stage, name: str, reference: Run, flood: Flood) -> list[Wait]:
    """Play a workload in the flood, hold the oracles, and return how long the operator waited when turned away."""
    stage.patience = PATIENCE
    with stage.operator() as replica:
        stage.prepare(WORKLOADS[name])
        began = time.monotonic()
        with flood.rises():
            WORKLOADS[name].change(stage.world)
            eventually(lambda: time.monotonic() > began + SECONDS, within=SECONDS + 1)
        stage.figures["requests a second in the flood"] = oracles.rate(stage.asked(began), SECONDS)
        run = stage.converges(replica, reference, began)
        stage.figures["Leases lost, since no renewal got through"] = len(replica.said("no longer the holder"))
        stage.holds(replica, run, reference)
    return waits(stage.asked(began))


def waits(asked: Sequence[Asked]) -> list[Wait]:
    """Return how long was waited after each refusal of a call; watches and Leases have a rhythm of their own."""
    found: list[Wait] = []
    refused: dict[str, Asked] = {}
    restarts = _restarts(asked)
    calls = [one for one in asked if one.verb != "watch" and one.resource != "leases"]
    calls.sort(key=lambda one: one.began)
    for one in calls:
        what = f"{one.verb} {one.object}/{one.subresource}"
        if last := refused.pop(what, None):
            is_anew = any(last.ended < at <= one.began for at in restarts)
            looked = next(later.began for later in calls if later is one or _is_a_look(later, last))
            found.append(Wait(what, one.began - last.ended, looked - last.ended, last.again, is_anew))
        if one.status == 429:
            refused[what] = one
    return found


def _is_a_look(later: Asked, refused: Asked) -> bool:
    """Tell whether a request, once it may come, is for the object that was refused or a child, whose name begins so."""
    is_due = later.began >= refused.ended + EARLIEST * refused.again
    return is_due and bool(refused.name) and later.name.startswith(refused.name)


def _restarts(asked: Sequence[Asked]) -> list[float]:
    """Return when the Lease was taken anew after it could not be renewed."""
    renewals = [one for one in asked if one.resource == "leases" and one.verb != "get" and 200 <= one.status < 300]
    return [after.began for before, after in pairwise(renewals) if after.began - before.began > RENEWED]
