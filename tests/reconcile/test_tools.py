"""How often progress is told, how long to wait for what is lacking, and what is told of what cannot be reconciled."""

from __future__ import annotations

from typing import Any, cast

import pytest

from kubectl_prism.kube.client import Client
from kubectl_prism.model import conditions
from kubectl_prism.model.meta import Manifest
from kubectl_prism.reconcile.apply import Applier
from kubectl_prism.reconcile.events import Recorder
from kubectl_prism.reconcile.request import Request
from kubectl_prism.reconcile.tools import (
    ECHO,
    LONGEST_HOLD,
    PROGRESS_INTERVAL,
    TOLD_PER_SECOND,
    Pace,
    Patience,
    Tools,
    sooner,
)
from kubectl_prism.store import Change, Store
from tests.reconcile.fake import Clock, Server
from tests.reconcile.test_rollout import deployment, whole

NOW = "2030-01-01T00:00:00Z"


class Room:
    """Tools before a fake server with one PrismPattern, whose status is `status`."""

    def __init__(self, status: Manifest) -> None:
        self.clock, self.server, self.store = Clock(), Server(), Store()
        metadata = {"name": "p", "namespace": "default", "generation": 3}
        self.obj = self.server.put(
            {"apiVersion": "prism.io/v1alpha1", "kind": "PrismPattern", "metadata": metadata, "status": status}
        )
        self.server.show(self.store)
        recorder = Recorder(self.server, clock=self.clock)
        applier = Applier(self.server, self.store, recorder=recorder, clock=self.clock)
        client = cast("Client", self.server)
        self.tools = Tools(client, self.store, applier, recorder, now=lambda: NOW, inside=False, pace=Pace(self.clock))

    @property
    def status(self) -> Any:  # noqa: ANN401 - JSON
        """The status as the server has it."""
        return next(iter(self.server.objects.values()))["status"]


def ready(*, generation: int = 3) -> Manifest:
    """Return the status of an object that was found Ready at a generation."""
    marks = [*conditions.ready("DeploymentReady"), conditions.true("ScalingActive", "Valid")]
    held = conditions.merge([], marks, generation=generation, now="2029-01-01T00:00:00Z")
    return {"observedGeneration": generation, "conditions": held, "replicas": 1}


def test_a_wait_is_as_long_as_the_lack_has_lasted() -> None:
    """Between a second and a minute; whoever looks more often in between does not make it longer."""
    clock = Clock()
    patience = Patience(clock)
    waits = []
    for _ in range(9):
        waits.append(patience.wait("u"))
        assert patience.wait("u") == waits[-1]
        clock.now += waits[-1]
    assert waits == [1, 1, 2, 4, 8, 16, 32, 60, 60]
    assert patience.wait("other") == 1
    patience.forget("u")
    assert patience.wait("u") == 1


def test_progress_is_told_once_a_second() -> None:
    """The first word is free; each object has a pace of its own."""
    clock = Clock()
    pace = Pace(clock)
    assert pace.pause("u") <= 0
    pace.mark("u")
    assert pace.pause("u") == 1
    assert pace.pause("other") <= 0
    clock.now += 0.75
    assert pace.pause("u") == 0.25


def test_what_passes_within_a_second_is_held_back() -> None:
    """From the first time that it is seen, however often that is; what lasts is told."""
    clock = Clock()
    pace = Pace(clock)
    assert pace.hold("a") == 1
    clock.now += 0.75
    assert (pace.hold("a"), pace.hold("b")) == (0.25, 1)
    clock.now += 0.75
    assert pace.hold("a") == -0.5


def test_where_much_begins_at_once_its_progress_is_told_late() -> None:
    """When all of it could be told; what is told is no longer counted, and a single object never waits."""
    clock = Clock()
    pace = Pace(clock)
    waits = [pace.hold(str(number), longest=LONGEST_HOLD) for number in range(1000)]
    assert (waits[0], waits[TOLD_PER_SECOND - 1], waits[TOLD_PER_SECOND], waits[-1]) == (1, 1, 4, LONGEST_HOLD)
    assert pace.hold("annotated") == 1
    for number in range(1000):
        pace.mark(str(number))
    assert pace.hold("later", longest=LONGEST_HOLD) == 1


def test_what_was_held_back_long_ago_is_forgotten() -> None:
    """Nothing grows with the years that the operator runs."""
    clock = Clock()
    pace = Pace(clock)
    for number in range(1000):
        pace.hold(str(number))
        clock.now += 1
    assert len(pace._held) < 100


