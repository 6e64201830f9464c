"""The pages a cluster asks a running reconciler for: /healthz, /readyz and /metrics, and what it does under /debug.

The command that runs the engine opens it beside the manager. /healthz fails where only a restart can help, /readyz
answers once the caches are synced. The debug pages name objects and lines of code and tell no value of an object; they
are off unless they are asked for. Nothing here can change anything; /debug/memory slows everything down for a moment.
"""

from __future__ import annotations

import asyncio
import errno
import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import PurePath
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import msgspec
from aiohttp import web

from kubectl_prism.errors import PrismError
from kubectl_prism.reconcile.controller import Controller
from kubectl_prism.reconcile.metrics import Cache
from kubectl_prism.reconcile.watchdog import stack

if TYPE_CHECKING:
    import tracemalloc

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

TRACED = 5.0
"""Seconds in which /debug/memory looks at what is allocated."""

LINES = 50

Pages = Mapping[str, Callable[[], Any]]
"""Paths, and what makes the data of their pages, at once or as an awaitable."""


class Probes:
    """Serves the pages on `host`:`port` while entered; port 0 takes a free one, `port` then says which.

    `debug` adds pages, as `debug_pages` makes them. Raises PrismError where the address cannot be listened on.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        is_ready: Callable[[], bool],
        metrics: Callable[[], bytes],
        is_healthy: Callable[[], bool] = lambda: True,
        debug: Pages | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.is_ready = is_ready
        self.metrics = metrics
        self.is_healthy = is_healthy
        app = web.Application()
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/readyz", self._readiness)
        app.router.add_get("/metrics", self._metrics)
        for path, data in (debug or {}).items():
            app.router.add_get(path, partial(_page, data))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self.host, self.port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise _refused(error, self.host, self.port) from error
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _health(self, _: web.Request) -> web.Response:
        if self.is_healthy():
            return web.Response(text="ok\n")
        return web.Response(status=503, text="not healthy\n")

    async def _readiness(self, _: web.Request) -> web.Response:
        if self.is_ready():
            return web.Response(text="ok\n")
        return web.Response(status=503, text="the caches are not synced yet\n")

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self.metrics(), headers={"Content-Type": METRICS_TYPE})


def debug_pages(controllers: Iterable[Controller], caches: Callable[[], Iterable[Cache]]) -> Pages:
    """Return /debug/queue, /debug/caches, /debug/tasks and /debug/memory."""
    followed = tuple(controllers)
    return {
        "/debug/queue": lambda: {controller.kind: _queue(controller) for controller in followed},
        "/debug/caches": lambda: {cache.kind: cache._asdict() for cache in caches()},
        "/debug/tasks": _tasks,
        "/debug/memory": _memory,
    }


def _queue(controller: Controller) -> dict[str, Any]:
    """Return what a controller has to do, in seconds: each key is a request as people write it."""
    queue = controller.queue
    due: dict[int, dict[str, float]] = {}
    for request, (priority, seconds) in queue.due.items():
        due.setdefault(priority, {})[str(request)] = seconds
    return {
        "isRunning": controller.is_running,
        "dueByPriority": due,
        "delayed": _named(queue.delayed),
        "running": _named(queue.running),
        "failures": _named(queue.failed),
        "openBreakers": _named(controller.breaker.tripped),
    }


def _named(figures: Mapping[Any, float]) -> dict[str, float]:
    return {str(item): figure for item, figure in figures.items()}


def _tasks() -> list[dict[str, Any]]:
    """Return every task with where it stands, innermost first."""
    found = [{"name": task.get_name(), "stack": stack(task)} for task in asyncio.all_tasks()]
    return sorted(found, key=lambda task: str(task["name"]))


async def _memory() -> list[dict[str, Any]]:
    """Watch what is allocated for a while; return the lines whose objects still live then, most bytes first."""
    import tracemalloc

    if tracemalloc.is_tracing():
        raise web.HTTPConflict(text="somebody else is looking\n")
    tracemalloc.start()
    try:
        await asyncio.sleep(TRACED)
        found = tracemalloc.take_snapshot().statistics("lineno")
    finally:
        tracemalloc.stop()
    return [{"line": _line(one.traceback[0]), "bytes": one.size, "objects": one.count} for one in found[:LINES]]


def _line(frame: tracemalloc.Frame) -> str:
    return f"{'/'.join(PurePath(frame.filename).parts[-2:])}:{frame.lineno}"


async def _page(data: Callable[[], Any], _: web.Request) -> web.Response:
    found = data()
    if inspect.isawaitable(found):
        found = await found
    text = msgspec.json.format(msgspec.json.encode(found), indent=2)
    return web.Response(body=text + b"\n", content_type="application/json")


def _refused(error: OSError, host: str, port: int) -> PrismError:
    if error.errno == errno.EADDRINUSE:
        return PrismError(
            f"port {port} on {host} is in use", hint="choose another address with --probes, or port 0 for any free one"
        )
    return PrismError(f"cannot listen on {host}:{port}: {error.strerror or error}")
