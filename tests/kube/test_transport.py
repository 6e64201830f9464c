"""What a broken connection means, in words, and what a stream that is left unread leaves where."""

from __future__ import annotations

import asyncio
import fcntl
import ssl
import struct
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import aiohttp
import pytest
import uvloop

from kubectl_prism.kube.config import Cluster
from kubectl_prism.kube.errors import Unreachable
from kubectl_prism.kube.transport import Transport, _unread
from tests.certificate import self_signed

TRANSPORT = Transport(cast("Cluster", SimpleNamespace(address="127.0.0.1:6443")))


def test_a_connection_that_is_reset_while_it_is_made_was_cut() -> None:
    """Uvloop calls it a RuntimeError; to us the server is out of reach, and the call may be tried again."""
    with pytest.raises(Unreachable, match="the connection was cut") as caught, TRANSPORT._words(1):
        raise RuntimeError("File descriptor 12 is used by transport <TCPTransport closed=False>")
    assert caught.value.is_cut


def test_a_fault_of_ours_stays_one() -> None:
    """Any other RuntimeError is nobody's network."""
    with pytest.raises(RuntimeError, match="boom"), TRANSPORT._words(1):
        raise RuntimeError("boom")


class Trickle:
    """A server that answers over TLS with a chunk for each call of `send`."""

    def __init__(self, folder: Path) -> None:
        self.certificate, self._key = self_signed(folder)
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Trickle:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self._key)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.url = f"https://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        if self._writer is not None:
            self._writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        self._writer = writer

    def send(self, body: bytes) -> None:
        """Send one chunk."""
        assert self._writer is not None
        self._writer.write(b"%x\r\n%b\r\n" % (len(body), body))

    def cut(self) -> None:
        """End the connection without a word."""
        assert self._writer is not None
        self._writer.transport.abort()


def waiting(response: aiohttp.ClientResponse) -> int:
    """Return the bytes that lie in the kernel for a response."""
    assert response.connection is not None
    assert response.connection.transport is not None
    number = response.connection.transport.get_extra_info("socket").fileno()
    return int(struct.unpack("i", fcntl.ioctl(number, termios.FIONREAD, b"\0" * 4))[0])


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[Trickle, aiohttp.ClientResponse]]:
    """A trickling server and its answer, of which nothing was read."""
    async with Trickle(folder) as server, aiohttp.ClientSession() as session:
        trusted = ssl.create_default_context(cafile=server.certificate)
        async with session.get(server.url, ssl=trusted, server_hostname="localhost") as response:
            yield server, response


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_what_comes_over_tls_is_left_in_the_kernel(
    loop: Callable[[], asyncio.AbstractEventLoop], tmp_path: Path
) -> None:
    """Read ahead, it would wake us each time that something comes; afterwards nothing of it is lost."""

    async def run() -> None:
        async with opened(tmp_path) as (server, response):
            server.send(b"first")
            assert await response.content.readany() == b"first"
            leaving = asyncio.create_task(_unread(response, 0.3))
            for _ in range(4):
                await asyncio.sleep(0.05)
                server.send(b"x" * 5000)
            await asyncio.sleep(0.05)
            assert waiting(response) >= 15_000, "but for what came before the first look"
            await leaving
            async with asyncio.timeout(5):
                assert await response.content.readexactly(20_000) == b"x" * 20_000
                server.send(b"last")
                assert await response.content.readany() == b"last"

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(run())


@pytest.mark.parametrize("end", ["cut", "close", "abort"])
@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_stream_that_ends_while_it_is_left_is_a_broken_stream(
    loop: Callable[[], asyncio.AbstractEventLoop], end: str, tmp_path: Path
) -> None:
    """Whoever ended it, that is seen when it is read again, as an error of the network and as no other."""

    async def run() -> None:
        async with opened(tmp_path) as (server, response):
            leaving = asyncio.create_task(_unread(response, 0.1))
            await asyncio.sleep(0)
            server.send(b"partly")
            await asyncio.sleep(0.02)
            assert response.connection is not None
            assert response.connection.transport is not None
            {"cut": server.cut, "close": response.close, "abort": response.connection.transport.abort}[end]()
            await leaving
            with pytest.raises((aiohttp.ClientError, OSError)):
                async with asyncio.timeout(5):
                    await response.content.readexactly(20)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(run())
