"""Fills an API server with a crowd, and changes it: `python -m bench.filling SERVER CA KUBECONFIG PER_SECOND [quick]`.

Run by itself it changes one object after the other until its input closes, and prints how many those were a second. Who
reconciles in the cluster is held still meanwhile, for the crowd's status is told by the bench.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from bench import crowd, wire
from bench.arena import NAMESPACE, Arena
from bench.crowd import Crowd
from bench.wire import Refused, Wire
from kubectl_prism.model.meta import Manifest

EVERY = 0.02
"""Seconds between two handfuls of changes."""
PATIENCE = 60.0
FIRST_TIER = 1
"""The nodes are there already."""


async def fill(person: Wire, size: Crowd) -> int:
    """Create a crowd, and say how each object is; return how many objects there are."""
    uids: dict[tuple[str, str], str] = {}
    count = 0
    for tier in itertools.islice(crowd.tiers(size), FIRST_TIER, None):
        await _create(person, tier, uids)
        count += len(tier)
    return count


async def _create(person: Wire, tier: Iterable[Manifest], uids: dict[tuple[str, str], str]) -> None:
    async def one(obj: Manifest) -> None:
        kind, name, status = obj["kind"], obj["metadata"]["name"], obj.pop("status", None)
        for owner in obj["metadata"].get("ownerReferences", ()):
            owner["uid"] = uids[owner["kind"], owner["name"]]
        made = await person.create(obj)
        uids[kind, name] = made["metadata"]["uid"]
        if status is not None:
            await person.tell(kind, NAMESPACE, name, status)

    async with asyncio.TaskGroup() as group:
        for obj in tier:
            group.create_task(one(obj))


async def ready(person: Wire) -> None:
    """Wait until pods may be made: their namespace has its ServiceAccount."""
    end = time.monotonic() + PATIENCE
    while b'"default"' not in await person.list("ServiceAccount", NAMESPACE):
        assert time.monotonic() < end, "the namespace got no ServiceAccount"
        await asyncio.sleep(0.1)


async def change(person: Wire, size: Crowd, per_second: float, closed: asyncio.Future[Any]) -> float:
    """Change one object after the other until `closed`; return how many a second were changed."""
    began, sent = time.monotonic(), 0
    tasks: set[asyncio.Task[None]] = set()
    while not closed.done():
        await asyncio.sleep(EVERY)
        due = int((time.monotonic() - began) * per_second)
        if len(tasks) > per_second:
            continue  # a server that cannot keep up is not asked for more
        for beat in range(sent + 1, due + 1):
            kind, name, status = crowd.change(beat, size)
            task = asyncio.create_task(_tell(person, kind, name, status))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        sent = max(sent, due)
    await asyncio.gather(*tasks)
    return sent / (time.monotonic() - began)


async def _tell(person: Wire, kind: str, name: str, status: Manifest) -> None:
    try:
        await person.tell(kind, NAMESPACE, name, status)
    except Refused as error:
        print(f"error: {error}", file=sys.stderr)


async def main(server: str, ca: str, kubeconfig: str, per_second: str, *quick: str) -> None:
    """Change until the input closes."""
    token = yaml.safe_load(Path(kubeconfig).read_text())["users"][0]["user"]["token"]  # noqa: ASYNC240 - one small file
    closed = asyncio.ensure_future(asyncio.to_thread(sys.stdin.read))
    async with wire.opened(server, Path(ca), token) as person:
        print(await change(person, crowd.QUICK if quick else crowd.FULL, float(per_second), closed))


def command(place: Arena, per_second: float, *, quick: bool) -> list[str]:
    """Return the command that changes what is in an arena."""
    login = [place.sandbox.server, str(place.ca), str(place.person.kubeconfig)]
    return [sys.executable, "-m", "bench.filling", *login, str(per_second), *(["quick"] if quick else [])]


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
