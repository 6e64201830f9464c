"""Slows down an object that is woken again and again: somebody else undoes what we do, and neither gives up.

`controller` asks it about every change. Each pair of a request and the object that changed has a bucket of tokens; an
empty one opens the breaker of the request. Changes are then put off and put together, never lost. A bucket is kept as
the one second at which it is full again, so it is nothing once that has passed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from kubectl_prism.model.meta import Key, key
from kubectl_prism.reconcile.request import Request
from kubectl_prism.reconcile.triggers import is_news
from kubectl_prism.store import Change

log = logging.getLogger(__name__)

BURST = 100
REFILL = 1.0
"""How many changes of one object may wake another at once, and how many each second for ever."""

OPEN = 300.0
"""How long a breaker stays open, in seconds."""

SPACING = 30.0
"""The seconds between two reconciles of a request whose breaker is open."""

NAMED = 16
FEW = 1024


class Breaker:
    """The breakers of one controller; `openings` counts how often one opened."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        burst: int = BURST,
        refill: float = REFILL,
        open_for: float = OPEN,
        spacing: float = SPACING,
    ) -> None:
        self.clock = clock
        self.openings = 0
        self._open_for = open_for
        self._spacing = spacing
        self._token = 1 / refill
        self._capacity = burst / refill
        self._full_at: dict[tuple[Request, str, Key], float] = {}
        self._until: dict[Request, float] = {}
        self._next_run: dict[Request, float] = {}  # of an open breaker; may be in the past
        self._sweep_at = FEW

    @property
    def tripped(self) -> dict[Request, float]:
        """The seconds that each open breaker stays open."""
        now = self.clock()
        return {request: until - now for request, until in self._until.items() if until > now}

    def pause(self, request: Request, change: Change) -> float:
        """Return how many seconds from now `request` may run because of `change`; count the change.

        Not counted are changes of status alone, which is how the world reports and answering it writes nothing by
        itself, and that an object appears: who makes one anew for ever lets it go as often.
        """
        now = self.clock()
        if self._until and (until := self._until.get(request)) is not None:
            if now < until:
                return self._spaced(request, now)
            self._close(request)
        if change.old is None or not is_news(change.old, change.new):
            return 0.0
        bucket = request, change.kind, key(change.old)
        known = self._full_at.get(bucket, now)
        full_at = self._full_at[bucket] = (known if known > now else now) + self._token
        if full_at - now > self._capacity:
            self._trip(request, now)
            return self._spaced(request, now)
        if len(self._full_at) > self._sweep_at:
            self._sweep(now)
        return 0.0

    def _spaced(self, request: Request, now: float) -> float:
        """Return the seconds to the run that is due next, or make one due: `_spacing` after the one before."""
        if self._next_run[request] <= now:
            self._next_run[request] = max(now, self._next_run[request] + self._spacing)
        return self._next_run[request] - now

    def _trip(self, request: Request, now: float) -> None:
        self.openings += 1
        self._until[request] = now + self._open_for
        self._next_run[request] = now
        log.warning(
            "%s is woken again and again, by changes of %s; for %g s it is reconciled every %g s at most",
            request,
            ", ".join(self._sources(request, now)),
            self._open_for,
            self._spacing,
        )

    def _close(self, request: Request) -> None:
        del self._until[request], self._next_run[request]

    def _sources(self, request: Request, now: float) -> list[str]:
        """Return who changed lately and woke `request`, who did it most first."""
        found = [
            (-full_at, f"{kind} {name}")
            for (woken, kind, name), full_at in self._full_at.items()
            if woken == request and full_at > now
        ]
        return [source for _, source in sorted(found)[:NAMED]]

    def _sweep(self, now: float) -> None:
        """Drop what is full again; the next sweep waits until the rest has doubled, so that it costs little."""
        self._full_at = {bucket: full_at for bucket, full_at in self._full_at.items() if full_at > now}
        self._sweep_at = max(FEW, 2 * len(self._full_at))
        for request in [request for request, until in self._until.items() if until <= now]:
            self._close(request)
