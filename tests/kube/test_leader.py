"""The elector: one leader at a time whatever happens, takeover in time, and a Lease that client-go understands."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import datetime
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from kubectl_prism.kube.errors import AlreadyExists, Conflict, NotFound, Unreachable
from kubectl_prism.kube.leader import Elector, NoLease, NotLeading
from kubectl_prism.model.meta import FIELD_MANAGER, Manifest

pytestmark = pytest.mark.looptime

Timeline = list[tuple[float, str]]


@dataclass
class Server:
    """A Lease on a server that can be slow, deaf or without the namespace; one for all candidates of a test."""

    lease: Manifest | None = None
    has_namespace: bool = True
    version: int = 0
    writes: Timeline = field(default_factory=list)

    def face(self) -> Face:
        """Return how one candidate sees the server."""
        return Face(self)


@dataclass
class Face:
    """The way of one candidate to the server: `delay` seconds long, for an update also back, or cut."""

    server: Server
    delay: float = 0.01
    answer_delay: float = 0.0
    is_cut: bool = False
    requests: int = 0

    async def get(self, kind: str, namespace: str, name: str) -> Manifest:
        await self._travel()
        if self.server.lease is None:
            raise NotFound(404, "NotFound", "no such lease")
        return copy.deepcopy(self.server.lease)

    async def create(self, manifest: Manifest, *, manager: str = FIELD_MANAGER) -> Manifest:
        await self._travel()
        if not self.server.has_namespace:
            raise NotFound(404, "NotFound", "no such namespace")
        if self.server.lease is not None:
            raise AlreadyExists(409, "AlreadyExists", "exists")
        return self._stored(manifest)

    async def update(self, manifest: Manifest, *, manager: str = FIELD_MANAGER) -> Manifest:
        await self._travel()
        if self.server.lease is None:
            raise NotFound(404, "NotFound", "no such lease")
        if manifest["metadata"].get("resourceVersion") != self.server.lease["metadata"]["resourceVersion"]:
            raise Conflict(409, "Conflict", "changed")
        stored = self._stored(manifest)
        await asyncio.sleep(self.answer_delay)
        return stored

    def _stored(self, manifest: Manifest) -> Manifest:
        self.server.version += 1
        stored = copy.deepcopy(manifest)
        stored["metadata"]["resourceVersion"] = str(self.server.version)
        self.server.lease = stored
        self.server.writes.append((now(), stored["spec"]["holderIdentity"]))
        return copy.deepcopy(stored)

    async def _travel(self) -> None:
        self.requests += 1
        if self.is_cut:
            await asyncio.sleep(30)
            raise Unreachable("server", "no answer")
        await asyncio.sleep(self.delay)


def now() -> float:
    return asyncio.get_running_loop().time()


def candidate(face: Face, identity: str, *, steal: bool = False) -> Elector:
    wall = lambda: datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=now())  # noqa: E731
    return Elector(face, identity=identity, namespace="ns", steal=steal, clock=now, now=wall)


async def led_by(elector: Elector) -> None:
    """Wait until `elector` leads."""
    while not elector.leads:  # noqa: ASYNC110 - it signals nothing, and the time here is not real
        await asyncio.sleep(0.02)


@asynccontextmanager
async def running(elector: Elector) -> AsyncIterator[asyncio.Task[str]]:
    async def run() -> str:
        await elector.acquire()
        return await elector.keep()

    task = asyncio.ensure_future(run())
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_the_first_one_leads_at_once_and_goes_on_renewing() -> None:
    """With no Lease there, one is made; it is renewed every two seconds, and its holder and beginning stay."""
    server = Server()
    elector = candidate(server.face(), "a")
    async with running(elector):
        await asyncio.sleep(0.1)
        assert (elector.leads, elector.stands_by) == (True, False)
        began = server.lease and server.lease["spec"]["acquireTime"]
        await asyncio.sleep(60)
        assert elector.leads
        assert len(server.writes) == pytest.approx(30, abs=2)
        assert server.lease is not None
        assert server.lease["spec"]["acquireTime"] == began
        assert server.lease["spec"]["leaseTransitions"] == 0


async def test_the_record_is_the_one_of_client_go() -> None:
    """Times with microseconds, whole seconds, and the five fields that client-go reads."""
    server = Server()
    async with running(candidate(server.face(), "a")):
        await asyncio.sleep(0.1)
    assert server.lease is not None
    spec = server.lease["spec"]
    assert spec.keys() == {"holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime", "leaseTransitions"}
    assert spec["leaseDurationSeconds"] == 15
    assert datetime.datetime.strptime(spec["renewTime"], "%Y-%m-%dT%H:%M:%S.%fZ")


async def test_the_second_one_stands_by_and_knows_who_leads() -> None:
    """It never writes, looks often, and can say who holds the Lease and since when."""
    server = Server()
    first, face = candidate(server.face(), "a"), server.face()
    second = candidate(face, "b")
    async with running(first), running(second):
        await asyncio.sleep(100)
        assert (second.leads, second.stands_by, second.holder.identity) == (False, True, "a")
        assert str(second.holder).startswith("a since 2026-01-01T")
        assert {holder for _, holder in server.writes} == {"a"}
        with pytest.raises(NotLeading):
            second.fence()


async def test_a_leader_that_dies_is_followed_within_17_seconds_and_never_before_its_lease_ends() -> None:
    """A crash leaves the Lease held: the other waits until it saw it unchanged for 15 seconds."""
    server = Server()
    second = candidate(server.face(), "b")
    async with running(candidate(server.face(), "a")) as first, running(second):
        await asyncio.sleep(31)
        first.cancel()
        died, last = now(), server.writes[-1][0]
        await led_by(second)
        assert 13 < now() - died <= 17
        assert now() - last >= 15
        assert server.lease is not None
        assert server.lease["spec"]["leaseTransitions"] == 1


async def test_a_clean_release_is_followed_within_3_seconds() -> None:
    """A released Lease is nobody's, and the other takes it at its next look."""
    server = Server()
    first, second = candidate(server.face(), "a"), candidate(server.face(), "b")
    async with running(first) as task:
        await led_by(first)
        async with running(second):
            await asyncio.sleep(5)
            task.cancel()
            await first.release()
            released = now()
            assert not first.leads
            await led_by(second)
            assert now() - released <= 3


