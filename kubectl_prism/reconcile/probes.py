"""The three pages a cluster asks a running reconciler for: /healthz, /readyz and /metrics.

The command that runs the engine opens it beside the manager. /healthz answers as long as the event loop turns, /readyz
once the caches are synced. Nothing here can change anything.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from kubectl_prism.errors import PrismError

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Probes:
    """Serves the pages on `host`:`port` while entered; port 0 takes a free one, `port` then says which.

    Raises PrismError where the address cannot be listened on.
    """

    def __init__(self, host: str, port: int, *, is_ready: Callable[[], bool], metrics: Callable[[], bytes]) -> None:
        self.host = host
        self.port = port
        self.is_ready = is_ready
        self.metrics = metrics
        app = web.Application()
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/readyz", self._readiness)
        app.router.add_get("/metrics", self._metrics)
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
        return web.Response(text="ok\n")

    async def _readiness(self, _: web.Request) -> web.Response:
        if self.is_ready():
            return web.Response(text="ok\n")
        return web.Response(status=503, text="the caches are not synced yet\n")

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self.metrics(), headers={"Content-Type": METRICS_TYPE})


def _refused(error: OSError, host: str, port: int) -> PrismError:
    if error.errno == errno.EADDRINUSE:
        return PrismError(
            f"port {port} on {host} is in use", hint="choose another address with --probes, or port 0 for any free one"
        )
    return PrismError(f"cannot listen on {host}:{port}: {error.strerror or error}")
