"""Notices when the engine is stuck: an event loop that does not turn, a reconcile that hangs, a request that waits.

`manager` runs it as one task beside the controllers; `metrics` counts the lag. It says each trouble once, with the keys
in work and where their tasks stand, and once more when it is over. It runs in the loop that it watches: while that
stands still it stands still too, so a blocked loop is reported when it turns again. It changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import PurePath
from types import FrameType
from typing import Any

from kubectl_prism.reconcile.controller import SLOW, Controller

log = logging.getLogger(__name__)

TICK = 0.1
LOOK_EVERY = 10
"""The seconds between two measurements of the lag, and how many of these pass between two looks at the controllers."""

WINDOW = 600
"""The measurements after which a loop that stood still counts as turning again: a minute's."""

LAG = SLOW
WAIT = 60.0
"""The seconds that the event loop may be late, and that a request may wait for a worker."""

FRAMES = 4


class Watchdog:
    """Watches `controllers` and the event loop; those whose workers do not run yet are left alone.

    `observe` is told ten times a second by how many seconds the event loop was late.
    """

    def __init__(
        self,
        controllers: Iterable[Controller],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.controllers = tuple(controllers)
        self.clock = clock
        self.sleep = sleep
        self._lags: deque[float] = deque(maxlen=WINDOW)
        self._troubles: dict[str, str] = {}
        self.observe: Callable[[float], None] | None = None

    async def run(self) -> None:
        """Watch until cancelled."""
        ticks = 0
        while True:
            asleep = self.clock()
            await self.sleep(TICK)
            late = max(0.0, self.clock() - asleep - TICK)
            self._lags.append(late)
            if self.observe is not None:
                self.observe(late)
            ticks += 1
            if late > LAG or ticks % LOOK_EVERY == 0:
                self.look(since=asleep)

    def look(self, *, since: float) -> None:
        """Say what troubles began and ended; `since` is when the loop was last seen to turn."""
        found = dict(self._found(since))
        for trouble in [trouble for trouble in found if trouble not in self._troubles]:
            log.warning("stuck: %s; in work: %s", found[trouble], "; ".join(self._in_work()) or "nothing")
        for trouble in [trouble for trouble in self._troubles if trouble not in found]:
            log.warning("no longer stuck: %s", self._troubles[trouble])
        self._troubles = {trouble: self._troubles.get(trouble, sentence) for trouble, sentence in found.items()}

    def _found(self, since: float) -> Iterator[tuple[str, str]]:
        """Yield each trouble there is: what tells it from others, and a sentence."""
        if (longest := max(self._lags, default=0.0)) > LAG:
            ended = [
                f"{request} ({seconds:.1f} s)"
                for controller in self.controllers
                for request, seconds, end in controller.slow
                if end >= since
            ]
            suspects = f" while these were reconciled: {', '.join(ended)}" if ended else ""
            yield "loop", f"the event loop stood still for {longest:.1f} s{suspects}"
        for controller in self.controllers:
            if not controller.is_running:
                continue
            for request, (_, started) in controller.tasks.items():
                seconds = self.clock() - started
                if seconds > controller.deadline / 2:
                    yield f"{request} {started}", f"{request} has been worked on for {seconds:.0f} s"
            oldest = controller.queue.oldest
            if oldest is not None and oldest[1] > WAIT:
                yield f"{controller.kind} waits", f"{oldest[0]} has waited for a worker for {oldest[1]:.0f} s"

    def _in_work(self) -> Iterator[str]:
        for controller in self.controllers:
            for request, (task, started) in controller.tasks.items():
                yield f"{request} ({self.clock() - started:.1f} s) at {' < '.join(stack(task)[:FRAMES])}"


def stack(task: asyncio.Task[Any]) -> list[str]:
    """Return where a task stands, innermost first, as `file:line function`.

    `Task.get_stack` ends at the outermost coroutine of a task that waits; this follows what each one awaits.
    """
    found: list[str] = []
    awaited: Any = task.get_coro()
    while awaited is not None:
        frame: FrameType | None = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is not None:
            found.append(f"{PurePath(frame.f_code.co_filename).name}:{frame.f_lineno} {frame.f_code.co_qualname}")
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
    return found[::-1]
