"""Carries one HTTP request to the API server and its answer back.

Used by `client` for calls and by `watch` for streams, each on its own session so that neither waits for the other.
Knows login, deadlines and what a broken connection means in words; knows no kinds and never retries, except once after
a renewed login.
"""

from __future__ import annotations

import asyncio
import errno
import io
import re
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from types import TracebackType
from urllib.parse import urlencode

from multidict import CIMultiDictProxy
from yarl import URL

from kubectl_prism import __version__
from kubectl_prism.kube.config import Cluster
from kubectl_prism.kube.errors import ApiError, Silent, Unreachable, from_response, from_status
from kubectl_prism.kube.lean import aiohttp
from kubectl_prism.kube.login import Credentials

CONNECT_DEADLINE = 10.0
HEADER_DEADLINE = 30.0
CONNECTIONS = 32
READ_BUFFER = 1 << 18

SEND_BY: ContextVar[float] = ContextVar("SEND_BY", default=inf)
"""The monotonic second after which the body of a request is not sent: whoever stood still on the way there, as a frozen
process does, no longer knows whether it should."""

_HEADERS = {
    "Accept": "application/json, */*",  # a log and a websocket are no JSON
    # On a local or nearby server gzip costs more CPU, on both sides, than the bytes it saves.
    "Accept-Encoding": "identity",
    "User-Agent": f"kubectl-prism/{__version__}",
}
_WARNING = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Answer:
    """One complete answer with a status below 400."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes


class Transport:
    """Two sessions with one API server: one for calls, one for streams."""

    def __init__(self, cluster: Cluster, on_warning: Callable[[str], None] | None = None) -> None:
        self.cluster = cluster
        self._on_warning = on_warning
        self._warned: set[str] = set()
        self._calls: aiohttp.ClientSession
        self._streams: aiohttp.ClientSession

    async def __aenter__(self) -> Transport:
        """Open the sessions; nothing is sent."""
        self._calls = _session(CONNECTIONS)
        self._streams = _session(0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close both sessions, and with them every running stream."""
        await self._calls.close()
        await self._streams.close()

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        body: bytes | None,
        content_type: str,
        deadline: float,
    ) -> Answer:
        """Send a request and read the whole answer; ApiError, Unreachable, or PrismError when the login fails."""
        with self._words(deadline):
            async with (
                asyncio.timeout(deadline),
                self._send(self._calls, method, path, query, body, content_type) as response,
            ):
                content = await response.read()
        return Answer(response.status, response.headers, content)

    @asynccontextmanager
    async def stream(
        self, path: str, *, query: Mapping[str, str], silence: Callable[[], float], gather: Callable[[int], float]
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a GET whose answer is read chunk by chunk, as the bytes come.

        After a chunk of so many bytes, what comes within `gather(bytes)` seconds is left to gather, and is the next
        one. Iterating ends when the server ends the stream properly, and raises Unreachable when it breaks, Silent when
        no byte came for `silence()` seconds; both are asked anew for every chunk.
        """
        async with AsyncExitStack() as stack:
            with self._words(HEADER_DEADLINE):
                async with asyncio.timeout(HEADER_DEADLINE):
                    sending = self._send(self._streams, "GET", path, query, None, "")
                    response = await stack.enter_async_context(sending)
            yield self._chunks(response, silence, gather)

    @asynccontextmanager
    async def websocket(
        self, path: str, *, query: Mapping[str, str], protocol: str
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Open a websocket that speaks `protocol`; a second time with a new login when the first is refused."""
        url = URL(self.cluster.server + path + _query(*query.items()), encoded=True)
        async with AsyncExitStack() as stack:
            with self._words(HEADER_DEADLINE):
                async with asyncio.timeout(HEADER_DEADLINE):
                    socket = await stack.enter_async_context(await self._upgrade(url, protocol))
            yield socket

    async def _upgrade(self, url: URL, protocol: str) -> AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:
        for is_last in (False, True):
            credentials = await self.cluster.login.credentials()
            try:
                return await self._streams.ws_connect(
                    url,
                    protocols=(protocol,),
                    headers=credentials.headers,
                    ssl=credentials.tls or True,
                    server_hostname=credentials.server_name,
                    proxy=credentials.proxy,
                    max_msg_size=0,
                )
            except aiohttp.WSServerHandshakeError as error:
                if is_last or error.status != 401 or not await self.cluster.login.renew(credentials):
                    # What the server says of it is lost in aiohttp.
                    words = f"{url.path} cannot be opened (HTTP {error.status})"
                    raise from_status({"message": words}, code=error.status) from error
        raise AssertionError("the last try returns or raises")

    async def _chunks(
        self, response: aiohttp.ClientResponse, silence: Callable[[], float], gather: Callable[[int], float]
    ) -> AsyncIterator[bytes]:
        while True:
            longest = silence()
            try:
                async with asyncio.timeout(longest):
                    chunk = await response.content.readany()
            except TimeoutError as error:
                raise Silent(self.cluster.address, f"silent for {longest:g} seconds", is_cut=True) from error
            except (aiohttp.ClientError, OSError) as error:
                raise _unreachable(self.cluster.address, error) from error
            if not chunk:
                return
            yield chunk
            if (pause := gather(len(chunk))) > 0:
                await _unread(response, pause)

    @contextmanager
    def _words(self, deadline: float) -> Iterator[None]:
        """Turn what the network raises into Unreachable."""
        try:
            yield
        except aiohttp.ClientError as error:
            raise _unreachable(self.cluster.address, error) from error
        except TimeoutError as error:
            raise Unreachable(self.cluster.address, f"no answer within {deadline:g} seconds", is_cut=True) from error
        except OSError as error:
            raise _unreachable(self.cluster.address, error) from error
        except RuntimeError as error:
            # What uvloop says where a connection was reset in the moment that it was made.
            if "is used by transport" not in str(error):
                raise
            raise Unreachable(self.cluster.address, "the connection was cut", is_cut=True) from error

    @asynccontextmanager
    async def _send(
        self,
        session: aiohttp.ClientSession,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: bytes | None,
        content_type: str,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request, a second time with a new login when the first is refused, and raise its error, if any."""
        url = URL(self.cluster.server + path + _query(*query.items()), encoded=True)
        for is_last in (False, True):
            credentials = await self.cluster.login.credentials()
            async with _request(session, method, url, body, content_type, credentials) as response:
                self._warn(response)
                if response.status < 400:
                    yield response
                    return
                error = await _error(response)
            if is_last or response.status != 401 or not await self.cluster.login.renew(credentials):
                raise error

    def _warn(self, response: aiohttp.ClientResponse) -> None:
        if self._on_warning is None or "Warning" not in response.headers:
            return
        for header in response.headers.getall("Warning"):
            for quoted in _WARNING.findall(header):
                text = re.sub(r"\\(.)", r"\1", quoted)
                if text not in self._warned:
                    self._warned.add(text)
                    self._on_warning(text)


@lru_cache(maxsize=256)
def _query(*items: tuple[str, str]) -> str:
    return f"?{urlencode(items)}" if items else ""


def _session(limit: int) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=limit),
        headers=_HEADERS,
        cookie_jar=aiohttp.DummyCookieJar(),
        # Deadlines are ours: a stream has none, and a call's also covers login and a second try.
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_DEADLINE),
        read_bufsize=READ_BUFFER,
    )
    # What is tried again is ours to decide and to count, and there is no public switch (aiohttp issue 10790).
    session._retry_connection = False
    return session


def _request(
    session: aiohttp.ClientSession,
    method: str,
    url: URL,
    body: bytes | None,
    content_type: str,
    credentials: Credentials,
) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
    headers = credentials.headers.copy()
    if body is not None:
        headers["Content-Type"] = content_type
    return session.request(
        method,
        url,
        data=None if body is None else _Body(body),
        headers=headers,
        ssl=credentials.tls or True,
        server_hostname=credentials.server_name,
        proxy=credentials.proxy,
        allow_redirects=False,
    )


class _Body(aiohttp.BytesIOPayload):
    """A body that is sent in time or not at all, and piece by piece, so that the event loop turns meanwhile."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content))
        self._end = SEND_BY.get()

    async def write_with_length(self, writer: aiohttp.abc.AbstractStreamWriter, content_length: int | None) -> None:
        if time.monotonic() > self._end:
            raise TimeoutError("too late to be sent")
        await super().write_with_length(writer, content_length)


async def _unread(response: aiohttp.ClientResponse, seconds: float) -> None:
    """Leave for so long in the kernel what comes: there it gathers, and is decrypted, parsed and taken in one go."""
    protocol = response.connection.protocol if response.connection else None
    if protocol is None:
        return
    # A TLS transport that is paused goes on reading what comes, up to limits of its own.
    limit = getattr(protocol.transport, "set_read_buffer_limits", lambda **limits: None)
    protocol.pause_reading()
    limit(high=1, low=0)
    await asyncio.sleep(seconds)
    with suppress(AttributeError):  # what the transport of a connection that was closed meanwhile says
        limit()
    protocol.resume_reading()


async def _error(response: aiohttp.ClientResponse) -> ApiError:
    return from_response(response.status, await response.read(), retry_after=response.headers.get("Retry-After"))


def _unreachable(address: str, error: Exception) -> Unreachable:
    """Say in words why there was no answer."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return _untrusted(address, error.certificate_error)
        case aiohttp.ClientConnectorDNSError():
            return Unreachable(address, "the name does not resolve", hint="is the VPN up, and the server's name right?")
        case aiohttp.ClientProxyConnectionError():
            return Unreachable(address, f"the proxy does not answer: {_reason(error.os_error)}")
        case aiohttp.ClientHttpProxyError():
            return Unreachable(address, f"the proxy refuses: {error.status} {error.message}")
        case aiohttp.ClientConnectorSSLError():
            return Unreachable(address, f"TLS fails: {_reason(error.os_error)}")
        case aiohttp.ConnectionTimeoutError():
            return Unreachable(address, f"timed out after {CONNECT_DEADLINE:g} seconds")
        case aiohttp.ClientConnectorError():
            return Unreachable(address, _reason(error.os_error), hint="is the cluster running, and the context right?")
        case aiohttp.ClientOSError(errno=errno.ECONNRESET | errno.EPIPE):  # an idle connection that a dead server left
            return Unreachable(address, "the connection was cut", is_cut=True)
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError() | ConnectionError():
            return Unreachable(address, "the connection was cut", is_cut=True)
        case _:
            return Unreachable(address, f"{type(error).__name__}: {error}")


def _untrusted(address: str, error: Exception) -> Unreachable:
    why = getattr(error, "verify_message", "") or str(error)
    return Unreachable(
        address,
        f"its TLS certificate is not trusted: {why}",
        hint="give the cluster's CA with --certificate-authority, or the right name with --tls-server-name",
    )


def _reason(error: OSError) -> str:
    match error:
        case ConnectionRefusedError():
            return "connection refused"
        case ConnectionResetError() | ConnectionAbortedError():
            return "the connection was cut before it was set up"
        case ssl.SSLError():
            return " ".join(str(error.reason or error).replace("_", " ").lower().split())
        case _:
            return (error.strerror or str(error) or type(error).__name__).lower()
