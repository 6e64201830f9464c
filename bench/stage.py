"""What every workload has at hand: the arena, the person's client, the watcher, the audit log and the operator.

Workloads return figures by name; a figure that an operator never reaches is infinite.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.arena import Arena
from bench.audit import Asked, Audit
from bench.eyes import Eyes
from bench.peers import Peer, Process
from bench.wire import Wire

Figures = dict[str, float]

QUIET = 3.0
"""Seconds without a request after which an operator has finished what it does after the last object became Ready."""
RESTLESS = 180.0
"""Seconds after which it is taken as it is: it never finishes."""
IDLE_SHARE = 0.05
"""Of a core, what one that has finished may still use."""
PATIENCE = 600.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of everything there is."""

    patterns: int
    changes: int
    drifted: int
    pods: int
    outage: float
    rest: float
    resyncs: int


@dataclass(slots=True)
class Stage:
    """One peer in its arena; `process` is the operator while one runs."""

    peer: Peer
    arena: Arena
    wire: Wire
    eyes: Eyes
    scale: Scale
    process: Process | None = None
    audit: Audit = field(init=False)

    def __post_init__(self) -> None:
        self.audit = Audit(self.arena.audit)

    def asked(self, mark: int) -> list[Asked]:
        """Return what the operator asked of the API server after a mark of the audit log."""
        return self.audit.since(mark, {self.arena.peer.user})

    async def quiet(self, process: Process, *, within: float = RESTLESS) -> None:
        """Wait until the operator is idle and asks nothing but watches: one that paces itself seems idle before."""
        watch = Stopwatch()
        while watch.read() < within:
            mark, spent = self.audit.mark(), process.seconds()
            await asyncio.sleep(QUIET)
            process.check()
            is_idle = process.seconds() - spent <= IDLE_SHARE * QUIET
            if is_idle and all(asked.verb == "watch" for asked in self.asked(mark)):
                return

    @property
    def running(self) -> Process:
        """The operator, which must be running."""
        assert self.process is not None
        self.process.check()
        return self.process


@dataclass(slots=True)
class Stopwatch:
    """Counts seconds."""

    started: float = field(default_factory=time.perf_counter)

    def read(self) -> float:
        """Return the seconds since it was made."""
        return time.perf_counter() - self.started


async def reached(look: Callable[[], bool], *, within: float, every: float = 0.02) -> bool:
    """Poll until `look` is true; tell whether it became so."""
    watch = Stopwatch()
    while not look():
        if watch.read() > within:
            return False
        await asyncio.sleep(every)
    return True
