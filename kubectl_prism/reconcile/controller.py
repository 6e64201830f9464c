"""One loop for one kind: changes become requests, workers reconcile them, four outcomes decide what comes next.

`manager` feeds it the store's changes and runs it; a kind file hands it `reconcile`. The worker's guard here is the one
place of the engine where any exception is caught: it costs the key a backoff and nobody else anything.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from typing import cast

from kubectl_prism.errors import PrismError
from kubectl_prism.kube.errors import ApiError, is_passing
from kubectl_prism.model import conditions
from kubectl_prism.model.conditions import Mark
from kubectl_prism.reconcile.breaker import Breaker
from kubectl_prism.reconcile.queue import NEWS, Queue, ShutDown
from kubectl_prism.reconcile.request import Postponed, Request, Result, TerminalError
from kubectl_prism.reconcile.triggers import Mapper, of_owner, requests
from kubectl_prism.store import Change, Store

log = logging.getLogger(__name__)

ASIDE = 0.005
BACKGROUND = 8
"""How many objects of one kind are reconciled at once that nothing new is known of."""

Reconcile = Callable[[Request], Awaitable[Result]]
Flag = Callable[[Request, list[Mark]], Awaitable[None]]

FLAGGED = 1.0
"""The pause before the next try, in seconds, from which on a failure is no passing one and is told on the object."""

SLOW = 1.0
"""The seconds from which on a reconcile is remembered: it may be the one that kept the event loop from turning."""


class Outcome(StrEnum):
    """How one reconcile ended."""

    SUCCESS = "success"
    LATER = "requeue_after"
    ERROR = "error"
    PANIC = "panic"
    TIMEOUT = "timeout"
    TERMINAL = "terminal"


class Controller:
    """Reconciles every object of `kind`, at most `workers` at a time, each within `deadline` seconds.

    `owns` names the kinds whose changes wake their controller of this kind; `watches` maps the changes of further kinds
    to requests; `kinds` are all whose changes it wants to hear of. `may_wait` gives the seconds that a child's change
    may wait for others to join it. `flag` tells on the object why it cannot be reconciled. `observe` is told (kind,
    outcome, seconds) of every reconcile. `tasks` holds what is in work with its task and its start, `slow` the last
    reconciles that took long with seconds and end.
    """

    def __init__(
        self,
        kind: str,
        reconcile: Reconcile,
        *,
        owns: Sequence[str] = (),
        watches: Mapping[str, Mapper] | None = None,
        workers: int = 16,
        deadline: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        breaker: Breaker | None = None,
        flag: Flag | None = None,
        may_wait: Callable[[Change], float] = lambda change: 0.0,
    ) -> None:
        self.kind = kind
        self.reconcile = reconcile
        self.owns = tuple(owns)
        self.watches = dict(watches or {})
        self.kinds = frozenset({kind, *self.owns, *self.watches})
        self.workers = workers
        self.deadline = deadline
        self.clock = clock
        self.breaker = breaker or Breaker(clock=clock)
        self.flag = flag
        self.may_wait = may_wait
        self.queue: Queue[Request] = Queue(clock=clock, most_suspects=max(1, workers - 1), most_background=BACKGROUND)
        self.tasks: dict[Request, tuple[asyncio.Task[None], float]] = {}
        self.slow: deque[tuple[Request, float, float]] = deque(maxlen=16)
        self.is_running = False
        self._turn = asyncio.Lock()
        self.observe: Callable[[str, Outcome, float], None] | None = None

    def notice(self, change: Change, *, store: Store, priority: int = NEWS) -> None:
        """Queue every request that `change` makes; where news come too thick, for later."""
        found = requests(change, kind=self.kind, owns=self.owns, watches=self.watches, store=store)
        wait = self.may_wait(change) if found and change.kind in self.owns else 0.0
        owners = set(of_owner(change, self.kind, store)) if wait else ()
        for request in found:
            if priority != NEWS or request in self.queue:
                self.queue.add(request, priority)
            else:
                pause = self.breaker.pause(request, change)
                self.queue.add_after(request, max(pause, wait) if request in owners else pause, priority)

    async def run(self) -> None:
        """Reconcile until the queue is shut; what runs then is finished first."""
        self.is_running = True
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(self.workers):
                    group.create_task(self._work(), name=f"{self.kind} worker {number}")
        finally:
            self.is_running = False

    async def _work(self) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        while True:
            try:
                request = await self.queue.get()
            except ShutDown:
                return
            if self.queue.is_background(request):
                await self._takes_turn()
            started = self.clock()
            self.tasks[request] = task, started
            try:
                outcome = await self._attempt(request)
            finally:
                del self.tasks[request]
                self.queue.done(request)
            ended = self.clock()
            if ended - started > SLOW:
                self.slow.append((request, ended - started, ended))
            if self.observe is not None:
                self.observe(self.kind, outcome, ended - started)
            # A reconcile that asks the server nothing never waits: without this, a worker would empty a long queue
            # while everything else in the event loop stands still.
            await asyncio.sleep(0)

    async def _takes_turn(self) -> None:
        """Wait until nobody else has begun with an object, of which nothing is new, in this turn of the event loop.

        Most such reconciles end without a request: several in one turn would keep the answers to others waiting. While
        anything new is in work, or was a moment ago, the machine is left to it and to the API server, but for one such
        object in 5 ms.
        """
        await self._turn.acquire()
        loop = asyncio.get_running_loop()
        if self.queue.has_news:
            loop.call_later(ASIDE, self._turn.release)
        else:
            loop.call_soon(self._turn.release)

    async def _attempt(self, request: Request) -> Outcome:
        """Run one reconcile and settle what comes next for its key."""
        deadline = asyncio.timeout(self.deadline)
        try:
            async with deadline:
                result = await self.reconcile(request)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Nobody cancelled this worker: the reconcile awaited something that was cancelled, which is its own fault.
            return await self._failed(request, error, Outcome.PANIC)
        except Postponed as postponed:
            log.debug("%s: %s", request, postponed.message)
            return self._settled(request, postponed.after)
        except TerminalError as error:
            log.error("%s: %s; waiting for a change (%s)", request, error.message, error.reason)
            self.queue.forget(request)
            await self._tell(request, conditions.stalled(error.reason, error.message))
            return Outcome.TERMINAL
        except PrismError as error:
            return await self._failed(request, error, Outcome.ERROR)
        except Exception as error:  # noqa: BLE001 - the worker's guard: one key's fault must not stop the others
            return await self._failed(request, error, Outcome.TIMEOUT if deadline.expired() else Outcome.PANIC)
        return self._settled(request, result.requeue_after)

    def _settled(self, request: Request, again: float | None) -> Outcome:
        self.queue.forget(request)
        if again is None:
            return Outcome.SUCCESS
        self.queue.add_after(request, again)
        return Outcome.LATER

    async def _failed(self, request: Request, error: BaseException, outcome: Outcome) -> Outcome:
        asked = error.retry_after if isinstance(error, ApiError) else None
        seconds = self.queue.add_rate_limited(request, at_least=asked or 0.0)
        log.error(
            "%s: %s; try %d, again in %.3g s",
            request,
            self._said(error, outcome),
            self.queue.failures(request),
            seconds,
        )
        log.debug("%s: where it failed", request, exc_info=error)
        if outcome is Outcome.TIMEOUT or (seconds >= FLAGGED and not is_passing(error)):
            message = f"{self._told(error, outcome)}; it is tried again and again"
            await self._tell(request, conditions.reconciling("ReconcileError", message))
        return outcome

    async def _tell(self, request: Request, marks: list[Mark]) -> None:
        """Tell on the object what is wrong, if that can be; the next reconcile that ends well takes it back."""
        if self.flag is None:
            return
        try:
            async with asyncio.timeout(self.deadline):
                await self.flag(request, marks)
        except Exception as error:  # noqa: BLE001 - part of the worker's guard
            log.debug("%s: its status could not tell: %s", request, error)

    def _said(self, error: BaseException, outcome: Outcome) -> str:
        match outcome:
            case Outcome.TIMEOUT:
                return f"took longer than {self.deadline:g} s"
            case Outcome.ERROR:
                return str(error)
            case _:
                return f"unexpected {type(error).__name__}: {error}"

    def _told(self, error: BaseException, outcome: Outcome) -> str:
        """Return what may stand on the object: of an error that nobody expected nothing is known but its kind."""
        is_known = outcome in (Outcome.TIMEOUT, Outcome.ERROR)
        return self._said(error, outcome) if is_known else f"unexpected {type(error).__name__}: a fault of the operator"
