"""A source that is fed by hand, and remembers what it is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from kubectl_prism.errors import PrismError
from kubectl_prism.model.change import Change
from kubectl_prism.model.meta import Key, Manifest, Ref
from kubectl_prism.store import Store
from kubectl_prism.tui.app import PrismApp
from kubectl_prism.tui.settings import Settings
from kubectl_prism.tui.source import Link, Place, Show
from tests.tui import world

PLACE = Place("kwok-prism", "https://127.0.0.1:6443", None)
LIVE = Link(synced=True)


@dataclass
class Feed:
    """One cluster in memory; `changes` are what was confirmed, `told` are the metrics of the reconciler."""

    store: Store = field(default_factory=world.store)
    place: Place = PLACE
    state: Link = LIVE
    changes: list[Change] = field(default_factory=list)
    visited: list[tuple[str | None, str | None]] = field(default_factory=list)
    told: Mapping[str, float] | None = None
    lines: Sequence[str] = ()
    refuses: str = ""

    def link(self) -> Link:
        return self.state

    async def get(self, ref: Ref) -> Manifest:
        return self.store.get(*ref) or {}

    async def logs(self, pods: Sequence[Key], show: Show) -> None:
        for pod in pods:
            for line in self.lines:
                show(pod, line)

    async def change(self, change: Change) -> None:
        if self.refuses:
            raise PrismError(self.refuses)
        self.changes.append(change)

    async def reconciler(self) -> Mapping[str, float] | None:
        return self.told

    @asynccontextmanager
    async def connect(self, context: str | None, namespace: str | None) -> AsyncIterator[Feed]:
        self.visited.append((context, namespace))
        yield self


def app(feed: Feed | None = None, settings: Settings | None = None) -> PrismApp:
    """Return the dashboard over a feed, at a clock that stands still."""
    source = feed or Feed()

    async def contexts() -> list[str]:
        return ["kwok-prism", "prod-eks"]

    return PrismApp(source.connect, contexts=contexts, settings=settings, now=lambda: world.NOW)
