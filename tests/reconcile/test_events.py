"""Events: one object a series, a budget for each object, and no failure reaches a reconcile."""

from __future__ import annotations

import asyncio
import datetime
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from kubectl_prism.kube.client import Client
from kubectl_prism.kube.errors import Forbidden
from kubectl_prism.model.meta import Manifest
from kubectl_prism.reconcile.events import BURST, NORMAL, PAUSE, SERIES, WARNING, Recorder
from tests.reconcile.conftest import Official
from tests.reconcile.fake import Clock, Server, config_map

Write = Callable[[], Any]
NOW = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)


class Room:
    """A recorder before a fake server."""

    def __init__(self) -> None:
        self.server, self.clock = Server(), Clock()
        self.recorder = Recorder(self.server, clock=self.clock, now=lambda: NOW)
        self.about = config_map("s", uid="1", resourceVersion="7")

    def events(self) -> list[Manifest]:
        """Return the Events on the server."""
        return [obj for target, obj in self.server.objects.items() if target.kind == "Event"]


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    """Return a recorder that writes."""
    found = Room()
    writing = asyncio.create_task(found.recorder.run())
    yield found
    writing.cancel()


async def test_an_event_says_what_happened_to_whom(room: Room) -> None:
    """Everything that `kubectl describe` shows is in it."""
    room.recorder.event(room.about, NORMAL, "Ready", "all is well")
    await room.recorder.flush(10)
    (event,) = room.events()
    name = event["metadata"].pop("name")
    assert name.startswith("s.")
    assert {field: value for field, value in event.items() if field not in ("metadata", "data")} == {
        "apiVersion": "v1",
        "kind": "Event",
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": "s",
            "namespace": "default",
            "uid": "1",
            "resourceVersion": "7",
        },
        "type": "Normal",
        "reason": "Ready",
        "message": "all is well",
        "count": 1,
        "firstTimestamp": "2030-01-01T00:00:00Z",
        "lastTimestamp": "2030-01-01T00:00:00Z",
        "source": {"component": "prism-operator"},
        "reportingComponent": "prism-operator",
    }


async def test_repeats_are_counted_and_a_later_series_is_new(room: Room) -> None:
    """Within ten minutes the same is one Event."""
    for _ in range(3):
        room.recorder.event(room.about, WARNING, "Failed", "no")
        await room.recorder.flush(10)
    assert [event["count"] for event in room.events()] == [3]
    room.recorder.event(room.about, WARNING, "Failed", "because of another thing")
    room.clock.now += SERIES
    room.recorder.event(room.about, WARNING, "Failed", "no")
    await room.recorder.flush(10)
    assert [event["count"] for event in room.events()] == [3, 1, 1]


async def test_a_series_that_the_server_forgot_begins_anew(room: Room) -> None:
    """Events expire on the server."""
    room.recorder.event(room.about, NORMAL, "Ready", "yes")
    await room.recorder.flush(10)
    room.server.objects.clear()
    room.recorder.event(room.about, NORMAL, "Ready", "yes")
    await room.recorder.flush(10)
    assert [event["count"] for event in room.events()] == [2]


@pytest.mark.looptime
async def test_events_keep_a_distance_until_the_end(room: Room) -> None:
    """What they tell of needs the API server more; who stops waits for the last of them, and they hurry."""
    for number in range(20):
        room.recorder.event(config_map(f"c-{number}", uid=str(number)), WARNING, "DriftRepaired", "by somebody")
    await asyncio.sleep(PAUSE * 3.5)
    assert len(room.events()) == 4
    began = asyncio.get_running_loop().time()
    await room.recorder.flush(10)
    assert (len(room.events()), asyncio.get_running_loop().time()) == (20, began)


async def test_each_object_has_a_budget(room: Room) -> None:
    """25 at once, one more in five minutes; another object has its own."""
    for number in range(40):
        room.recorder.event(room.about, WARNING, "Changed", f"to {number}")
    room.recorder.event(config_map("other", uid="2"), WARNING, "Changed", "once")
    await room.recorder.flush(10)
    assert len(room.events()) == BURST + 1
    room.clock.now += 300
    for number in range(40, 45):
        room.recorder.event(room.about, WARNING, "Changed", f"to {number}")
    await room.recorder.flush(10)
    assert len(room.events()) == BURST + 2


async def test_good_news_of_many_objects_share_a_budget(room: Room) -> None:
    """When hundreds become Ready at once 25 Events say so, and one more a second; no warning is lost by that."""
    for number in range(40):
        room.recorder.event(config_map("s", uid=str(number)), NORMAL, "Ready", "yes")
        room.recorder.event(config_map("s", uid=str(number)), WARNING, "NotReady", "no")
    room.clock.now += 2
    for number in range(40, 45):
        room.recorder.event(config_map("s", uid=str(number)), NORMAL, "Ready", "yes")
    await room.recorder.flush(10)
    assert Counter(event["type"] for event in room.events()) == {NORMAL: BURST + 2, WARNING: 40}


async def test_an_event_that_cannot_be_written_is_dropped(room: Room) -> None:
    """The next one is written."""
    room.server.fail["create"] = Forbidden(403, "Forbidden", "you may not")
    room.recorder.event(room.about, NORMAL, "Ready", "one")
    room.recorder.event(room.about, NORMAL, "Ready", "two")
    await room.recorder.flush(10)
    assert [event["message"] for event in room.events()] == ["two"]


async def test_nobody_waits_for_a_full_queue() -> None:
    """Without a writer the recorder keeps a thousand and drops the rest."""
    room = Room()
    for number in range(1100):
        room.recorder.event(config_map("s", uid=str(number)), WARNING, "NotReady", "no")
    writing = asyncio.create_task(room.recorder.run())
    await room.recorder.flush(10)
    writing.cancel()
    assert len(room.events()) == 1000


async def test_a_message_is_cut_to_what_the_server_takes(room: Room) -> None:
    """1,024 characters, the last of them says that there was more."""
    room.recorder.event(room.about, NORMAL, "Ready", "x" * 5000)
    await room.recorder.flush(10)
    assert room.events()[0]["message"] == "x" * 1023 + "…"


async def test_a_real_server_takes_them_and_counts(client: Client, official: Official) -> None:
    """The official client finds one Event, twice seen, by its object."""
    about = await client.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "s" * 253, "namespace": official.namespace}}
    )
    recorder = Recorder(client)
    writing = asyncio.create_task(recorder.run())
    for _ in range(2):
        recorder.event(about, WARNING, "Failed", "no " * 1000)
        await recorder.flush(10)
    writing.cancel()
    selector = f"involvedObject.uid={about['metadata']['uid']},reason=Failed,type=Warning"
    (event,) = official.core.list_namespaced_event(official.namespace, field_selector=selector).items
    assert (event.count, event.source.component, len(event.message)) == (2, "prism-operator", 1024)
