"""What an operator does when it comes back: cold starts over what exists, and an API server that was away.

While the API server is down another socket takes its port, counts connections and closes each after its hello; the
other programs of the cluster are held still meanwhile, so that every attempt is the operator's.
"""

from __future__ import annotations

import asyncio
import math
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench import objects, peers
from bench.arena import NAMESPACE
from bench.stage import PATIENCE, Figures, Stage, Stopwatch, reached
from bench.workloads import REPAIR
from kubectl_prism.sandbox.cluster import Sandbox

AFTER = "after-the-outage"


async def cold_start(stage: Stage, *, label: str) -> Figures:
    """Start the operator over what exists with nothing to do, then once more with one change waiting for it."""
    figures: Figures = {}
    mark, watch = stage.audit.mark(), Stopwatch()
    with peers.started(stage.peer, stage.arena.peer) as process:
        is_ours = stage.peer.name == peers.OURS
        if is_ours:
            done = await reached(lambda: has_looked_at(stage.scale.patterns), within=PATIENCE, every=0.05)
            figures[f"{label}, s until all are looked at"] = watch.read() if done else math.inf
        await stage.quiet(process)
        requests = stage.asked(mark)
        figures[f"{label}, CPU s"] = process.seconds()
        figures[f"{label}, writes"] = sum(asked.is_write for asked in requests)
        figures[f"{label}, requests"] = len(requests)
        figures[f"{label}, RSS MiB"] = process.memory()
    name, image = objects.names(stage.scale.patterns)[-1], f"ghcr.io/prism/keyvalue-runner:{len(label)}-missed"
    await stage.wire.change("PrismPattern", NAMESPACE, name, {"spec": {"image": image}})
    watch = Stopwatch()
    with peers.started(stage.peer, stage.arena.peer) as process:
        done = bool(await stage.eyes.until(lambda: stage.eyes.deployments[name].image == image, within=PATIENCE))
        figures[f"{label}, s to a missed change"] = watch.read() if done else math.inf
        await stage.eyes.all_ready(within=REPAIR)
        await stage.quiet(process)
    return figures


def has_looked_at(patterns: int) -> bool:
    """Tell whether our operator has reconciled so many patterns and has nothing left to do, by its own metrics."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{peers.PORT}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return False
    values = {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines) if name[:1] != "#"}
    reconciled = sum(
        value
        for name, value in values.items()
        if name.startswith("controller_runtime_reconcile_total") and "prismpattern" in name
    )
    busy = sum(
        value
        for name, value in values.items()
        if name.startswith(("workqueue_depth", "controller_runtime_active_workers"))
    )
    return reconciled >= patterns and busy == 0


async def outage(stage: Stage) -> Figures:
    """Kill the API server, count attempts to connect, start it again, and ask for something new."""
    server = Server.of(stage.arena.sandbox)
    stage.eyes.open.clear()
    server.kill()
    with server.others_held():
        async with counting(stage.arena.sandbox.server) as attempts:
            await asyncio.sleep(stage.scale.outage)
            count = attempts[0]
    with server.again(stage.arena.audit.with_name("api-server-again.log")):
        return {"attempts per second while down": count / stage.scale.outage} | await _recovery(stage)


async def _recovery(stage: Stage) -> Figures:
    end = Stopwatch()
    while not await stage.wire.serves():
        assert end.read() < 60, "the API server did not come back"
        await asyncio.sleep(0.02)
    watch = Stopwatch()
    stage.eyes.open.set()
    assert stage.process is not None
    has_ended = stage.process.revive()
    await stage.wire.create(objects.pattern(AFTER))
    made = await stage.eyes.until(lambda: AFTER in stage.eyes.deployments, within=2 * REPAIR)
    seconds = watch.read() if made else math.inf
    if not made:
        stage.running.check()
    ready = await stage.eyes.until(lambda: AFTER in stage.eyes.ready, within=2 * REPAIR if made else 1)
    return {
        "ended by the outage (1: yes)": float(has_ended),
        "s from readyz to a new pattern's Deployment": seconds,
        "s from readyz to it being Ready": watch.read() if ready else math.inf,
    }


@dataclass(frozen=True, slots=True)
class Server:
    """The API server's process, how it was started, and the pids of who else speaks to it in the cluster."""

    pid: int
    command: tuple[str, ...]
    folder: str
    others: tuple[int, ...]

    @classmethod
    def of(cls, sandbox: Sandbox) -> Server:
        """Find it in a sandbox."""
        pids = {component.name: component.pid for component in sandbox.components if component.pid}
        pid = pids.pop("kube-apiserver")
        pids.pop("etcd")
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]
        return cls(pid, tuple(command), os.readlink(f"/proc/{pid}/cwd"), tuple(pids.values()))

    def kill(self) -> None:
        """Kill it as a crash would, and wait until it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        while Path(f"/proc/{self.pid}/cmdline").exists() and Path(f"/proc/{self.pid}/cmdline").read_bytes():
            time.sleep(0.01)

    @contextmanager
    def others_held(self) -> Iterator[None]:
        """Hold the others still."""
        for pid in self.others:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in self.others:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    @contextmanager
    def again(self, log: Path) -> Iterator[None]:
        """Start it as it was started before; it ends with the block."""
        with log.open("wb") as out:
            process = subprocess.Popen(self.command, cwd=self.folder, stdout=out, stderr=out, start_new_session=True)
        try:
            yield
        finally:
            process.kill()
            process.wait()


@asynccontextmanager
async def counting(server: str) -> AsyncIterator[list[int]]:
    """Listen where the API server was; every connection is counted, and closed once it has said hello."""
    attempts, address = [0], urlsplit(server)

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        attempts[0] += 1
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await reader.read(65536)
        writer.close()

    async with await _listening(count, address.hostname or "", address.port or 0):
        yield attempts


async def _listening(count: Callable[..., Awaitable[None]], host: str, port: int) -> asyncio.Server:
    """Take the address once the kernel has cleared away what the killed server held."""
    watch = Stopwatch()
    while True:
        try:
            return await asyncio.start_server(count, host, port, backlog=512)
        except OSError:
            if watch.read() > 5:
                raise
        await asyncio.sleep(0.01)
