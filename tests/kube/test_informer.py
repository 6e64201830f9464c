"""The informer against a server that misbehaves on purpose: it always ends with what is true in the store."""

from __future__ import annotations

import asyncio
import json
import logging
from itertools import pairwise

import pytest

from kubectl_prism.kube.client import Client
from kubectl_prism.kube.informer import AT_ONCE, Informer
from kubectl_prism.kube.tempo import PROMPT
from kubectl_prism.kube.watch import Lines
from kubectl_prism.store import Change, Store
from tests.kube.conftest import running, until
from tests.kube.fake import (
    FakeServer,
    Reply,
    abort,
    bookmark,
    config_map,
    event,
    page,
    raw,
    status,
    status_body,
    stream,
)
from tests.memory import alive

pytestmark = pytest.mark.usefixtures("impatient")


def data(store: Store) -> dict[str, dict[str, str]]:
    return {obj["metadata"]["name"]: obj["data"] for obj in store.list("ConfigMap")}


def paged(client: Client, store: Store, *, silence: float = 75.0) -> Informer:
    """Return an informer of a server that streams no lists."""
    client.streams_lists = False
    return Informer(client, store, "ConfigMap", silence=silence)


async def test_a_streamed_list_is_in_the_store_when_its_bookmark_comes(client: Client, server: FakeServer) -> None:
    """With a server that streams lists, one request lists and watches."""
    store = Store()
    informer = Informer(client, store, "ConfigMap")
    server.play(
        stream(
            event("ADDED", config_map("a", "1", x="1")),
            event("ADDED", config_map("b", "2")),
            bookmark("5", ends_list=True),
            event("MODIFIED", config_map("a", "6", x="2")),
            event("DELETED", config_map("b", "7")),
            end="hold",
        )
    )
    async with running(informer):
        await until(lambda: data(store) == {"a": {"x": "2"}})
        await until(informer.synced.is_set)
    [request] = server.seen
    assert request.query["sendInitialEvents"] == "true"
    assert request.query["resourceVersionMatch"] == "NotOlderThan"
    assert 300 <= int(request.query["timeoutSeconds"]) <= 600


async def test_a_streamed_list_lives_no_longer_than_what_it_brought(client: Client, server: FakeServer) -> None:
    """Its watch goes on for minutes: an object that was listed and then changed is in memory once."""
    store = Store()
    old, new = (
        event(kind, config_map("a", version, kept=kind)) for kind, version in (("ADDED", "1"), ("MODIFIED", "6"))
    )
    server.play(stream(old, bookmark("5", ends_list=True), new, end="hold"))
    async with running(Informer(client, store, "ConfigMap")):
        await until(lambda: data(store) == {"a": {"kept": "MODIFIED"}})
        assert (alive(kept="ADDED"), alive(kept="MODIFIED")) == (0, 1)


