"""The client against a server that misbehaves on purpose: what is tried again, what is not, and what is counted."""

from __future__ import annotations

import asyncio
import json
import time
import warnings
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from aiohttp import web

from kubectl_prism.errors import PrismError
from kubectl_prism.kube import client as client_module
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.config import Cluster, Connection, load
from kubectl_prism.kube.errors import ApiError, Conflict, NotFound, TooManyRequests, Unreachable
from kubectl_prism.kube.transport import SEND_BY
from kubectl_prism.model.meta import Manifest
from tests.kube.conftest import until
from tests.kube.fake import FakeServer, abort, answer, config_map, page, raw, status, stream

MANIFEST: Manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "n"}}
BUSY = b"Too many requests, please try again later.\n"

Call = Callable[[Client], Awaitable[object]]


async def get(client: Client) -> object:
    return await client.get("ConfigMap", "n", "a")


async def apply(client: Client) -> object:
    return await client.apply(MANIFEST)


async def create(client: Client) -> object:
    return await client.create(MANIFEST)


async def patch(client: Client) -> object:
    return await client.patch("ConfigMap", "n", "a", [{"op": "remove", "path": "/data"}])


async def update(client: Client) -> object:
    return await client.update({**MANIFEST, "metadata": {**MANIFEST["metadata"], "resourceVersion": "1"}})


async def delete(client: Client) -> object:
    await client.delete("ConfigMap", "n", "a")
    return None


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note the pauses between tries instead of waiting them out."""
    pauses: list[float] = []
    decide = client_module._pause

    def pause(error: ApiError | Unreachable, attempt: int, *, is_safe: bool) -> float | None:
        wanted = decide(error, attempt, is_safe=is_safe)
        if wanted is not None:
            pauses.append(wanted)
        return None if wanted is None else 0.0

    monkeypatch.setattr(client_module, "_pause", pause)
    return pauses


async def test_an_apply_is_a_patch_in_the_managers_name(client: Client, server: FakeServer) -> None:
    """Method, path, query, content type and body are what server-side apply asks for."""
    server.play(answer(MANIFEST), answer(MANIFEST))
    await client.apply(MANIFEST)
    await client.apply(MANIFEST, manager="someone", subresource="status", force=False, dry_run=True)
    first, second = server.seen
    assert (first.method, first.path) == ("PATCH", "/api/v1/namespaces/n/configmaps/a")
    assert first.query == {"fieldManager": "prism-operator", "force": "true"}
    assert first.headers["Content-Type"] == "application/apply-patch+yaml"
    assert json.loads(first.body) == MANIFEST
    assert second.path == "/api/v1/namespaces/n/configmaps/a/status"
    assert second.query == {"fieldManager": "someone", "force": "false", "dryRun": "All"}


async def test_every_request_says_who_and_how(client: Client, server: FakeServer) -> None:
    """The login, the name of this program, and no compression."""
    server.play(answer({"gitVersion": "v1"}))
    await client.version()
    headers = server.seen[0].headers
    assert headers["Authorization"] == "Bearer secret-token"
    assert headers["Accept-Encoding"] == "identity"
    assert headers["User-Agent"].startswith("kubectl-prism/")


async def test_a_delete_can_insist_on_a_uid(client: Client, server: FakeServer) -> None:
    """The precondition and the propagation travel in the body."""
    server.play(answer({}), status(409, "Conflict", "the UID in the precondition does not match"))
    await client.delete("ConfigMap", "n", "a", uid="u")
    options = json.loads(server.seen[0].body)
    assert (options["preconditions"], options["propagationPolicy"]) == ({"uid": "u"}, "Background")
    with pytest.raises(Conflict):
        await client.delete("ConfigMap", "n", "a", uid="u")


@pytest.mark.parametrize("call", [get, apply, create, patch, delete])
async def test_a_request_that_was_turned_away_comes_again(
    client: Client, server: FakeServer, hurried: list[float], call: Call
) -> None:
    """429 in plain text means not begun, so any verb is tried again, after as long as the server asked."""
    server.play(raw(BUSY, status=429, headers={"Retry-After": "2"}), answer(MANIFEST))
    await call(client)
    [pause] = hurried
    assert 2.0 <= pause <= 2.2


async def test_a_server_that_stays_busy_is_reported(client: Client, server: FakeServer) -> None:
    """After five tries the person hears it, in the server's words."""
    server.play(*[raw(BUSY, status=429, headers={"Retry-After": "1"})] * 9)
    with pytest.raises(TooManyRequests, match=r"^Too many requests, please try again later\.$"):
        await client.get("ConfigMap", "n", "a")
    assert len(server.seen) == 5


