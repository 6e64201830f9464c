"""What is done to every operator alike while it runs: many objects at once, rest, single changes, drift.

Each workload takes a stage and returns figures. Times are seen by a watcher of the bench, so they hold what the API
server itself takes; the floor says how much that is.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections import Counter

from bench import objects
from bench.arena import NAMESPACE
from bench.audit import Asked, counted
from bench.peers import Failed
from bench.stage import PATIENCE, Figures, Stage, Stopwatch
from bench.sums import percentile
from bench.wire import Wire

WARM = "warm"
DRIFTED = "ghcr.io/somebody/else:v9"
REPAIR = 30.0


async def warm_up(stage: Stage, name: str = WARM) -> None:
    """Wait until the operator has made the Deployment of a new pattern: it is awake."""
    await stage.wire.create(objects.pattern(name))
    if not await stage.eyes.until(lambda: name in stage.eyes.available, within=60):
        stage.running.check()
        raise Failed(f"{stage.peer.name} made no Deployment of one pattern in a minute: {stage.running.said()}")
    await stage.quiet(stage.running, within=10)


async def floor(stage: Stage, bare: Wire) -> Figures:
    """Create what we would make of the patterns, by a bare client, and wait until all of it is available."""
    names = objects.names(stage.scale.patterns)
    wanted = [child for name in names for child in objects.children(name)]
    watch = Stopwatch()
    await bare.create_all(wanted)
    made = watch.read()
    available = await stage.eyes.until(lambda: len(stage.eyes.available) >= len(names), within=PATIENCE)
    return {
        "seconds to available": watch.read() if available else math.inf,
        "seconds to create": made,
        "requests per object": len(wanted) / len(names),
    }


async def create(stage: Stage) -> tuple[Figures, Counter[str]]:
    """Create the patterns at once; return the figures and the operator's requests by verb and resource."""
    eyes, names = stage.eyes, objects.names(stage.scale.patterns)
    everyone = len(names) + 1
    before, spent, mark = stage.running.memory(), stage.running.seconds(), stage.audit.mark()
    watch = Stopwatch()
    await stage.wire.create_all(objects.pattern(name) for name in names)
    available = await eyes.until(lambda: len(eyes.available) >= everyone, within=PATIENCE)
    to_available = watch.read() if available else math.inf
    ready = await eyes.until(lambda: len(eyes.ready) >= everyone, within=PATIENCE if available else 1)
    to_ready = watch.read() if ready else math.inf
    await stage.quiet(stage.running)
    requests = stage.asked(mark)
    return {
        "seconds to available": to_available,
        "seconds to Ready": to_ready,
        "requests per object": len(requests) / len(names),
        "writes per object": sum(asked.is_write for asked in requests) / len(names),
        "CPU per object, ms": (stage.running.seconds() - spent) / len(names) * 1000,
        "RSS before, MiB": before,
        "RSS, MiB": stage.running.memory(),
    }, counted(requests)


async def rest(stage: Stage) -> Figures:
    """Do nothing; what the operator does then is its own idea."""
    mark, spent = stage.audit.mark(), stage.running.seconds()
    await asyncio.sleep(stage.scale.rest)
    requests = stage.asked(mark)
    return {
        "writes per second at rest": sum(asked.is_write for asked in requests) / stage.scale.rest,
        "CPU at rest, % of a core": (stage.running.seconds() - spent) / stage.scale.rest * 100,
    }


async def changes(stage: Stage, *, version: str, count: int, is_idle: bool = True) -> Figures:
    """Change one pattern's image after another; return how long the operator took to act.

    First write: from the API server's receiving the change to its receiving the operator's first write to that pattern
    or its Deployment, by its own clock. Seen: from sending the change until a watcher sees the Deployment changed. In
    an idle cluster each change waits until the rollout of the one before is over.
    """
    names = itertools.islice(itertools.cycle(objects.names(stage.scale.patterns)), count)
    mark, seen = stage.audit.mark(), []
    for number, name in enumerate(names):
        image = f"ghcr.io/prism/keyvalue-runner:{version}-{number}"
        watch = Stopwatch()
        await stage.wire.change("PrismPattern", NAMESPACE, name, {"spec": {"image": image}})
        has_come = await stage.eyes.until(lambda: stage.eyes.deployments[name].image == image, within=REPAIR)  # noqa: B023
        seen.append(watch.read() * 1000 if has_come else math.inf)
        if is_idle:
            await stage.eyes.until(lambda: {name} <= stage.eyes.available & stage.eyes.ready, within=REPAIR)  # noqa: B023
            await asyncio.sleep(0.1)
    await asyncio.sleep(0.2)
    first = first_writes(stage, mark)
    return {
        "first write p50, ms": percentile(first, 0.5),
        "first write p99, ms": percentile(first, 0.99),
        "seen p50, ms": percentile(seen, 0.5),
        "seen p99, ms": percentile(seen, 0.99),
    }


def first_writes(stage: Stage, mark: int) -> list[float]:
    """Return the milliseconds from every change of a pattern by the person to the operator's first write for it."""
    deployments = {seen.metadata.name: name for name, seen in stage.eyes.deployments.items()}
    open_changes: dict[str, Asked] = {}
    found: list[float] = []
    users = {stage.arena.peer.user, stage.arena.person.user}
    for asked in stage.audit.since(mark, users):
        name = asked.object_ref.name
        if asked.user.username == stage.arena.person.user:
            open_changes[name] = asked
        elif asked.is_write and (change := open_changes.pop(deployments.get(name, name), None)):
            found.append((asked.at - change.at) * 1000)
    return found + [math.inf] * len(open_changes)


async def drift(stage: Stage) -> Figures:
    """Let somebody else change Deployments, half of them their image, half their replicas; wait for the repair."""
    eyes, names = stage.eyes, objects.names(stage.scale.patterns)[-stage.scale.drifted :]
    wanted = {name: (eyes.deployments[name].image, eyes.deployments[name].spec.replicas) for name in names}
    broken: dict[str, int] = {}
    watch = Stopwatch()

    async def breaks(number: int, name: str) -> None:
        seen = eyes.deployments[name]
        container = {"containers": [{"name": seen.spec.template.spec.containers[0].name, "image": DRIFTED}]}
        change = {"spec": {"template": {"spec": container}}} if number % 2 else {"spec": {"replicas": 3}}
        after = await stage.wire.change("Deployment", NAMESPACE, seen.metadata.name, change)
        broken[name] = int(after["metadata"]["resourceVersion"])

    def repaired() -> int:
        return sum(
            eyes.deployments[name].version > version
            and (eyes.deployments[name].image, eyes.deployments[name].spec.replicas) == wanted[name]
            for name, version in broken.items()
        )

    async with asyncio.TaskGroup() as group:
        for number, name in enumerate(names):
            group.create_task(breaks(number, name))
    is_done = await eyes.until(lambda: repaired() == len(names), within=REPAIR)
    seconds = watch.read() if is_done else math.inf
    share = repaired() / len(names) * 100
    await eyes.until(lambda: set(names) <= eyes.available, within=REPAIR if is_done else 1)
    return {f"drift of {len(names)} repaired, s": seconds, "drifted Deployments repaired, %": share}
