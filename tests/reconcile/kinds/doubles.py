"""Programs that stand in for proxies and admins, in a thread of this process, so that a test can say how they behave.

KWOK hands a pod's port to a server here: whoever reaches the pod reaches the double.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any

from kubectl_prism.proxy.serving import Handler, Server
from tests.reconcile.kinds.world import World, eventually

WITHIN = 20.0


class Doubles:
    """The servers of one test; `calls` counts what they were asked, by method."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="doubles", daemon=True)
        self._servers: list[Server] = []

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
        self._done(asyncio.sleep(0.1))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WITHIN)
        self._loop.close()

    def serve(self, *handlers: Handler) -> int:
        """Start a server of these methods; return its port."""

        async def start() -> Server:
            return await Server("127.0.0.1:0", map(self._counted, handlers)).__aenter__()

        server = self._done(start())
        self._servers.append(server)
        return int(server.port)

    def stand_in(self, world: World, component: str, port: int, *here: int) -> list[str]:
        """Have the pods of a component answered by servers here, in the order of their names; return those."""
        pods = sorted(world.names("Pod", f"component={component}"))
        for number, pod in enumerate(pods):
            target = {"port": here[number % len(here)], "address": "127.0.0.1"}
            world.create("PortForward", pod, spec={"forwards": [{"ports": [port], "target": target}]})
        return pods

    def _counted(self, handler: Handler) -> Handler:
        answer: Callable[[Any], Any] = handler.answer

        async def counted(request: Any) -> Any:  # noqa: ANN401 - any message
            self.calls[handler.method.path.rpartition("/")[2]] += 1
            return await answer(request)

        return replace(handler, answer=counted)

    def _done(self, coroutine: Any) -> Any:  # noqa: ANN401 - as generic as a coroutine
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(WITHIN)


def ready(world: World, component: str, number: int) -> None:
    """Wait until so many pods of a component are there."""
    eventually(lambda: len(world.names("Pod", f"component={component}")) == number)
