"""Who is next: a deduplicating queue with priorities, delays and a backoff per item.

Controllers put requests in and workers take them out; one item is never handed to two workers at once, and an item
added while it is being worked on is kept until `done`. A run that begins makes good for every wish for a later one. It
knows nothing about what its items mean.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
import time
from collections import deque
from collections.abc import Callable, Hashable
from math import inf
from typing import Generic, TypeVar

NEWS = 0
"""The priority of a change that somebody is waiting for."""

RETRY = -50
"""The priority of a reconcile that failed before: a storm of retries never starves news."""

RESYNC = -100
"""The priority of the first list and of resyncs: nothing new is known about these."""

FIRST_RETRY = 0.005
LAST_RETRY = 1000.0

LINGER = 0.1
"""The seconds after the last of them in which more news are likely, and other programs busy with what came of it."""

TICK = 1e-6
"""The seconds by which an event loop may call too early: what is due within them is due now."""

Item = TypeVar("Item", bound=Hashable)


class ShutDown(Exception):
    """The queue gives out no more items."""


class Queue(Generic[Item]):
    """A work queue for one event loop; `waited` and `worked` are told the seconds in the queue and in work.

    At most `most_suspects` items that failed the last time are worked on at once: were it as many as there are workers,
    a few items that hang would keep everything else waiting. At most `most_background` items of a resync are, which
    leaves workers for news.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        waited: Callable[[float], None] | None = None,
        worked: Callable[[float], None] | None = None,
        most_suspects: float = inf,
        most_background: float = inf,
    ) -> None:
        self.clock = clock
        self.jitter = jitter
        self.waited = waited
        self.worked = worked
        self.most_suspects = most_suspects
        self.most_background = most_background
        self.adds = 0
        self.retries = 0
        self.is_shut = False
        self._order = itertools.count()
        self._dirty: dict[Item, tuple[int, float]] = {}  # item → priority, time of the first add
        self._ready: list[tuple[int, int, Item]] = []  # heap of (-priority, order, item); stale entries are skipped
        self._suspects: list[tuple[int, int, Item]] = []  # the same, of items that failed the last time
        self._processing: dict[Item, float] = {}  # item → time of the start
        self._on_trial: set[Item] = set()  # the suspects among these
        self._in_background: set[Item] = set()  # those of a resync among these
        self._delayed: dict[Item, tuple[float, int]] = {}  # item → due time, priority
        self._timers: list[tuple[float, int, Item]] = []  # heap of (due, order, item); stale entries are skipped
        self._failures: dict[Item, int] = {}
        self._not_before: dict[Item, float] = {}  # item → the time until which somebody asked to be left alone with it
        self._last_news = -inf  # the time at which the last item was done that was not of a resync
        self._waiters: deque[asyncio.Future[None]] = deque()

    def __contains__(self, item: Item) -> bool:
        """Tell whether a run of `item` is due, now or once it is done."""
        return item in self._dirty

    @property
    def has_news(self) -> bool:
        """Whether anything is in work that is not of a resync, or was a moment ago."""
        return len(self._processing) > len(self._in_background) or self.clock() - self._last_news < LINGER

    def is_background(self, item: Item) -> bool:
        """Tell whether `item` is in work, and of a resync."""
        return item in self._in_background

    def add(self, item: Item, priority: int = NEWS) -> None:
        """Ask for one run of `item`; asking again before it ran keeps the higher priority."""
        if self.is_shut:
            return
        if (rest := self._not_before.get(item, -inf) - self.clock()) > TICK:
            self.add_after(item, rest, priority)
            return
        known = self._dirty.get(item)
        if known is None:
            self.adds += 1
            self._dirty[item] = (priority, self.clock())
        elif known[0] < priority:
            self._dirty[item] = (priority, known[1])
        else:
            return
        if item not in self._processing:
            self._offer(item, priority)

    def add_after(self, item: Item, seconds: float, priority: int = NEWS) -> None:
        """Ask for one run of `item` in `seconds`; of several such wishes the earliest counts."""
        if seconds <= 0:
            self.add(item, priority)
            return
        due = self.clock() + seconds
        known = self._delayed.get(item)
        if self.is_shut or (known is not None and known[0] <= due):
            return
        self._delayed[item] = (due, priority)
        heapq.heappush(self._timers, (due, next(self._order), item))
        self._wake()

    def add_rate_limited(self, item: Item, *, at_least: float = 0.0) -> float:
        """Ask for another run after a failure; return the delay: 5 ms doubling to 1000 s, half of it by chance.

        It is `at_least` so many seconds, which somebody asked for, and up to a tenth more; news do not cut that short.
        """
        failures = self._failures.get(item, 0)
        self._failures[item] = failures + 1
        self.retries += 1
        chance = self.jitter()
        seconds = min(FIRST_RETRY * 2.0 ** min(failures, 60), LAST_RETRY) * (0.5 + 0.5 * chance)
        seconds = max(seconds, at_least * (1.0 + 0.1 * chance))
        if at_least:
            self._not_before[item] = self.clock() + seconds
            self._dirty.pop(item, None)  # what came while it was worked on is seen by then, too
            self._delayed.pop(item, None)
        self.add_after(item, seconds, RETRY)
        return seconds

    def forget(self, item: Item) -> None:
        """Drop the failures of `item`: its next failure is its first."""
        self._failures.pop(item, None)

    def failures(self, item: Item) -> int:
        """Return how often `item` failed since it was last forgotten."""
        return self._failures.get(item, 0)

    def take(self) -> Item | None:
        """Return the next item and mark it as being worked on; None where none is due."""
        self._promote()
        while not self.is_shut and (heap := self._next()):
            negative, _, item = heapq.heappop(heap)
            known = self._dirty.get(item)
            if known is None or known[0] != -negative or item in self._processing:
                continue
            del self._dirty[item]
            self._delayed.pop(item, None)
            self._not_before.pop(item, None)
            self._processing[item] = now = self.clock()
            if heap is self._suspects:
                self._on_trial.add(item)
            if known[0] <= RESYNC:
                self._in_background.add(item)
            if self.waited is not None:
                self.waited(now - known[1])
            return item
        return None

    async def get(self) -> Item:
        """Wait for the next item; raise ShutDown once the queue is shut."""
        while (item := self.take()) is None:
            if self.is_shut:
                raise ShutDown
            await self._news()
        return item

    def done(self, item: Item) -> None:
        """End the work on `item`; where it was added meanwhile it becomes due now."""
        started = self._processing.pop(item)
        if self.worked is not None:
            self.worked(self.clock() - started)
        if (known := self._dirty.get(item)) is not None:
            self._offer(item, known[0])
        if item not in self._in_background:
            self._last_news = self.clock()
        if item in self._on_trial or item in self._in_background:
            self._on_trial.discard(item)
            self._in_background.discard(item)
            self._wake()

    def shutdown(self) -> None:
        """Hand out nothing any more and send every waiting worker home."""
        self.is_shut = True
        while self._waiters:
            self._wake()

    def depth(self, priority: int | None = None) -> int:
        """Return how many items are due or wait for their running self, of one priority where it is given."""
        if priority is None:
            return len(self._dirty)
        return sum(1 for known, _ in self._dirty.values() if known == priority)

    @property
    def priorities(self) -> list[int]:
        """The priorities of what is due, highest first."""
        return sorted({priority for priority, _ in self._dirty.values()}, reverse=True)

    @property
    def active(self) -> int:
        """How many items are being worked on."""
        return len(self._processing)

    @property
    def oldest(self) -> tuple[Item, float] | None:
        """The item that waits longest, and its seconds; None where none waits."""
        return next(((item, self.clock() - since) for item, (_, since) in self._dirty.items()), None)

    @property
    def due(self) -> dict[Item, tuple[int, float]]:
        """What is due, or waits for its running self: its priority, and the seconds that it waits, longest first."""
        now = self.clock()
        return {item: (priority, now - since) for item, (priority, since) in self._dirty.items()}

    @property
    def delayed(self) -> dict[Item, float]:
        """The seconds that each delayed item is still put off."""
        now = self.clock()
        return {item: due - now for item, (due, _) in self._delayed.items()}

    @property
    def running(self) -> dict[Item, float]:
        """The seconds that each item in work has been worked on so far."""
        now = self.clock()
        return {item: now - started for item, started in self._processing.items()}

    @property
    def failed(self) -> dict[Item, int]:
        """How often each item failed that did not succeed since."""
        return dict(self._failures)

    @property
    def next_due(self) -> float | None:
        """The clock's time of the earliest delayed item."""
        while self._timers and self._delayed.get(self._timers[0][2], (None, 0))[0] != self._timers[0][0]:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def _offer(self, item: Item, priority: int) -> None:
        heap = self._suspects if item in self._failures else self._ready
        heapq.heappush(heap, (-priority, next(self._order), item))
        self._wake()

    def _next(self) -> list[tuple[int, int, Item]]:
        """Return the heap whose turn it is, empty where nothing may be begun."""
        heap = self._suspects
        if not heap or len(self._on_trial) >= self.most_suspects or (self._ready and self._ready[0] < heap[0]):
            heap = self._ready
        is_background = bool(heap) and heap[0][0] >= -RESYNC
        return [] if is_background and len(self._in_background) >= self.most_background else heap

    def _promote(self) -> None:
        soon = self.clock() + TICK
        while (due := self.next_due) is not None and due <= soon:
            _, _, item = heapq.heappop(self._timers)
            _, priority = self._delayed.pop(item)
            self.add(item, priority)

    def _wake(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    async def _news(self) -> None:
        """Wait until something may be due; a worker cancelled on the way hands its wake-up to the next one."""
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._waiters.append(waiter)
        due = self.next_due
        timer = None if due is None else loop.call_later(max(0.0, due - self.clock()), _fulfil, waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._wake()
            raise
        finally:
            if timer is not None:
                timer.cancel()
            if waiter in self._waiters:
                self._waiters.remove(waiter)


def _fulfil(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
