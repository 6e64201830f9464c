"""Writes to etcd past the API server, and holds back what the two say to each other.

Only a test may do so, on a cluster that is its own or below keys that are.
"""

from __future__ import annotations

import asyncio
import json
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kubectl_prism.sandbox import processes
from tests.faults.thread import LoopThread

CHUNK = 1 << 16
PREFIX = "/registry"
"""Below which the API server keeps everything."""


def address(folder: Path) -> str:
    """Return the URL of the etcd of the sandbox in `folder`."""
    command = Path(f"/proc/{processes.running(folder)['etcd']}/cmdline").read_bytes().decode().split("\0")
    return next(word.partition("=")[2] for word in command if word.startswith("--listen-client-urls="))


class Etcd:
    """One etcd, spoken to by its JSON gateway."""

    def __init__(self, address: str) -> None:
        self.address = address

    def put(self, resource: str, namespace: str, name: str, value: bytes) -> None:
        """Store bytes as the object `name` of one of our kinds, named by its plural."""
        key = f"{PREFIX}/prism.io/{resource}/{namespace}/{name}"
        self._ask("kv/put", key=_encoded(key.encode()), value=_encoded(value))

    def remove(self, resource: str, namespace: str, name: str) -> None:
        """Take an object of one of our kinds away."""
        self._ask("kv/deleterange", key=_encoded(f"{PREFIX}/prism.io/{resource}/{namespace}/{name}".encode()))

    @contextmanager
    def full(self) -> Iterator[None]:
        """Refuse every write, as etcd does when its quota is used up."""
        member = self._ask("maintenance/status")["header"]["member_id"]
        alarm = {"memberID": member, "alarm": "NOSPACE"}
        self._ask("maintenance/alarm", action="ACTIVATE", **alarm)
        try:
            yield
        finally:
            self._ask("maintenance/alarm", action="DEACTIVATE", **alarm)

    def _ask(self, path: str, **body: object) -> Any:  # noqa: ANN401 - JSON
        request = urllib.request.Request(f"{self.address}/v3/{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


def _encoded(value: bytes) -> str:
    return b64encode(value).decode()


class Valve(LoopThread):
    """A TCP pipe to etcd; while it is shut every byte waits in it, and nobody hears of an end.

    Use it as `with Valve(etcd) as valve`; it runs in a thread of its own and listens at `address`.
    """

    def __init__(self, server: str) -> None:
        super().__init__()
        self.address = ""
        self._host, self._port = urlsplit(server).hostname, urlsplit(server).port
        self._opened: asyncio.Event
        self._ends: set[asyncio.WriteTransport] = set()

    @contextmanager
    def shut(self) -> Iterator[None]:
        """Hold everything back, and let it flow in the end."""
        self.loop.call_soon_threadsafe(self._opened.clear)
        try:
            yield
        finally:
            self.loop.call_soon_threadsafe(self._opened.set)

    async def serve(self) -> None:
        """Serve until `stop` is set."""
        self._opened = asyncio.Event()
        self._opened.set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self.ready.set()
        await self.stop.wait()
        server.close()
        self._opened.set()
        for end in self._ends:
            end.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = {writer.transport}
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
            await self._opened.wait()
            writer.write(data)
            await writer.drain()
        writer.close()
