"""An API server that does exactly as it is told: each request gets the next answer of a script.

It stands in for faults that a real server will not show on demand; what a real server does is tested on one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from kubectl_prism.model.meta import Manifest

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came in."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass
class FakeServer:
    """Answers by script and remembers what it was asked; when the script is over it keeps every request waiting."""

    url: str = ""
    script: list[Reply] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    headers: list[list[tuple[str, str]]] = field(default_factory=list)

    def play(self, *replies: Reply) -> None:
        """Add answers to the script."""
        self.script.extend(replies)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        body = await request.read()
        self.seen.append(Seen(request.method, request.path, dict(request.query), dict(request.headers), body))
        self.headers.append(list(request.headers.items()))
        reply = self.script.pop(0) if self.script else stream(end="hold")
        return await reply(request)


def config_map(name: str, version: str, **data: str) -> Manifest:
    """Return a ConfigMap as it stands in a list: without apiVersion and kind."""
    metadata = {"name": name, "namespace": "n", "uid": f"uid-{name}", "resourceVersion": version, "managedFields": [{}]}
    return {"metadata": metadata, "data": data}


def answer(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Answer with JSON."""

    async def reply(request: web.Request) -> web.StreamResponse:
        return web.Response(body=json.dumps(body), status=status, headers=headers, content_type="application/json")

    return reply


def raw(body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Answer with bytes as they are."""

    async def reply(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers=headers)

    return reply


def page(*items: Manifest, version: str, token: str = "") -> Reply:
    """Answer with a page of a list."""
    return answer({"kind": "List", "metadata": {"resourceVersion": version, "continue": token}, "items": list(items)})


def status(code: int, reason: str = "", message: str = "", **more: Any) -> Reply:  # noqa: ANN401 (whatever JSON can say)
    """Answer with a Status."""
    return answer(status_body(code, reason, message) | more, status=code)


def status_body(code: int, reason: str = "", message: str = "") -> Manifest:
    """Return a Status."""
    return {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}


def event(kind: str, obj: Manifest) -> bytes:
    """Return a line of a watch."""
    return json.dumps({"type": kind, "object": obj}).encode() + b"\n"


def bookmark(version: str, *, ends_list: bool = False) -> bytes:
    """Return a bookmark, that which ends a streamed list if asked."""
    annotations = {"k8s.io/initial-events-end": "true"} if ends_list else {}
    return event("BOOKMARK", {"metadata": {"resourceVersion": version, "annotations": annotations}})


def stream(*chunks: bytes, end: str = "eof", every: float = 0.0) -> Reply:
    """Answer a watch, a chunk `every` so many seconds, then end properly (eof), break (cut) or fall silent (hold)."""

    async def reply(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
            await asyncio.sleep(every)
        if end == "hold":
            await asyncio.Event().wait()
        if end == "cut" and request.transport is not None:
            request.transport.abort()
        return response

    return reply


def abort() -> Reply:
    """Drop the connection instead of an answer."""

    async def reply(request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    return reply