async def test_a_wait_that_is_longer_than_the_write_may_last_is_not_begun(
    client: Client, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller hears at once how long to wait, instead of being cut off while it waits."""
    monkeypatch.undo()
    server.play(raw(BUSY, status=429, headers={"Retry-After": "8"}))
    token = SEND_BY.set(time.monotonic() + 5.0)
    with pytest.raises(TooManyRequests) as raised:
        await client.delete("ConfigMap", "n", "a")
    SEND_BY.reset(token)
    assert raised.value.retry_after == 8.0


async def test_a_lease_is_not_kept_back_as_long_as_a_busy_server_asks(client: Client, server: FakeServer) -> None:
    """Who renews a Lease that was turned away tries again in its own time: it could be lost before the server's."""
    server.play(raw(BUSY, status=429, headers={"Retry-After": "8"}))
    with pytest.raises(TooManyRequests):
        await client.update({"kind": "Lease", "metadata": {"namespace": "n", "name": "a"}})
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("call", "tries"),
    [(get, 2), (apply, 2), (update, 2), (create, 1), (patch, 1), (delete, 1)],
    ids=["get", "apply", "update", "create", "patch", "delete"],
)
@pytest.mark.parametrize("code", [502, 503, 504])
async def test_only_what_does_no_harm_is_repeated_after_a_failure(
    client: Client, server: FakeServer, call: Call, tries: int, code: int
) -> None:
    """Behind a 5xx it may have been done: a second get, apply or update changes nothing, a second create might."""
    server.play(status(code, "ServiceUnavailable"), answer(MANIFEST))
    if tries == 2:
        await call(client)
    else:
        with pytest.raises(ApiError):
            await call(client)
    assert len(server.seen) == tries


@pytest.mark.parametrize("code", [400, 403, 404, 409, 422, 500])
async def test_a_clear_no_is_final(client: Client, server: FakeServer, code: int) -> None:
    """What the server refuses once, it would refuse again."""
    server.play(status(code, "X", "no"), answer(MANIFEST))
    with pytest.raises(ApiError, match=r"^no$"):
        await client.apply(MANIFEST)
    assert len(server.seen) == 1


async def test_a_cut_connection_is_tried_once_more_where_that_is_safe(client: Client, server: FakeServer) -> None:
    """An idle connection that a load balancer dropped must not fail an apply; a create must say so."""
    server.play(abort(), answer(MANIFEST))
    await client.apply(MANIFEST)
    server.play(abort(), answer(MANIFEST))
    with pytest.raises(Unreachable, match="the connection was cut"):
        await client.create(MANIFEST)


async def test_a_server_that_hangs_is_left_after_the_deadline(server: FakeServer, tmp_path: Path) -> None:
    """--request-timeout bounds a call, tries included."""
    hasty = load(Connection(server=server.url, request_timeout=0.2), {"HOME": str(tmp_path)})
    async with Client(hasty) as client:
        with pytest.raises(Unreachable, match="no answer within"):
            await client.create(MANIFEST)


async def test_at_most_sixteen_writes_are_on_their_way(client: Client, server: FakeServer) -> None:
    """More would only wait inside the server; reads are not held up by them."""
    gate, inside, most = asyncio.Event(), 0, 0

    async def slow(request: web.Request) -> web.StreamResponse:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await gate.wait()
        inside -= 1
        return web.json_response(MANIFEST)

    server.play(*[slow] * 16, answer(MANIFEST), *[slow] * 24)
    writes = [asyncio.create_task(client.apply(MANIFEST)) for _ in range(40)]
    await until(lambda: inside == 16)
    await client.get("ConfigMap", "n", "a")
    gate.set()
    await asyncio.gather(*writes)
    assert most == 16


