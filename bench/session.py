"""One peer in an arena of its own, through every workload: what `python -m bench` runs in turn for every peer."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field

from bench import eyes, objects, peers, restarts, wire, workloads
from bench.arena import NAMESPACE, arena
from bench.peers import FLOOR, OURS, ROOT, Failed, Peer
from bench.stage import Figures, Scale, Stage
from bench.wire import Refused
from bench.workloads import REPAIR
from kubectl_prism.sandbox.programs import Binaries


@dataclass(slots=True)
class Outcome:
    """What a session found: figures, requests of the create workload by verb and resource, what ended it early."""

    figures: Figures = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    failure: str | None = None


def play(peer: Peer, scale: Scale, programs: Binaries) -> Outcome:
    """Take one peer through all workloads; where it fails, the figures are those until then."""
    outcome = Outcome()
    try:
        asyncio.run(_play(peer, scale, programs, outcome))
    except* (Failed, Refused) as errors:
        outcome.failure = f"{peer.name}: {first(errors)}"
    return outcome


def first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error of a group of groups."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _play(peer: Peer, scale: Scale, programs: Binaries, outcome: Outcome) -> None:
    with arena(programs, peer.crds) as place:
        async with (
            wire.opened(place.sandbox.server, place.ca, place.person.token) as person,
            eyes.opened(person) as watcher,
        ):
            stage = Stage(peer, place, person, watcher, scale)
            if peer.name == FLOOR:
                async with wire.opened(place.sandbox.server, place.ca, place.peer.token) as bare:
                    outcome.figures |= await workloads.floor(stage, bare)
            else:
                await _operate(stage, outcome)


async def _operate(stage: Stage, outcome: Outcome) -> None:
    with peers.started(stage.peer, stage.arena.peer) as stage.process:
        await workloads.warm_up(stage)
        figures, outcome.requests = await workloads.create(stage)
        outcome.figures |= figures | await workloads.rest(stage)
        found = await workloads.changes(stage, version="idle", count=stage.scale.changes)
        outcome.figures |= {f"idle change, {name}": value for name, value in found.items()}
        outcome.figures |= await workloads.drift(stage)
        await stage.eyes.all_ready(within=REPAIR)
        await stage.quiet(stage.process)  # what it ends with undone would be to do at the next start
    outcome.figures |= await restarts.cold_start(stage, label="cold start")
    if stage.peer.name == OURS:
        outcome.figures |= await _inside(stage)
    if stage.scale.pods:
        await stage.wire.create_all(objects.pods(stage.scale.pods))
        await _calm(stage)
        outcome.figures |= await restarts.cold_start(stage, label=f"cold start with {stage.scale.pods} pods")
    if stage.scale.outage:
        with peers.started(stage.peer, stage.arena.peer) as stage.process:
            await workloads.warm_up(stage, "before-the-outage")
            outcome.figures |= await restarts.outage(stage)


async def _inside(stage: Stage) -> Figures:
    """Run our engine where it can be looked into, and change patterns while it resyncs."""
    command = [sys.executable, "-m", "bench.inside", str(stage.arena.peer.kubeconfig), str(stage.scale.resyncs)]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # as every peer: Linux shares processors out by session
    )
    assert process.stdin is not None
    assert process.stdout is not None
    figures: Figures = json.loads(await process.stdout.readline())
    found = await workloads.changes(stage, version="resync", count=stage.scale.changes, is_idle=False)
    figures |= {f"change during a resync, {name}": value for name, value in found.items()}
    await stage.eyes.all_ready(within=60)
    process.stdin.close()
    figures |= json.loads(await process.stdout.readline())
    await process.wait()
    return figures


async def _calm(stage: Stage) -> None:
    """Wait until the simulated machines run all bare pods."""
    path = ["get", "pods", f"--namespace={NAMESPACE}", "--selector=app.kubernetes.io/name=bare"]
    command = [str(stage.arena.kubectl), f"--kubeconfig={stage.arena.person.kubeconfig}", *path]
    pending = [*command, "--field-selector=status.phase!=Running", "--output=name", "--chunk-size=0"]
    for _ in range(120):
        process = await asyncio.create_subprocess_exec(*pending, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        found, _errors = await process.communicate()
        if process.returncode == 0 and not found.strip():
            return
        await asyncio.sleep(1)
