"""Our engine in a process of its own, for what only the inside shows: full resyncs and stalls of the event loop.

`python -m bench.inside KUBECONFIG RESYNCS` syncs, resyncs so many times and prints what it took as one line of JSON;
then it resyncs without end until its input closes, so that changes can be made meanwhile, and prints another line.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.stage import reached
from bench.sums import percentile
from kubectl_prism.cli.loop import run
from kubectl_prism.kube.config import Connection, load
from kubectl_prism.model.meta import key
from kubectl_prism.reconcile.engine import Engine, engine
from kubectl_prism.reconcile.queue import RESYNC, Queue
from kubectl_prism.reconcile.request import Request

TICK = 0.005
KIND = "PrismPattern"


class Stalls:
    """How late a task woke up that wanted to wake every 5 ms, in milliseconds."""

    def __init__(self) -> None:
        self.late: list[float] = []

    def take(self) -> dict[str, float]:
        """Return p99 and maximum, and begin anew."""
        late, self.late = self.late, []
        return {"stall p99, ms": percentile(late, 0.99), "stall max, ms": max(late, default=0.0)}

    async def measure(self) -> None:
        """Measure for ever."""
        while True:
            began = time.perf_counter()
            await asyncio.sleep(TICK)
            self.late.append((time.perf_counter() - began - TICK) * 1000)


def enqueue(running: Engine) -> int:
    """Ask for every pattern as the engine's own resync does; return how many there are."""
    found = running.store.list(KIND)
    queue = _queue(running)
    for obj in found:
        queue.add(Request(KIND, *key(obj)), RESYNC)
    return len(found)


async def resync(running: Engine) -> tuple[int, float]:
    """Run one full resync; return the number of objects and the seconds."""
    began = time.perf_counter()
    count = enqueue(running)
    await reached(lambda: is_idle(running), within=120, every=0.001)
    return count, time.perf_counter() - began


def is_idle(running: Engine) -> bool:
    """Tell whether nothing is due and nothing runs."""
    return all(controller.queue.depth() == 0 == controller.queue.active for controller in running.manager.controllers)


def _asked(running: Engine) -> int:
    """Return how many requests were sent, but for the Lease's and for watches, which end and begin by the clock."""
    lines = running.metrics.text().decode().splitlines()
    sent = (line for line in lines if line.startswith("rest_client_requests_total{"))
    counted = (line for line in sent if 'kind="Lease"' not in line and 'verb="watch"' not in line)
    return int(sum(float(line.rpartition(" ")[2]) for line in counted))


def _queue(running: Engine) -> Queue[Request]:
    return next(controller.queue for controller in running.manager.controllers if controller.kind == KIND)


@asynccontextmanager
async def opened(kubeconfig: str) -> AsyncIterator[tuple[Engine, Stalls]]:
    """Run the engine until the block ends; it is synced and idle when the block begins."""
    stalls = Stalls()
    async with engine(load(Connection(kubeconfig=kubeconfig))) as running:
        measuring = asyncio.create_task(stalls.measure())
        managing = asyncio.create_task(running.manager.run())
        await running.manager.synced.wait()
        await asyncio.sleep(0.1)
        await reached(lambda: is_idle(running), within=120)
        try:
            yield running, stalls
        finally:
            running.manager.stop()
            await managing
            measuring.cancel()


async def main(kubeconfig: str, resyncs: int) -> None:
    """Measure, print, go on until the input closes, print."""
    async with opened(kubeconfig) as (running, stalls):
        start = {f"cold start, loop {name}": value for name, value in stalls.take().items()}
        await resync(running)  # the first look after a start reads what later ones remember
        asked, spent = _asked(running), time.process_time()
        stalls.take()
        rounds = [await resync(running) for _ in range(resyncs)]
        count = sum(number for number, _ in rounds)
        say(
            start
            | {
                "no-op reconciles per second": statistics.median(number / seconds for number, seconds in rounds),
                "no-op reconcile, CPU µs": (time.process_time() - spent) / count * 1e6,
                "requests in a full resync": (_asked(running) - asked) / resyncs,
            }
            | {f"resync, loop {name}": value for name, value in stalls.take().items()}
        )
        closed = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
        while not closed.done():
            await resync(running)
        say({f"changes during a resync, loop {name}": value for name, value in stalls.take().items()})


def say(figures: dict[str, float]) -> None:
    """Print one line of JSON."""
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    run(main(sys.argv[1], int(sys.argv[2])))