async def test_a_list_is_read_in_pages_and_completed(client: Client, server: FakeServer) -> None:
    """All pages come back as one list, with the apiVersion and kind that builtin lists leave out."""
    server.play(page(config_map("a", "1"), version="3", token="next"), page(config_map("b", "2"), version="3"))
    found = await client.list("ConfigMap", "n", labels="x=y", fields="metadata.name=a")
    assert [(obj["apiVersion"], obj["kind"], obj["metadata"]["name"]) for obj in found] == [
        ("v1", "ConfigMap", "a"),
        ("v1", "ConfigMap", "b"),
    ]
    assert server.seen[1].query == {
        "limit": "500",
        "continue": "next",
        "labelSelector": "x=y",
        "fieldSelector": "metadata.name=a",
    }


async def test_a_list_whose_token_expired_starts_anew(client: Client, server: FakeServer) -> None:
    """Nobody sees half a list, and nothing twice."""
    server.play(
        page(config_map("a", "1"), version="3", token="next"),
        status(410, "Expired"),
        page(config_map("a", "1"), config_map("b", "2"), version="4"),
    )
    assert [obj["metadata"]["name"] for obj in await client.list("ConfigMap")] == ["a", "b"]


async def test_kinds_that_are_served_are_told_from_those_that_are_not(client: Client, server: FakeServer) -> None:
    """A missing group and a group without the kind both mean no."""
    kinds = {"resources": [{"name": "deployments"}, {"name": "deployments/scale"}]}
    server.play(answer(kinds), answer(kinds), status(404, "NotFound"))
    assert await client.has("Deployment")
    assert not await client.has("ReplicaSet")
    assert not await client.has("ScaledObject")
    assert [request.path for request in server.seen] == ["/apis/apps/v1", "/apis/apps/v1", "/apis/keda.sh/v1alpha1"]


async def test_each_warning_is_passed_on_once(target: Cluster, server: FakeServer) -> None:
    """The server's Warning headers reach the person, each text one time."""
    headers = {"Warning": '299 - "unknown field \\"spec.x\\"", 299 - "v1 is deprecated"'}
    server.play(*[answer(MANIFEST, headers=headers)] * 2)
    heard: list[str] = []
    async with Client(target, on_warning=heard.append) as client:
        await client.apply(MANIFEST)
        await client.apply(MANIFEST)
    assert heard == ['unknown field "spec.x"', "v1 is deprecated"]


async def test_every_try_is_counted(target: Cluster, server: FakeServer) -> None:
    """Whoever measures hears verb, kind and status of each try, 0 where there was no answer."""
    server.play(raw(BUSY, status=429), answer(MANIFEST), status(404, "NotFound"), abort(), stream())
    heard: list[tuple[str, str, int]] = []

    def count(verb: str, kind: str, code: int, seconds: float) -> None:
        assert seconds >= 0
        heard.append((verb, kind, code))

    async with Client(target, on_request=count) as client:
        await client.apply(MANIFEST)
        with pytest.raises(NotFound):
            await client.get("Pod", "n", "p")
        with pytest.raises(Unreachable):
            await client.create(MANIFEST)
        async with client.watch("Pod", None, {}, silence=lambda: 5.0):
            pass
    assert heard == [
        ("apply", "ConfigMap", 429),
        ("apply", "ConfigMap", 200),
        ("get", "Pod", 404),
        ("create", "ConfigMap", 0),
        ("watch", "Pod", 200),
    ]


@pytest.mark.parametrize(("call", "tries"), [(get, 2), (update, 2), (delete, 1), (create, 1)])
async def test_nothing_is_repeated_behind_our_back(target: Cluster, server: FakeServer, call: Call, tries: int) -> None:
    """The HTTP library sends nothing twice: what is heard of is what was sent, on a used connection as on a new one."""
    server.play(answer(MANIFEST), abort(), *[answer(MANIFEST)] * (tries - 1))
    heard: list[int] = []
    async with Client(target, on_request=lambda verb, kind, code, seconds: heard.append(code)) as client:
        await client.get("ConfigMap", "n", "a")
        with nullcontext() if tries == 2 else pytest.raises(Unreachable, match="the connection was cut"):
            await call(client)
    assert heard == [200, 0, 200][: 1 + tries]
    assert len(server.seen) == 1 + tries


