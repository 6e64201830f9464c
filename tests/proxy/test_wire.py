"""Connections: what protects them, how long a call may take, and what an error means without what must not be told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from kubectl_prism.proxy.endpoint import Endpoint, Security
from kubectl_prism.proxy.errors import Away, ProxyError, Refused, Taken, Unprepared, WrongService
from kubectl_prism.proxy.proto import quota_pb2 as pb
from kubectl_prism.proxy.quotas import GET, WATCH_USAGE
from kubectl_prism.proxy.serving import Handler, Refusal
from kubectl_prism.proxy.wire import Lines
from tests.certificate import self_signed
from tests.proxy.conftest import Serve


def refusing(code: str, message: str) -> Handler:
    async def answer(request: pb.GetRequest) -> pb.Namespace:
        raise Refusal(code, message)

    return Handler(GET, answer)


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        ("UNIMPLEMENTED", WrongService, None),
        ("UNAUTHENTICATED", Refused, "NotPermitted"),
        ("PERMISSION_DENIED", Refused, "NotPermitted"),
        ("ALREADY_EXISTS", Taken, "NamespaceIdTaken"),
        ("FAILED_PRECONDITION", Unprepared, "NotPrepared"),
        ("INVALID_ARGUMENT", Refused, "RefusedByProxy"),
        ("RESOURCE_EXHAUSTED", Refused, "TooLargeForProxy"),
        ("NOT_FOUND", Refused, "NotFound"),
        ("UNAVAILABLE", Away, None),
        ("INTERNAL", Away, None),
        ("UNKNOWN", Away, None),
    ],
)
async def test_a_status_says_what_is_to_be_done(
    serve: Serve, lines: Lines, code: str, kind: type[ProxyError], reason: str | None
) -> None:
    """Each status of gRPC is one of the few errors that ask for something different."""
    there = await serve("Service default/demo-proxy", refusing(code, "because"))
    with pytest.raises(ProxyError) as caught:
        await lines.call(there, GET, pb.GetRequest(id="acme"))
    assert (type(caught.value), getattr(caught.value, "reason", None)) == (kind, reason)
    assert "Service default/demo-proxy" in caught.value.message


async def test_what_must_not_be_told_is_not(serve: Serve, lines: Lines) -> None:
    """A server may repeat a token, an address with a password, or very much: people see none of it."""
    words = "bad token s3cr3t for redis://u:hunter2@redis:6379\n" + "x" * 1000
    there = await serve("proxy", refusing("INTERNAL", words))
    security = Security(token="s3cr3t")
    with pytest.raises(Away) as caught:
        await lines.call(Endpoint(there.address, "proxy", security), GET, pb.GetRequest(id="acme"))
    assert caught.value.message.startswith("proxy failed (INTERNAL): bad token … for … xxx")
    assert len(caught.value.message) < 250
    assert "s3cr3t" not in repr(security)


async def test_nobody_waits_longer_than_the_deadline(serve: Serve, lines: Lines) -> None:
    """A server that says nothing is away."""

    async def silent(request: pb.GetRequest) -> pb.Namespace:
        await asyncio.Event().wait()
        raise AssertionError

    there = await serve("proxy", Handler(GET, silent))
    with pytest.raises(Away, match=r"proxy gave no answer within 0\.1 s"):
        await lines.call(there, GET, pb.GetRequest(id="acme"), deadline=0.1)


async def test_a_connection_that_is_closed_under_a_call_is_no_cancellation(serve: Serve, lines: Lines) -> None:
    """Who calls an endpoint that is given up learns that it is away, goes on, and may call it again."""
    asked = asyncio.Event()

    async def answer(request: pb.GetRequest) -> pb.Namespace:
        if not asked.is_set():
            asked.set()
            await asyncio.Event().wait()
        return pb.Namespace(id=request.id)

    there = await serve("proxy", Handler(GET, answer))
    calling = asyncio.create_task(lines.call(there, GET, pb.GetRequest(id="acme")))
    await asked.wait()
    await lines.drop("proxy")
    with pytest.raises(Away, match=r"^the connection to proxy was closed$"):
        await calling
    assert (await lines.call(there, GET, pb.GetRequest(id="acme"))).id == "acme"


async def test_who_is_to_end_ends(serve: Serve, lines: Lines) -> None:
    """A task that is cancelled while it waits for an answer ends as cancelled."""

    async def silent(request: pb.GetRequest) -> pb.Namespace:
        await asyncio.Event().wait()
        raise AssertionError

    there = await serve("proxy", Handler(GET, silent))
    calling = asyncio.create_task(lines.call(there, GET, pb.GetRequest(id="acme")))
    await asyncio.sleep(0.05)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling


async def test_an_endpoint_that_moved_has_one_connection(serve: Serve, lines: Lines) -> None:
    """What is called the same at another address, or with another token, is asked there, and the old one closed."""

    async def silent(request: pb.GetRequest) -> pb.Namespace:
        await asyncio.Event().wait()
        raise AssertionError

    async def prompt(request: pb.GetRequest) -> pb.Namespace:
        return pb.Namespace(id="here")

    before, after = await serve("proxy", Handler(GET, silent)), await serve("proxy", Handler(GET, prompt))
    calling = asyncio.create_task(lines.call(before, GET, pb.GetRequest()))
    await asyncio.sleep(0.05)
    assert (await lines.call(after, GET, pb.GetRequest())).id == "here"
    with pytest.raises(Away, match=r"^the connection to proxy was closed$"):
        await calling


async def test_a_connection_can_be_had_without_asking(serve: Serve, lines: Lines) -> None:
    """It is known at once whether somebody is there, and nobody is asked anything."""
    await lines.connect(await serve("proxy", refusing("INTERNAL", "nobody should ask")))
    with pytest.raises(Away, match=r"nowhere cannot be reached$"):
        await lines.connect(Endpoint("127.0.0.1:1", "nowhere"))


async def test_a_stream_that_breaks_says_so(serve: Serve, lines: Lines) -> None:
    """What came before the break is told, then the error is raised."""

    async def told(request: pb.WatchUsageRequest) -> AsyncIterator[pb.UsageReport]:
        yield pb.UsageReport(server="first")
        raise Refusal("UNAVAILABLE", "going down")

    there = await serve("proxy", Handler(WATCH_USAGE, told))
    stream = lines.stream(there, WATCH_USAGE, pb.WatchUsageRequest())
    assert (await anext(stream)).server == "first"
    with pytest.raises(Away):
        await anext(stream)


async def test_a_stream_that_is_silent_is_dead(serve: Serve, lines: Lines) -> None:
    """A server that says nothing any more is not waited for for ever."""

    async def told(request: pb.WatchUsageRequest) -> AsyncIterator[pb.UsageReport]:
        yield pb.UsageReport(server="first")
        await asyncio.Event().wait()

    there = await serve("proxy", Handler(WATCH_USAGE, told))
    stream = lines.stream(there, WATCH_USAGE, pb.WatchUsageRequest(), silence=0.2)
    assert (await anext(stream)).server == "first"
    with pytest.raises(Away, match=r"said nothing for 0\.2 s"):
        await anext(stream)


async def test_what_answers_in_another_language_is_away(lines: Lines) -> None:
    """A server that is no gRPC server at all cannot be told from one that is away for now."""

    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(garbage, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(Away):
        await lines.call(Endpoint(f"127.0.0.1:{port}", "stranger"), GET, pb.GetRequest(id="acme"), deadline=2)
    server.close()
    await server.wait_closed()


async def test_an_encrypted_connection_carries_the_token(tmp_path: Path, lines: Lines) -> None:
    """The server's certificate is held against the authority and the name, and the token goes with each call."""
    certificate, key = self_signed(tmp_path, "DNS:demo-proxy.default.svc")
    heard: list[str] = []

    async def answer(request: pb.GetRequest, context: grpc.aio.ServicerContext[pb.GetRequest, pb.Namespace]) -> bytes:
        heard.extend(str(value) for key, value in context.invocation_metadata() or () if key == "authorization")
        return pb.Namespace(id="acme").SerializeToString()

    server = grpc.aio.server()
    method: grpc.RpcMethodHandler[Any, Any] = grpc.unary_unary_rpc_method_handler(answer)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("prism.quota.v1.Quotas", {"Get": method}),))
    credentials = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
    address = f"127.0.0.1:{server.add_secure_port('127.0.0.1:0', credentials)}"
    known = Security(
        tls=True, name="demo-proxy.default.svc", certificates={"ca.crt": certificate.read_bytes()}, token="s3cr3t"
    )
    await server.start()
    try:
        answered = await lines.call(Endpoint(address, "proxy", known), GET, pb.GetRequest(id="acme"))
        assert (answered.id, heard) == ("acme", ["Bearer s3cr3t"])
        for wrong in (replace(known, name="other.default.svc"), replace(known, certificates={}), Security()):
            with pytest.raises(Away):
                await lines.call(Endpoint(address, "proxy", wrong), GET, pb.GetRequest(id="acme"), deadline=2)
    finally:
        await server.stop(None)
    assert heard == ["Bearer s3cr3t"]
