"""What became of the objects, seen by a watcher that belongs to no operator.

It follows Deployments and PrismPatterns, and knows by name of the pattern which are available and which are Ready.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import aiohttp
import msgspec

from bench.arena import NAMESPACE
from bench.wire import Wire

KINDS = ("Deployment", "PrismPattern")


class _Owner(msgspec.Struct):
    kind: str
    name: str


class _Metadata(msgspec.Struct, rename="camel"):
    name: str = ""
    resource_version: str = ""
    generation: int = 0
    owner_references: list[_Owner] = []


class _Container(msgspec.Struct):
    name: str = ""
    image: str = ""


class _PodSpec(msgspec.Struct):
    containers: list[_Container] = []


class _Template(msgspec.Struct):
    spec: _PodSpec = msgspec.field(default_factory=_PodSpec)


class _Spec(msgspec.Struct):
    template: _Template = msgspec.field(default_factory=_Template)
    replicas: int = 1


class _Condition(msgspec.Struct):
    type: str
    status: str


class _Status(msgspec.Struct, rename="camel"):
    phase: str | None = None
    observed_generation: int = 0
    replicas: int = 0
    updated_replicas: int = 0
    available_replicas: int = 0
    conditions: list[_Condition] = []


class Seen(msgspec.Struct):
    """An object as the API server showed it last."""

    metadata: _Metadata
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)

    @property
    def version(self) -> int:
        """The resourceVersion, as a number."""
        return int(self.metadata.resource_version)

    @property
    def image(self) -> str:
        """The image of a Deployment's first container."""
        containers = self.spec.template.spec.containers
        return containers[0].image if containers else ""

    @property
    def pattern(self) -> str:
        """The name of the pattern that a Deployment belongs to; its own where it belongs to none."""
        owners = self.metadata.owner_references
        return next((owner.name for owner in owners if owner.kind == "PrismPattern"), self.metadata.name)

    @property
    def is_available(self) -> bool:
        """Whether all that a Deployment asks for runs."""
        status, wanted = self.status, self.spec.replicas
        counts = {status.replicas, status.updated_replicas, status.available_replicas}
        return status.observed_generation >= self.metadata.generation and counts == {wanted}

    @property
    def is_ready(self) -> bool:
        """Whether an operator says of a pattern, in one of the usual ways, that it is there."""
        held = {condition.type for condition in self.status.conditions if condition.status == "True"}
        return bool(held & {"Ready", "Available"}) or self.status.phase in ("Running", "Ready")


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _List(msgspec.Struct):
    metadata: _Metadata
    items: list[Seen] = []


T = TypeVar("T")


class Eyes:
    """Everything seen so far; `available` and `ready` hold names of patterns."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._news = asyncio.Event()
        self.deployments: dict[str, Seen] = {}
        self.patterns: dict[str, Seen] = {}
        self.available: set[str] = set()
        self.ready: set[str] = set()
        self.open = asyncio.Event()
        """Cleared while nothing may be asked of the API server; who clears it sets it again."""
        self.open.set()
        self.looking = {kind: asyncio.Event() for kind in KINDS}

    async def until(self, look: Callable[[], T], *, within: float) -> T | None:
        """Return what `look` finds once it finds something, asked after every event; None after `within` seconds."""
        end = time.monotonic() + within
        while not (found := look()):
            self._news.clear()
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + end - time.monotonic()):
                    await self._news.wait()
            except TimeoutError:
                return look() or None
        return found

    async def all_ready(self, *, within: float) -> None:
        """Wait until every rollout is over and told: what comes next starts from rest."""
        await self.until(lambda: self.patterns.keys() <= self.available & self.ready, within=within)

    async def follow(self, kind: str) -> None:
        """Follow one kind for ever; list anew where a watch ends."""
        while True:
            await self.open.wait()
            try:
                found = msgspec.json.decode(await self._wire.list(kind, NAMESPACE), type=_List)
                for item in found.items:
                    self._take(kind, item)
                self.looking[kind].set()
                self._news.set()
                async for line in self._wire.watch(kind, NAMESPACE, found.metadata.resource_version):
                    event = msgspec.json.decode(line, type=_Event)
                    if event.type in ("ADDED", "MODIFIED"):
                        self._take(kind, msgspec.json.decode(event.object, type=Seen))
                        self._news.set()
            except (aiohttp.ClientError, msgspec.MsgspecError, OSError):
                await asyncio.sleep(0.1)

    def _take(self, kind: str, seen: Seen) -> None:
        if kind == "Deployment":
            name = seen.pattern
            self.deployments[name] = seen
            (self.available.add if seen.is_available else self.available.discard)(name)
        else:
            name = seen.metadata.name
            self.patterns[name] = seen
            (self.ready.add if seen.is_ready else self.ready.discard)(name)


@asynccontextmanager
async def opened(wire: Wire) -> AsyncIterator[Eyes]:
    """Open the eyes: returns once both kinds are followed."""
    eyes = Eyes(wire)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(eyes.follow(kind), name=f"{kind} eyes") for kind in KINDS]
        for looking in eyes.looking.values():
            await looking.wait()
        try:
            yield eyes
        finally:
            for task in tasks:
                task.cancel()