async def test_a_watch_is_not_repeated_behind_our_back(client: Client, server: FakeServer) -> None:
    """Whoever watches hears of every connection that was cut."""
    server.play(abort(), stream())
    with pytest.raises(Unreachable, match="the connection was cut"):
        async with client.watch("Pod", None, {}, silence=lambda: 5.0):
            pass
    assert len(server.seen) == 1


async def test_a_large_body_holds_nobody_up(client: Client, server: FakeServer) -> None:
    """What is larger than a megabyte arrives whole, a second time as well, and nothing warns."""
    large = {**MANIFEST, "data": {"text": "x" * (1 << 20)}}
    server.play(answer(MANIFEST), raw(BUSY, status=429), answer(MANIFEST))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await client.apply(large)
        await client.create(large)
    assert [json.loads(request.body) == large for request in server.seen] == [True] * 3


async def test_what_is_too_late_is_not_sent(client: Client, server: FakeServer) -> None:
    """A process that stood still on the way to sending a write does not send it afterwards."""
    server.play(*[answer(MANIFEST)] * 9)
    token = SEND_BY.set(time.monotonic() + 60)
    await client.create(MANIFEST)
    SEND_BY.set(time.monotonic() - 0.001)
    with pytest.raises(Unreachable):
        await client.create(MANIFEST)
    SEND_BY.reset(token)
    assert len(server.seen) == 1


async def test_a_page_that_is_no_api_answer_is_an_error_in_words(client: Client, server: FakeServer) -> None:
    """A login page of some proxy is not a list."""
    server.play(raw(b"<html>Welcome to the guest network</html>"))
    with pytest.raises(ApiError, match="not what an API server sends"):
        await client.list("Pod")


async def test_a_server_that_does_not_listen_is_named(tmp_path: Path) -> None:
    """Host, port and cause in words, at once, for calls and for watches."""
    async with Client(load(Connection(server="http://127.0.0.1:9"), {"HOME": str(tmp_path)})) as client:
        with pytest.raises(Unreachable) as caught:
            await client.version()
        with pytest.raises(Unreachable):
            async with client.watch("Pod", None, {}, silence=lambda: 5.0):
                pass
    assert caught.value.message == "cannot reach the API server 127.0.0.1:9: connection refused"


async def test_a_name_that_does_not_resolve_is_named(tmp_path: Path) -> None:
    """A slip in the server's name reads so."""
    async with Client(load(Connection(server="https://nowhere.invalid"), {"HOME": str(tmp_path)})) as client:
        with pytest.raises(Unreachable, match=r"API server nowhere\.invalid:443: the name does not resolve"):
            await client.version()


async def test_no_error_repeats_what_we_sent(client: Client, server: FakeServer) -> None:
    """Neither the token nor the body of a request shows in an error."""
    secret = {**MANIFEST, "kind": "Secret", "stringData": {"password": "hunter2"}}
    server.play(status(500, "InternalError", "boom"), abort())
    for _ in range(2):
        with pytest.raises(PrismError) as caught:
            await client.create(secret)
        text = f"{caught.value!r} {caught.value} {caught.value.hint}"
        assert "hunter2" not in text
        assert "secret-token" not in text


async def test_a_server_that_nobody_reaches_is_left_alone_for_a_while(client: Client, server: FakeServer) -> None:
    """After three tries without an answer, calls fail at once and unsent; a Lease is asked for, and ends that."""
    server.play(abort(), abort(), abort(), answer(MANIFEST), answer(MANIFEST))
    for _ in range(3):
        with pytest.raises(Unreachable, match="the connection was cut"):
            await create(client)
    for _ in range(20):
        with pytest.raises(Unreachable, match="it did not answer a moment ago"):
            await create(client)
    assert len(server.seen) == 3
    await client.get("Lease", "n", "a")
    await create(client)
    assert len(server.seen) == 5


async def test_a_server_is_asked_again_after_a_while(client: Client, server: FakeServer) -> None:
    """The rest has an end of its own."""
    server.play(abort(), abort(), abort(), answer(MANIFEST))
    for _ in range(3):
        with pytest.raises(Unreachable):
            await create(client)
    client._rests_until = 0.0
    await create(client)
    assert len(server.seen) == 4
