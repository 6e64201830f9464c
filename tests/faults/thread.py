"""A thread with an event loop of its own, for what stands between the operator and its servers while a test runs."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Self

STARTS_WITHIN = 10.0
"""Seconds within which such a thread starts and stops, and does what it is asked."""


class LoopThread:
    """Runs `serve`, which sets `ready` and goes on until `stop` is set; use it as `with Something(…) as something`."""

    loop: asyncio.AbstractEventLoop
    stop: asyncio.Event

    def __init__(self) -> None:
        self.ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name=type(self).__name__, daemon=True)

    def __enter__(self) -> Self:
        """Start, and wait until it serves."""
        self._thread.start()
        assert self.ready.wait(STARTS_WITHIN), f"{self._thread.name} does not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cut every connection and stop."""
        self.loop.call_soon_threadsafe(self.stop.set)
        self._thread.join(STARTS_WITHIN)
        assert not self._thread.is_alive(), f"{self._thread.name} does not stop"

    async def serve(self) -> None:
        """Serve until `stop` is set."""
        raise NotImplementedError

    async def _run(self) -> None:
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        await self.serve()
        await asyncio.sleep(0.1)  # broken connections say goodbye on the loop's next turns
