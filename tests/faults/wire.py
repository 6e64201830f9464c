"""TCP wires from replicas to an API server, each of which can be cut alone.

They run in one thread and carry bytes unread, so TLS and everything in it is the server's own. A cut wire turns every
connection away; a silent one takes everything and gives nothing, and nobody hears of an end.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Literal
from urllib.parse import urlsplit

from tests.faults.thread import STARTS_WITHIN, LoopThread

CHUNK = 1 << 16


class Wire:
    """One wire; clients reach the server at `address`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, server: str) -> None:
        self.address = ""
        self._loop = loop
        self._host, self._port = urlsplit(server).hostname, urlsplit(server).port
        self._state: Literal["whole", "cut", "silent"] = "whole"
        self._ends: set[asyncio.WriteTransport] = set()

    def cut(self) -> None:
        """Break every connection, and turn new ones away."""
        self._become("cut")

    def silence(self) -> None:
        """Let connections be, but lose every byte and every end of one."""
        self._become("silent")

    def mend(self) -> None:
        """Carry new connections again; those that lost bytes are broken."""
        self._become("whole")

    def _become(self, state: Literal["whole", "cut", "silent"]) -> None:
        done = threading.Event()

        def become() -> None:
            self._state = state
            if state != "silent":
                self.abort()
            done.set()

        self._loop.call_soon_threadsafe(become)
        assert done.wait(STARTS_WITHIN)

    def abort(self) -> None:
        """Break every connection; to be called on the loop."""
        for end in self._ends:
            end.abort()

    async def listen(self) -> asyncio.Server:
        """Begin to listen at `address`."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.address = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._state == "cut":
            writer.transport.abort()
            return
        ends = {writer.transport}
        self._ends |= ends
        try:
            far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
            ends.add(far_writer.transport)
            self._ends |= ends
            await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))
        except OSError:
            pass  # one end broke, so does the other
        finally:
            for end in ends:
                end.abort()
            self._ends -= ends

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            if self._state != "silent":
                writer.write(data)
                await writer.drain()
        if self._state != "silent":
            writer.close()


class Wires(LoopThread):
    """The thread of the wires to one server; use it as `with Wires(server) as wires`."""

    def __init__(self, server: str) -> None:
        super().__init__()
        self._server = server
        self._laid: list[Wire] = []

    def lay(self) -> Wire:
        """Return a new wire."""
        return asyncio.run_coroutine_threadsafe(self._lay(), self.loop).result(STARTS_WITHIN)

    async def _lay(self) -> Wire:
        wire = Wire(self.loop, self._server)
        self._servers.append(await wire.listen())
        self._laid.append(wire)
        return wire

    async def serve(self) -> None:
        """Serve until `stop` is set."""
        self._servers: list[asyncio.Server] = []
        self.ready.set()
        await self.stop.wait()
        for server in self._servers:
            server.close()
        for wire in self._laid:
            wire.abort()
