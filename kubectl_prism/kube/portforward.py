"""A pod's port on this machine, through the API server, as `kubectl port-forward` has it.

One websocket carries one connection: a byte that names the channel, data or error, before each piece, and the port in
the first piece of each channel. A `Tunnel` listens on a socket of its own and picks a pod anew for every connection, so
that it outlives each of them.
"""

from __future__ import annotations

import asyncio
import logging
import struct
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType

import aiohttp

from kubectl_prism.errors import PrismError
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.errors import Forbidden
from kubectl_prism.model.meta import Key

log = logging.getLogger(__name__)

PROTOCOL = "v4.channel.k8s.io"
DATA, ERROR = 0, 1
PIECE = 1 << 15
LOOPBACK = "127.0.0.1"

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class PortForwardFailed(PrismError):
    """The pod's side of a forwarded connection could not be made or broke."""


async def relay(client: Client, pod: Key, port: int, connection: Connection) -> None:
    """Carry one connection to and from a port of a pod until one side ends; PrismError where the pod's side fails."""
    reader, writer = connection
    async with _opened(client, pod, port) as socket:
        sending = asyncio.create_task(_send(reader, socket), name="port-forward")
        try:
            await _receive(socket, writer)
        finally:
            sending.cancel()
            await asyncio.wait([sending])


@asynccontextmanager
async def _opened(client: Client, pod: Key, port: int) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Open the way to a port of a pod; Forbidden names the rights: older servers ask for get, newer ones for create."""
    async with AsyncExitStack() as stack:
        opening = client.websocket("Pod", pod, "portforward", query={"ports": str(port)}, protocol=PROTOCOL)
        try:
            socket = await stack.enter_async_context(opening)
        except Forbidden as error:
            words = f"that needs the rights get and create on pods/portforward in namespace {pod.namespace}"
            raise Forbidden(error.status, error.reason, words) from error
        yield socket


async def _send(reader: asyncio.StreamReader, socket: aiohttp.ClientWebSocketResponse) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(PIECE):
            await socket.send_bytes(bytes([DATA]) + piece)
    await socket.close()


async def _receive(socket: aiohttp.ClientWebSocketResponse, writer: asyncio.StreamWriter) -> None:
    greeted: set[int] = set()
    async for message in socket:
        if message.type is not aiohttp.WSMsgType.BINARY or not message.data:
            continue
        channel, content = message.data[0], message.data[1:]
        if channel not in greeted:  # the first piece of a channel is the port's number, and nothing else
            greeted.add(channel)
            content = content[struct.calcsize("<H") :]
        if channel == ERROR and content:
            raise PortForwardFailed(content.decode("utf-8", "replace").strip())
        if channel == DATA and content:
            writer.write(content)
            await writer.drain()


class Tunnel:
    """A socket behind which port `port` of the pod answers that `pick` names, None for none at the moment.

    Use it as an asynchronous context manager, or open and close it. `address` is what to connect to, as gRPC spells it:
    a socket in a folder that nobody else may enter or, where `local` is given, that port of the loopback, 0 for a free
    one. `trouble` is why the last connection could not be made, or None.
    """

    def __init__(self, client: Client, port: int, pick: Callable[[], Key | None], *, local: int | None = None) -> None:
        self.trouble: str | None = None
        self._client = client
        self._port = port
        self._pick = pick
        self._local = local
        self._folder = tempfile.TemporaryDirectory(prefix="kubectl-prism-")
        self._path = Path(self._folder.name, "pod")
        self._running: dict[asyncio.Task[None], Key] = {}
        self._server: asyncio.Server

    @property
    def address(self) -> str:
        """Where to connect, as gRPC spells it."""
        if self._local is None:
            return f"unix:{self._path}"
        return f"{LOOPBACK}:{self._server.sockets[0].getsockname()[1]}"

    async def open(self) -> Tunnel:
        """Listen."""
        if self._local is None:
            self._server = await asyncio.start_unix_server(self._accept, path=self._path)
            return self
        try:
            self._server = await asyncio.start_server(self._accept, LOOPBACK, self._local)
        except OSError as error:
            raise PortForwardFailed(f"port {self._local} on {LOOPBACK} cannot be had: {error.strerror}") from error
        return self

    async def close(self) -> None:
        """Stop listening, and cut every connection."""
        self._server.close()
        await self._cut(list(self._running))
        self._folder.cleanup()

    async def __aenter__(self) -> Tunnel:
        """Listen."""
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening, and cut every connection."""
        await self.close()

    def drop(self, pod: Key) -> None:
        """Cut the connections to a pod that is gone or does not answer any more: the next ones go elsewhere."""
        for task, connected in self._running.items():
            if connected == pod:
                task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pod = self._pick()
        task = asyncio.current_task()
        try:
            if pod is not None and task is not None:
                self._running[task] = pod
                await relay(self._client, pod, self._port, (reader, writer))
            self.trouble = None
        except (PrismError, ConnectionError) as error:
            self.trouble = str(error)
            log.debug("port %d of pod %s: %s", self._port, pod, error)
        except asyncio.CancelledError:
            log.debug("port %d of pod %s: cut", self._port, pod)  # by us: nobody waits for this task
        finally:
            if task is not None:
                self._running.pop(task, None)
            writer.transport.abort()

    async def _cut(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