async def test_a_release_is_heard_although_the_last_renewal_was_cancelled_before_its_answer() -> None:
    """What was renewed unseen has another version; it is given back all the same, and nobody waits for its end."""
    server = Server()
    face = server.face()
    first, second = candidate(face, "a"), candidate(server.face(), "b")
    async with running(first) as task:
        await led_by(first)
        async with running(second):
            face.answer_delay = 1.0
            renewed = len(server.writes)
            while len(server.writes) == renewed:  # noqa: ASYNC110 - it signals nothing, and the time here is not real
                await asyncio.sleep(0.02)
            task.cancel()
            await first.release()
            released = now()
            await led_by(second)
            assert now() - released <= 3


async def test_a_release_takes_nothing_from_the_next_one() -> None:
    """A Lease that somebody else has taken meanwhile is left alone."""
    server = Server()
    first = candidate(server.face(), "a")
    async with running(first) as task:
        await led_by(first)
        task.cancel()
        assert server.lease is not None
        server.lease["spec"]["holderIdentity"] = "b"
        server.lease["metadata"]["resourceVersion"] = "99"
        await first.release()
        assert server.lease["spec"]["holderIdentity"] == "b"


async def test_a_leader_that_is_cut_off_stops_before_another_may_lead() -> None:
    """Partitioned, it stops writing after 10 seconds and says so; the other leads only after 15: never two."""
    server = Server()
    face = server.face()
    first, second = candidate(face, "a"), candidate(server.face(), "b")
    leaders: list[tuple[bool, bool]] = []

    async def look() -> None:
        while True:
            leaders.append((first.leads, second.leads))
            await asyncio.sleep(0.1)

    looking = asyncio.ensure_future(look())
    async with running(first) as task, running(second):
        await asyncio.sleep(10)
        face.is_cut = True
        assert await task == "it could not be renewed for 10 s"
        stopped = now()
        await led_by(second)
        assert now() - stopped > 2
        await asyncio.sleep(1)
    looking.cancel()
    assert (True, True) not in leaders
    assert {(True, False), (False, False), (False, True)} <= set(leaders)


