"""A bare client: aiohttp and JSON, no controller. The floor is made with it, and every change that a person makes.

It sends at most 16 requests at a time, as our own writer does, and reads no more of an answer than it must.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.resource import resource

IN_FLIGHT = 16
MERGE = "application/merge-patch+json"
LINES = 2**22


class Refused(Exception):
    """The API server said no."""


class Wire:
    """One login at one API server; open it with `opened`."""

    def __init__(self, session: aiohttp.ClientSession, server: str) -> None:
        self._session = session
        self._server = server
        self._slots = asyncio.Semaphore(IN_FLIGHT)

    async def create(self, manifest: Manifest) -> Manifest:
        """Create an object; return what it became."""
        path = resource(manifest["kind"]).path(manifest["metadata"].get("namespace"))
        return await self._send("POST", path, manifest, "application/json")

    async def create_all(self, manifests: Iterable[Manifest]) -> None:
        """Create objects, 16 at a time."""
        async with asyncio.TaskGroup() as group:
            for manifest in manifests:
                group.create_task(self.create(manifest))

    async def change(self, kind: str, namespace: str, name: str, patch: Manifest) -> Manifest:
        """Merge a change into an object as the field manager somebody; return what it became."""
        path = resource(kind).path(namespace, name) + "?fieldManager=somebody"
        return await self._send("PATCH", path, patch, MERGE)

    async def tell(self, kind: str, namespace: str, name: str, status: Manifest) -> None:
        """Merge a change into the status of an object."""
        path = resource(kind).path(namespace, name, "status") + "?fieldManager=somebody"
        await self._send("PATCH", path, {"status": status}, MERGE)

    async def serves(self) -> bool:
        """Tell whether the server is ready to serve."""
        try:
            async with self._session.get(f"{self._server}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def list(self, kind: str, namespace: str) -> bytes:
        """Return the whole list of a kind as it came."""
        async with self._session.get(self._server + resource(kind).path(namespace)) as answer:
            return await answer.read()

    async def watch(self, kind: str, namespace: str, version: str) -> AsyncIterator[bytes]:
        """Yield the events of a watch, one line each, until the server ends it."""
        query = {"watch": "true", "resourceVersion": version, "timeoutSeconds": "3600"}
        path = self._server + resource(kind).path(namespace)
        async with self._session.get(path, params=query) as answer:
            async for line in answer.content:
                yield line

    async def _send(self, method: str, path: str, body: Any, content_type: str) -> Manifest:  # noqa: ANN401 - JSON
        headers = {"Content-Type": content_type}
        content = msgspec.json.encode(body)
        async with (
            self._slots,
            self._session.request(method, self._server + path, data=content, headers=headers) as answer,
        ):
            found = await answer.read()
            if answer.status >= 400:
                raise Refused(f"{method} {path}: {answer.status} {found[:300]!r}")
            return msgspec.json.decode(found, type=dict[str, Any])


@asynccontextmanager
async def opened(server: str, ca: Path, token: str) -> AsyncIterator[Wire]:
    """Open a bare client."""
    context = ssl.create_default_context(cafile=str(ca))
    headers: Mapping[str, str] = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "bench",
    }
    connector = aiohttp.TCPConnector(ssl=context, limit=0)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
    async with aiohttp.ClientSession(
        connector=connector, headers=headers, timeout=timeout, read_bufsize=LINES
    ) as session:
        yield Wire(session, server)