@pytest.mark.parametrize(("waits", "shortest"), [((None, 2.0, 1.0), 1.0), ((None, None), None)])
def test_the_shortest_wait_counts(waits: tuple[float | None, ...], shortest: float | None) -> None:
    """What is not waited for counts for nothing."""
    assert sooner(*waits) == shortest


def test_somebodys_annotation_takes_no_readiness_away() -> None:
    """Its generation is one more until its controller looks, which takes a moment; after a second it is no moment."""
    room = Room(ready())
    deployment = whole(1, observed=1) | {"metadata": {"name": "d", "uid": "d", "generation": 2}}
    state = room.tools.judge(room.obj, deployment, ())
    assert (state.is_done, state.again) == (True, 1)
    room.clock.now += 1
    state = room.tools.judge(room.obj, deployment, ())
    assert (state.is_done, state.again) == (False, None)


def test_our_own_new_generation_is_never_ready_too_soon() -> None:
    """An object whose change nobody has judged yet does not hold its breath: what runs may be what was before."""
    room = Room(ready(generation=2))
    deployment = whole(1, observed=1) | {"metadata": {"name": "d", "uid": "d", "generation": 2}}
    assert not room.tools.judge(room.obj, deployment, ()).is_done


async def test_only_progress_and_our_own_doing_may_wait() -> None:
    """The owner has to hear at once that a Deployment is there, and that somebody else changed a child."""
    room = Room(ready())
    child: Manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"}}
    ours = await room.tools.applier.apply(room.obj, child)
    assert room.tools.may_wait(Change("ConfigMap", None, ours)) == ECHO
    theirs = {**ours, "metadata": {**ours["metadata"], "resourceVersion": "999"}}
    assert room.tools.may_wait(Change("ConfigMap", ours, theirs)) == 0
    assert room.tools.may_wait(Change("Deployment", deployment(), deployment(replicas=1))) == PROGRESS_INTERVAL
    assert room.tools.may_wait(Change("Deployment", deployment(), whole())) == 0


async def test_the_first_sight_of_what_we_made_is_no_news_until_it_is_there() -> None:
    """By then its Deployment's controller may have reported, and even be done."""
    room = Room(ready())
    made = {**deployment(), "metadata": {"name": "d", "namespace": "default", "generation": 1}}
    ours = await room.tools.applier.apply(room.obj, {field: made[field] for field in made if field != "status"})
    newer = {**ours, "metadata": {**ours["metadata"], "resourceVersion": "999"}}
    on_its_way = {**newer, "status": deployment(replicas=1)["status"] | {"observedGeneration": 1}}
    assert room.tools.may_wait(Change("Deployment", None, on_its_way)) == PROGRESS_INTERVAL
    done = {**newer, "status": whole()["status"] | {"observedGeneration": 1}}
    assert room.tools.may_wait(Change("Deployment", None, done)) == 0


def test_progress_waits_as_long_as_its_owners_is_held_back() -> None:
    """Where many objects begin at once, what their Deployments do in between wakes nobody."""
    room = Room(ready())
    for number in range(10 * TOLD_PER_SECOND):
        room.tools.pace.hold(f"uid-{number}", longest=LONGEST_HOLD)
    metadata = {"name": "d", "generation": 2, "ownerReferences": [{"uid": "uid-7", "controller": True}]}
    change = Change(
        "Deployment", {**deployment(), "metadata": metadata}, {**deployment(replicas=1), "metadata": metadata}
    )
    assert room.tools.may_wait(change) == LONGEST_HOLD
    room.clock.now += 4
    assert room.tools.may_wait(change) == LONGEST_HOLD - 4
    room.tools.pace.mark("uid-7")
    assert room.tools.may_wait(change) == PROGRESS_INTERVAL


async def test_what_cannot_be_reconciled_is_told_and_nothing_else_is_lost() -> None:
    """Ready turns False; other conditions and fields stay, and telling it again writes nothing."""
    room = Room(ready())
    marks = conditions.reconciling("ReconcileError", "unexpected KeyError")
    for _ in range(3):
        await room.tools.flag(Request.of(room.obj), marks)
    held = {one["type"]: (one["status"], one["reason"]) for one in room.status["conditions"]}
    assert held["Ready"] == ("False", "ReconcileError")
    assert held["ScalingActive"] == ("True", "Valid")
    assert room.status["replicas"] == 1
    assert room.server.took() == ["apply status PrismPattern default/p"]


async def test_nothing_is_told_of_what_is_gone() -> None:
    """Between the failure and the telling the object may have been deleted."""
    room = Room(ready())
    room.store.replace("PrismPattern", [])
    await room.tools.flag(Request.of(room.obj), conditions.reconciling("ReconcileError", ""))
    assert room.server.took() == []