async def test_a_process_that_slept_finds_that_it_leads_no_more() -> None:
    """After a pause longer than the Lease nothing may be written, before anybody was asked."""
    first = candidate(Server().face(), "a")
    async with running(first) as task:
        await led_by(first)
        asleep = now() + 30
        first._clock = lambda: max(now(), asleep)
        assert (first.leads, first.is_honest) == (False, False)
        with pytest.raises(NotLeading):
            first.fence()
        assert await task == "it could not be renewed for 10 s"
        assert (first.is_honest, first.leads) == (True, False)


async def test_after_an_outage_the_same_one_leads_at_once_where_nobody_else_took_the_lease() -> None:
    """The record still names it, so it need not wait until its own Lease has run out."""
    face = Server().face()
    elector = candidate(face, "a")
    async with running(elector) as task:
        await led_by(elector)
        face.is_cut = True
        await task
        await asyncio.sleep(60)
        face.is_cut = False
        began = now()
        async with running(elector):
            await led_by(elector)
            assert now() - began < 2


async def test_short_trouble_costs_nothing() -> None:
    """A server that is away for six seconds finds the same leader afterwards."""
    server = Server()
    face = server.face()
    elector = candidate(face, "a")
    async with running(elector):
        await asyncio.sleep(10)
        face.delay = 6
        await asyncio.sleep(7)
        face.delay = 0.01
        await asyncio.sleep(10)
        assert elector.leads
        assert {holder for _, holder in server.writes} == {"a"}


async def test_a_request_to_hand_over_is_heard_and_the_lease_goes_to_who_asked() -> None:
    """The holder learns who asks; once it releases, the one that asked leads, not another that waited longer."""
    server = Server()
    first, waiting = candidate(server.face(), "a"), candidate(server.face(), "b")
    thief = candidate(server.face(), "c", steal=True)
    async with running(first) as task:
        await led_by(first)
        async with running(waiting), running(thief):
            assert await task == "c asked for it"
            assert (first.leads, thief.leads) == (True, False)
            await first.release()
            await led_by(thief)
            assert not waiting.leads
            assert server.lease is not None
            assert server.lease["metadata"]["annotations"] == {}


async def test_a_holder_that_does_not_hear_is_followed_when_its_lease_ends() -> None:
    """Who asks a dead holder waits like everybody else."""
    server = Server()
    async with running(candidate(server.face(), "a")) as first:
        await asyncio.sleep(5)
        first.cancel()
    thief = candidate(server.face(), "c", steal=True)
    async with running(thief):
        began = now()
        await led_by(thief)
        assert 14 < now() - began < 18


async def test_a_lease_that_was_deleted_is_not_taken_before_its_holder_can_know() -> None:
    """Deleted under its holder, the holder makes it anew; the other one waits as if it were still there."""
    server = Server()
    first, second = candidate(server.face(), "a"), candidate(server.face(), "b")
    async with running(first), running(second):
        await asyncio.sleep(10)
        server.lease = None
        await asyncio.sleep(30)
        assert (first.leads, second.leads) == (True, False)
        assert {holder for _, holder in server.writes} == {"a"}


async def test_a_namespace_that_is_missing_is_named() -> None:
    """Without a place for the Lease nobody leads, and the hint says how to make one."""
    elector = candidate(Server(has_namespace=False).face(), "a")
    with pytest.raises(NoLease, match="the namespace ns") as caught:
        await elector.acquire()
    assert caught.value.hint == "`kubectl create namespace ns`"


async def test_an_odd_record_is_taken_over_like_any_other() -> None:
    """A Lease with nonsense in it is no reason to stop: it runs out like one of 15 seconds."""
    spec = {"holderIdentity": "x", "leaseDurationSeconds": "soon", "acquireTime": 7, "leaseTransitions": None}
    server = Server(
        lease={"metadata": {"name": "prism-operator", "namespace": "ns", "resourceVersion": "0"}, "spec": spec}
    )
    elector = candidate(server.face(), "a")
    async with running(elector):
        began = now()
        await led_by(elector)
        assert 14 < now() - began < 18
