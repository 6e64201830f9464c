"""A TLS proxy before a real API server, which does to requests what the plan says and remembers all of them.

It runs in a thread of its own; tests lay rules and read what was asked. It shows the API server's own certificate and
hands the client's credentials on, so both sides see nothing of it.
"""

from __future__ import annotations

import asyncio
import io
import random
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
from aiohttp import web
from yarl import URL

from tests.faults.plan import (
    Action,
    Ask,
    Asked,
    Call,
    Cut,
    Delay,
    Drop,
    Elsewhere,
    Gate,
    Hold,
    Plan,
    Refuse,
    Rule,
    Say,
    Swallow,
    Throttle,
    asked,
)
from tests.faults.thread import STARTS_WITHIN, LoopThread

BODY_LIMIT = 64 << 20
HANDSHAKE = 0.1
"""The seconds that two programs of one machine take at most to shake hands."""

_HOP = {"connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}


class Proxy(LoopThread):
    """One proxy; use it as `with Proxy(server, certificates) as proxy` and send clients to `proxy.address`."""

    def __init__(self, server: str, certificates: Path) -> None:
        super().__init__()
        self.asked: list[Asked] = []
        self.port = 0
        self._server = server
        self._certificates = certificates
        self._plan = Plan()
        self._runner: web.AppRunner
        self._site: web.TCPSite
        self._shown: ssl.SSLContext
        self._session: aiohttp.ClientSession

    @property
    def address(self) -> str:
        """The URL that clients use in place of the API server's."""
        return f"https://127.0.0.1:{self.port}"

    @contextmanager
    def rules(self, *rules: Rule) -> Iterator[None]:
        """Put rules in force, and none in the end; gates that still hold something are opened then."""
        self._plan.lay(*rules)
        try:
            yield
        finally:
            self._plan.lay()
            for rule in rules:
                if isinstance(rule.action, Hold):
                    rule.action.gate.open()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Turn every connection away, as the address of a server that does not run; attempts are remembered."""
        server = asyncio.run_coroutine_threadsafe(self._away(), self.loop).result(STARTS_WITHIN)
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(self._back(server), self.loop).result(STARTS_WITHIN)

    def since(self, began: float, until: float | None = None) -> list[Asked]:
        """Return what was asked since a monotonic second."""
        return [found for found in list(self.asked) if began <= found.began < (until or float("inf"))]

    async def serve(self) -> None:
        """Serve until `stop` is set."""
        trusted = ssl.create_default_context(cafile=str(self._certificates / "ca.crt"))
        shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        shown.load_cert_chain(self._certificates / "admin.crt", self._certificates / "admin.key")
        connector = aiohttp.TCPConnector(limit=0, ssl=trusted)
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as self._session:
            app = web.Application(client_max_size=BODY_LIMIT)
            app.router.add_route("*", "/{path:.*}", self._handle)
            self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
            await self._runner.setup()
            self._site = await self._listening(shown)
            self.port = self._runner.addresses[0][1]
            self.ready.set()
            await self.stop.wait()
            await self._runner.cleanup()

    async def _listening(self, shown: ssl.SSLContext) -> web.TCPSite:
        self._shown = shown
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=shown)
        await site.start()
        return site

    async def _away(self) -> asyncio.Server:
        """Cut all connections, and every new one before a word is said."""
        await self._site.stop()
        self._cut_all()
        await asyncio.sleep(HANDSHAKE)
        self._cut_all()  # who was shaking hands as the site stopped is connected only now
        return await asyncio.start_server(self._turned_away, "127.0.0.1", self.port)

    def _cut_all(self) -> None:
        for connection in self._runner.server.connections if self._runner.server else ():
            if connection.transport is not None:
                connection.transport.abort()

    async def _turned_away(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(asked("CONNECT", "/", {}, b""))
        writer.transport.abort()

    async def _back(self, server: asyncio.Server) -> None:
        server.close()
        await server.wait_closed()
        self._site = await self._listening(self._shown)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        found = asked(request.method, request.path, request.query, body)
        self.asked.append(found)
        action = self._plan.at_request(found)
        if isinstance(action, Hold):
            await _passed(action.gate)
            action = self._plan.at_request(found)  # what is in force by now
        match action:
            case Refuse():
                found.status, found.ended = action.status, time.monotonic()
                return web.Response(
                    status=action.status, text=action.body, content_type=action.content_type, headers=action.headers
                )
            case Delay(shortest, longest):
                await asyncio.sleep(random.uniform(shortest, longest))  # noqa: S311 - keeps no secret
            case Swallow():
                await asyncio.Event().wait()
            case Cut() if found.verb != "watch":
                return _cut(request)
        try:
            if found.verb == "watch":
                return await self._stream(request, found, action)
            # What the server was asked for is finished even where the client is gone, and remembered as it ended.
            calling = asyncio.ensure_future(self._call(request, body, found, action))
            calling.add_done_callback(lambda done: done.cancelled() or done.exception())
            return await asyncio.shield(calling)
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, ConnectionError):
            return _cut(request)
        finally:
            found.ended = time.monotonic()

    def _send(self, request: web.Request, body: bytes, action: Action | None) -> aiohttp.client._RequestContextManager:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        server = action.server if isinstance(action, Elsewhere) else self._server
        url = URL(server + request.raw_path, encoded=True)
        if isinstance(action, Ask | Elsewhere):
            url = url.update_query(action.query)
        return self._session.request(
            request.method, url, data=io.BytesIO(body) if body else None, headers=headers, allow_redirects=False
        )

    async def _call(self, request: web.Request, body: bytes, found: Asked, action: Action | None) -> web.StreamResponse:
        async with self._send(request, body, action) as answer:
            content = await answer.read()
            found.status, found.ended = answer.status, time.monotonic()
            found.again = float(answer.headers.get("Retry-After", 0))
        if isinstance(action, Call) and action.unanswered:
            action.do()
        if isinstance(action, Drop) or (isinstance(action, Call) and action.unanswered):
            return _cut(request)
        response = web.Response(status=answer.status, body=content, headers=_headers(answer))
        if isinstance(action, Throttle):
            await asyncio.sleep(len(content) / action.rate)
        if isinstance(action, Call):
            await response.prepare(request)
            await response.write_eof()
            action.do()
        return response

    async def _stream(self, request: web.Request, found: Asked, action: Action | None) -> web.StreamResponse:
        async with self._send(request, b"", action) as answer:
            found.status = answer.status
            if answer.status >= 400:
                return web.Response(status=answer.status, body=await answer.read(), headers=_headers(answer))
            response = web.StreamResponse(status=answer.status, headers=_headers(answer))
            response.enable_chunked_encoding()
            await response.prepare(request)
            if isinstance(action, Cut):
                return response if action.clean else _cut(request)
            async for line in _lines(answer):
                if not await self._event(request, response, found, line, action):
                    break
            return response

    async def _event(
        self, request: web.Request, response: web.StreamResponse, found: Asked, line: bytes, action: Action | None
    ) -> bool:
        """Hand on one line of a watch; tell whether the stream goes on."""
        is_event = b'"type":"BOOKMARK"' not in line[:40]
        match self._plan.at_event(found, is_event=is_event):
            case Cut(clean=True):
                return False
            case Cut():
                await response.write(line[: len(line) // 2])
                _cut(request)
                return False
            case Say(text):
                await response.write(text.encode() + b"\n")
                return False
            case Hold(gate):
                await _passed(gate)
            case Delay(shortest, longest):
                await asyncio.sleep(random.uniform(shortest, longest))  # noqa: S311 - keeps no secret
            case Swallow():
                await asyncio.Event().wait()
        if isinstance(action, Throttle):
            await asyncio.sleep(len(line) / action.rate)
        await response.write(line)
        found.events += is_event
        return True


async def _passed(gate: Gate) -> None:
    gate.reached.set()
    while not gate.opened.is_set():  # noqa: ASYNC110 - a test opens it from another thread
        await asyncio.sleep(0.01)


async def _lines(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Yield the lines of a stream with their ends, as soon as each is complete."""
    begun = b""
    async for chunk in answer.content.iter_any():
        *complete, begun = (begun + chunk).split(b"\n")
        for line in complete:
            yield line + b"\n"


def _headers(answer: aiohttp.ClientResponse) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}


def _cut(request: web.Request) -> web.StreamResponse:
    """Break the client's connection at once; what is returned goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