async def test_changes_that_follow_each_other_closely_are_read_together(
    client: Client, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty that come one by one within a moment are read in a few goes, and of each go the newest is heard of."""
    store, heard, reads = Store(), list[Change](), list[int]()
    store.subscribe(heard.append)
    feed = Lines.feed

    def fed(lines: Lines, chunk: bytes) -> list[bytes]:
        reads.append(len(chunk))
        return feed(lines, chunk)

    monkeypatch.setattr(Lines, "feed", fed)
    changes = [event("MODIFIED", config_map("a", str(version), n=str(version))) for version in range(2, 22)]
    listed = [event("ADDED", config_map("a", "1")), bookmark("1", ends_list=True)]
    server.play(stream(*listed, *changes, end="hold", every=PROMPT / 10))
    async with running(Informer(client, store, "ConfigMap")):
        await until(lambda: data(store) == {"a": {"n": "21"}})
    assert len(heard) <= len(reads) <= len(changes) / 2


async def test_a_great_batch_leaves_the_event_loop_its_turns(client: Client, server: FakeServer) -> None:
    """Whatever came at once, others go on between its parts."""
    store, turns = Store(), list[int]()
    heard: list[Change] = []
    store.subscribe(heard.append)
    changes = b"".join(event("ADDED", config_map(f"a-{number}", str(number + 2))) for number in range(4 * AT_ONCE))

    async def others() -> None:
        while len(heard) < 4 * AT_ONCE:
            turns.append(len(heard))
            await asyncio.sleep(0)

    server.play(stream(bookmark("1", ends_list=True), changes, end="hold"))
    async with running(Informer(client, store, "ConfigMap")):
        await asyncio.wait_for(others(), 10)
    assert max(after - before for before, after in pairwise([*turns, len(heard)])) <= AT_ONCE


async def test_nothing_of_a_streamed_list_shows_before_its_end(client: Client, server: FakeServer) -> None:
    """Half a list is no list: a stream that breaks on the way is begun anew, and readers saw nothing of it."""
    store = Store()
    changes: list[Change] = []
    store.subscribe(changes.append)
    informer = Informer(client, store, "ConfigMap")
    server.play(
        stream(event("ADDED", config_map("ghost", "1")), end="cut"),
        stream(event("ADDED", config_map("a", "2")), bookmark("3", ends_list=True), end="hold"),
    )
    async with running(informer):
        await until(informer.synced.is_set)
    assert [change.new and change.new["metadata"]["name"] for change in changes] == ["a"]


async def test_informers_that_learn_together_that_no_list_is_streamed_list_at_once(
    client: Client, server: FakeServer
) -> None:
    """The second one to be refused counts that as no failure: it does not wait before it lists."""
    refused, listed = status(422, "Invalid"), page(config_map("a", "1"), version="1")
    stores = Store(), Store()
    informers = [Informer(client, store, "ConfigMap") for store in stores]
    server.play(refused, refused, listed, listed)
    async with running(*informers):
        await until(lambda: len(server.seen) == 6)
    assert [data(store) for store in stores] == [{"a": {}}] * 2
    assert [informer._refusals.failures for informer in informers] == [0, 0]


@pytest.mark.parametrize("code", [400, 422])
async def test_a_server_that_streams_no_lists_is_read_in_pages(client: Client, server: FakeServer, code: int) -> None:
    """A refusal is answered by pages of 500, by this informer and by all that share the client."""
    store = Store()
    informer = Informer(client, store, "ConfigMap")
    server.play(
        status(
            code, "Invalid", "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
        ),
        page(config_map("a", "1"), version="9", token="more"),
        page(config_map("b", "2"), version="9"),
    )
    async with running(informer):
        await until(lambda: len(server.seen) == 4)
    assert sorted(data(store)) == ["a", "b"]
    assert client.streams_lists is False
    assert [request.query.get("limit") for request in server.seen] == [None, "500", "500", None]
    assert server.seen[2].query["continue"] == "more"
    assert server.seen[3].query["resourceVersion"] == "9"


async def test_a_server_that_never_ends_a_streamed_list_is_read_in_pages(client: Client, server: FakeServer) -> None:
    """API servers before 1.27 ignore the question and send events for ever, without the bookmark."""
    store = Store()
    informer = Informer(client, store, "ConfigMap", silence=0.1)
    server.play(stream(event("ADDED", config_map("a", "1")), end="hold"), page(config_map("a", "1"), version="2"))
    async with running(informer):
        await until(informer.synced.is_set)
    assert client.streams_lists is False


async def test_a_watch_resumes_where_it_was(client: Client, server: FakeServer) -> None:
    """After a proper end, the next watch begins at the last version seen, be it an event's or a bookmark's."""
    store = Store()
    server.play(
        page(version="1"),
        stream(event("ADDED", config_map("a", "4"))),
        stream(bookmark("8")),
    )
    async with running(paged(client, store)):
        await until(lambda: len(server.seen) == 4)
    assert [request.query.get("resourceVersion") for request in server.seen] == [None, "1", "4", "8"]


async def test_a_line_cut_in_the_middle_is_asked_for_again(client: Client, server: FakeServer) -> None:
    """A connection that breaks inside an event, even inside a character, loses nothing and invents nothing."""
    store = Store()
    whole = event("ADDED", config_map("a", "2", x="ü€")).replace(b"\\u00fc", "ü".encode())
    server.play(
        page(version="1"),
        stream(event("ADDED", config_map("b", "2")), whole[:-12], end="cut"),
        stream(*[whole[index : index + 1] for index in range(len(whole))], end="hold"),
    )
    informer = paged(client, store)
    async with running(informer):
        await until(lambda: data(store) == {"b": {}, "a": {"x": "ü€"}})
    assert server.seen[2].query["resourceVersion"] == "2"
    assert informer.faults == 0


GONE_EVENT = stream(event("ERROR", status_body(410, "Expired", "too old resource version")))


@pytest.mark.parametrize("gone", [status(410, "Expired", "too old"), GONE_EVENT], ids=["answer", "event"])
async def test_an_expired_version_means_one_new_list(client: Client, server: FakeServer, gone: Reply) -> None:
    """Both forms of 410 lead to one list no older than what we knew, and the deletions missed meanwhile show."""
    store = Store()
    server.play(
        page(config_map("a", "1"), config_map("b", "1"), version="5"),
        gone,
        page(config_map("b", "1"), version="9"),
    )
    async with running(paged(client, store)):
        await until(lambda: len(server.seen) == 4)
    assert list(data(store)) == ["b"]
    assert server.seen[2].query["resourceVersion"] == "5"
    assert server.seen[2].query["resourceVersionMatch"] == "NotOlderThan"
    assert server.seen[3].query["resourceVersion"] == "9"


async def test_a_list_that_is_gone_as_well_is_asked_for_without_version(client: Client, server: FakeServer) -> None:
    """When the server lost even the version we named, whatever it has is right."""
    store = Store()
    server.play(
        page(version="5"), status(410, "Expired"), status(410, "Expired"), page(config_map("a", "7"), version="7")
    )
    async with running(paged(client, store)):
        await until(lambda: list(data(store)) == ["a"])
    assert "resourceVersion" not in server.seen[3].query


async def test_a_version_from_the_future_is_forgotten(client: Client, server: FakeServer) -> None:
    """A server restored from a backup is behind us: 504, and then a list without a version."""
    store = Store()
    message = "Too large resource version: 5000, current: 7"
    server.play(
        page(config_map("a", "4"), version="5000"),
        status(410, "Expired"),
        status(504, "Timeout", message, details={"retryAfterSeconds": 1}),
        page(config_map("b", "7"), version="7"),
    )
    async with running(paged(client, store)):
        await until(lambda: list(data(store)) == ["b"])
    assert "resourceVersion" not in server.seen[3].query


async def test_an_expired_page_token_means_a_list_in_one_piece(client: Client, server: FakeServer) -> None:
    """A list that took longer than its token lives is read without pages."""
    store = Store()
    server.play(
        page(config_map("a", "1"), version="5", token="old"),
        status(410, "Expired"),
        page(config_map("b", "6"), version="6"),
    )
    async with running(paged(client, store)):
        await until(lambda: list(data(store)) == ["b"])
    assert server.seen[2].query["limit"] == "0"


async def test_a_silent_watch_is_cut_and_resumed(client: Client, server: FakeServer) -> None:
    """A half-open connection is found by its silence, and the first remedy is cheap: no new list."""
    store = Store()
    server.play(page(version="1"), stream(end="hold"), stream(event("ADDED", config_map("a", "2")), end="hold"))
    async with running(paged(client, store, silence=0.2)):
        await until(lambda: list(data(store)) == ["a"])
    assert [request.query.get("resourceVersion") for request in server.seen[:3]] == [None, "1", "1"]


async def test_a_watch_that_stays_silent_leads_to_a_new_list(client: Client, server: FakeServer) -> None:
    """A watch from a version that the server never reaches is silent for ever; the second silence ends that."""
    store = Store()
    server.play(page(version="1"), stream(end="hold"), stream(end="hold"), page(config_map("a", "2"), version="2"))
    async with running(paged(client, store, silence=0.2)):
        await until(lambda: list(data(store)) == ["a"])
    assert server.seen[3].query["limit"] == "500"


async def test_what_no_watch_reported_is_found_by_listing_again(
    client: Client, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From time to time the end of a watch leads to a new list, no older than what is known; what it shows is news."""
    store = Store()
    server.play(page(config_map("a", "1", x="1"), version="5"), stream(bookmark("7"), end="eof"))
    server.play(page(config_map("a", "6", x="2"), version="9"), stream(end="hold"))
    async with running(paged(client, store)):
        await until(lambda: len(server.seen) == 2)
        monkeypatch.setattr("kubectl_prism.kube.informer.LIST_AGAIN", 0.0)
        await until(lambda: data(store) == {"a": {"x": "2"}})
    assert server.seen[2].query["resourceVersion"] == "7"
    assert server.seen[2].query["resourceVersionMatch"] == "NotOlderThan"


async def test_one_odd_object_in_a_list_costs_only_itself(
    client: Client, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Wrong types, bad UTF-8, no name and hostile nesting are counted, logged once and skipped."""
    store = Store()
    deep = b'{"metadata":{"name":"deep"},"data":' + b"[" * 5000 + b"]" * 5000 + b"}"
    items = [
        json.dumps(config_map("a", "1")).encode(),
        b'{"metadata":{"name":"latin","namespace":"n"},"data":{"x":"\xe9"}}',
        b'{"metadata":7}',
        b'{"metadata":{"name":5}}',
        b'{"data":{}}',
        b"null",
        deep,
        json.dumps(config_map("b", "2", x="y" * 3_000_000)).encode(),
    ]
    body = b'{"metadata":{"resourceVersion":"3"},"items":[' + b",".join(items) + b"]}"
    server.play(raw(body))
    informer = paged(client, store)
    with caplog.at_level(logging.WARNING):
        async with running(informer):
            await until(informer.synced.is_set)
    assert list(data(store)) == ["a", "b"]
    assert informer.faults == 6
    assert "n/latin" in caplog.text
    assert "deep" in caplog.text


async def test_one_odd_object_in_a_watch_costs_only_itself(
    client: Client, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The watch goes on behind it, its deletion is still understood, and the log names it once."""
    store = Store()
    metadata = b'{"name":"a","namespace":"n","resourceVersion":"5"}'
    bad = b'{"type":"MODIFIED","object":{"metadata":' + metadata + b',"data":{"x":"\xff"}}}\n'
    server.play(
        page(config_map("a", "1"), version="1"),
        stream(bad, b"nonsense\n", event("ADDED", config_map("b", "6"))),
        stream(bad, bad.replace(b"MODIFIED", b"DELETED"), end="hold"),
    )
    informer = paged(client, store)
    with caplog.at_level(logging.WARNING):
        async with running(informer):
            await until(lambda: informer.faults == 3)
            await until(lambda: list(data(store)) == ["b"])
    assert server.seen[2].query["resourceVersion"] == "6"
    assert caplog.text.count("n/a") == 1


async def test_a_kind_that_is_not_served_counts_as_empty_until_it_appears(client: Client, server: FakeServer) -> None:
    """No KEDA, no error: the informer waits quietly, and the first object shows once there is a CRD."""
    store = Store()
    informer = Informer(client, store, "ScaledObject")
    missing = status(404, "NotFound", "the server could not find the requested resource")
    server.play(missing)
    async with running(informer):
        await informer.synced.wait()
        assert (informer.is_served, informer.error, store.list("ScaledObject")) == (False, None, ())
        server.play(missing, stream(event("ADDED", config_map("a", "1")), bookmark("1", ends_list=True), end="hold"))
        await until(lambda: informer.is_served and store.list("ScaledObject"))
    [found] = store.list("ScaledObject")
    assert (found["apiVersion"], found["kind"]) == ("keda.sh/v1alpha1", "ScaledObject")


async def test_a_kind_that_goes_away_takes_its_objects_along(client: Client, server: FakeServer) -> None:
    """A deleted CRD leaves no ghosts in the store."""
    store = Store()
    informer = paged(client, store)
    server.play(page(config_map("a", "1"), version="1"), status(404, "NotFound"))
    async with running(informer):
        await until(lambda: informer.synced.is_set() and not informer.is_served)
    assert store.list("ConfigMap") == ()


@pytest.mark.parametrize(("code", "reason"), [(401, "Unauthorized"), (403, "Forbidden")])
async def test_a_refusal_shows_and_heals(client: Client, server: FakeServer, code: int, reason: str) -> None:
    """Missing rights are the informer's state, in the server's words; granted rights clear it."""
    store = Store()
    informer = Informer(client, store, "ConfigMap")
    server.play(status(code, reason, "not for you"))
    async with running(informer):
        await until(lambda: informer.error == "not for you")
        assert not informer.synced.is_set()
        server.play(stream(bookmark("1", ends_list=True), end="hold"))
        await until(informer.synced.is_set)
    assert informer.error is None


async def test_a_server_that_ends_every_watch_at_once_is_not_hammered(client: Client, server: FakeServer) -> None:
    """A watch that brings nothing and lives for less than a second counts as a failure, with growing pauses."""
    store = Store()
    informer = paged(client, store)
    server.play(page(version="1"), *[stream() for _ in range(5)])
    async with running(informer):
        await until(lambda: informer.error is not None)
        assert informer.error is not None
        assert "ends every watch at once" in informer.error
        await until(lambda: informer.error is None)
    assert len(server.seen) == 7


async def test_an_internal_error_in_a_watch_is_retried_from_the_same_place(client: Client, server: FakeServer) -> None:
    """An ERROR event other than 410 loses neither the position nor the objects."""
    store = Store()
    server.play(
        page(config_map("a", "1"), version="1"),
        stream(event("ERROR", status_body(500, "InternalError", "etcdserver: leader changed"))),
        stream(event("ADDED", config_map("b", "2")), end="hold"),
    )
    async with running(paged(client, store)):
        await until(lambda: sorted(data(store)) == ["a", "b"])
    assert server.seen[2].query["resourceVersion"] == "1"


async def test_labels_narrow_lists_and_watches(client: Client, server: FakeServer) -> None:
    """Both the list and the watch carry the selector, and the path its namespace."""
    client.streams_lists = False
    informer = Informer(client, Store(), "ConfigMap", namespace="n", labels="a=b")
    server.play(page(version="1"))
    async with running(informer):
        await until(lambda: len(server.seen) == 2)
    assert {request.path for request in server.seen} == {"/api/v1/namespaces/n/configmaps"}
    assert {request.query["labelSelector"] for request in server.seen} == {"a=b"}


async def test_a_dead_server_is_asked_seldom(
    client: Client, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While nothing answers, tries get rarer, up to one in four to eight seconds, and the store keeps what it had."""
    store = Store()
    informer = paged(client, store)
    pauses: list[float] = []
    monkeypatch.setattr("kubectl_prism.kube.backoff.FIRST", 0.8)
    grow = informer._backoff.failed

    def failed(*, cap: float) -> float:
        pauses.append(grow(cap=cap))
        return 0.0

    monkeypatch.setattr(informer._backoff, "failed", failed)
    server.play(page(config_map("a", "1"), version="1"), *[abort()] * 40)
    async with running(informer):
        await until(lambda: len(pauses) >= 8)
        server.script[:] = [stream(bookmark("2"), end="hold")]
        await until(lambda: informer.error is None)
    assert list(data(store)) == ["a"]
    assert 0.8 <= pauses[0] <= 1.6
    assert all(4 <= pause <= 8 for pause in pauses[3:])
