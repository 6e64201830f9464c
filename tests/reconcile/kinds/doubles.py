"""Programs that stand in for proxies and admins, in a thread of this process, so that a test can say how they behave.

KWOK hands a pod's port to a server here: whoever reaches the pod reaches the double.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import grpc

from kubectl_prism.proxy.serving import Handler, Server
from kubectl_prism.sandbox.answers.journal import Journal
from kubectl_prism.sandbox.answers.quota_service import QuotaService
from kubectl_prism.sandbox.answers.tenancy import Tenancy
from tests.reconcile.kinds.world import World, eventually

WITHIN = 20.0


class Guard(grpc.aio.ServerInterceptor):
    """Lets in whoever sends the token, over TLS; repeats to others what they sent. `turned_away` counts those."""

    def __init__(self, certificate: Path, key: Path, *, token: str) -> None:
        self.credentials = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
        self.token = token
        self.turned_away = 0

    async def intercept_service(self, continuation: Any, details: grpc.HandlerCallDetails) -> Any:  # noqa: ANN401 - grpc ships no types for these
        """Judge one call by its metadata."""
        sent = dict(details.invocation_metadata or ()).get("authorization")
        if sent == f"Bearer {self.token}":
            return await continuation(details)
        self.turned_away += 1

        async def refuse(request: object, context: grpc.aio.ServicerContext[Any, Any]) -> None:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, f"bad credentials: {sent!s}")

        return grpc.unary_unary_rpc_method_handler(refuse)


class Doubles:
    """The servers of one test; `calls` counts what they were asked, by method."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="doubles", daemon=True)
        self._servers: list[Server] = []
        self._closing: list[Callable[[], None]] = []

    def __enter__(self) -> Doubles:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop every server."""
        for server in self._servers:
            self._done(server.__aexit__())
        for close in self._closing:
            self._loop.call_soon_threadsafe(close)
        self._done(asyncio.sleep(0.1))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WITHIN)
        self._loop.close()

    def serve(self, *handlers: Handler, guard: Guard | None = None) -> int:
        """Start a server of these methods, in clear text where it has no guard; return its port."""

        async def start() -> Server:
            counted = map(self._counted, handlers)
            credentials = guard.credentials if guard else None
            server = Server("127.0.0.1:0", counted, credentials=credentials, interceptors=[guard] if guard else [])
            return await server.__aenter__()

        server = self._done(start())
        self._servers.append(server)
        return int(server.port)

    def proxy(self, folder: Path, guard: Guard | None = None) -> int:
        """Start a proxy that holds namespaces to their quotas as the sandbox's do; return its port."""
        folder.mkdir()

        async def handlers() -> list[Handler]:
            tenancy, journal = Tenancy(folder / "tenants.sqlite"), Journal(folder / "log")
            self._closing += [tenancy.close, journal.close]
            return QuotaService(tenancy, journal).handlers()

        return self.serve(*self._done(handlers()), guard=guard)

    def garbage(self) -> int:
        """Start a server that answers everything with a page of HTML; return its port."""

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<html>")
            writer.close()

        async def start() -> asyncio.Server:
            return await asyncio.start_server(answer, "127.0.0.1", 0)

        server = self._done(start())
        self._closing.append(server.close)
        return int(server.sockets[0].getsockname()[1])

    def stand_in(self, world: World, component: str, port: int, *here: int) -> list[str]:
        """Have the pods of a component answered by servers here, in the order of their names; return those."""
        pods = sorted(world.names("Pod", f"component={component}"))
        for number, pod in enumerate(pods):
            target = {"port": here[number % len(here)], "address": "127.0.0.1"}
            world.create("PortForward", pod, spec={"forwards": [{"ports": [port], "target": target}]})
        return pods

    def _counted(self, handler: Handler) -> Handler:
        answer: Callable[[Any], Any] = handler.answer
        name = handler.method.path.rpartition("/")[2]

        async def streamed(request: Any) -> AsyncIterator[Any]:  # noqa: ANN401 - any message
            self.calls[name] += 1
            async for one in answer(request):
                yield one

        async def counted(request: Any) -> Any:  # noqa: ANN401 - any message
            self.calls[name] += 1
            return await answer(request)

        return replace(handler, answer=streamed if inspect.isasyncgenfunction(answer) else counted)

    def _done(self, coroutine: Any) -> Any:  # noqa: ANN401 - as generic as a coroutine
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(WITHIN)


def ready(world: World, component: str, number: int) -> None:
    """Wait until so many pods of a component are there."""
    eventually(lambda: len(world.names("Pod", f"component={component}")) == number)
