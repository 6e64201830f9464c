"""What one drawing of the dashboard costs at the size of a large cluster, page by page, without a cluster.

`python -m bench.drawing` fills a store, lets the dashboard draw it at 200×60 after every change, and prints for each
page the processor's milliseconds; `--profile` prints where they go.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import itertools
import pstats
import statistics
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from textual.pilot import Pilot

from bench import crowd
from bench.arena import NAMESPACE
from bench.crowd import Crowd
from bench.sums import percentile
from kubectl_prism.errors import PrismError
from kubectl_prism.model import meta
from kubectl_prism.model.change import Change
from kubectl_prism.model.meta import Key, Manifest, Ref
from kubectl_prism.store import Store
from kubectl_prism.tui.app import PrismApp
from kubectl_prism.tui.screens.page import PAGES
from kubectl_prism.tui.source import Link, Place, Show

SIZE = (200, 60)
ROUNDS = 20
AT_ONCE = 40
"""Changes between two drawings: a fifth of a second's worth."""
SETTLE = 0.05
"""Seconds in which Textual paints what was drawn."""
SHOWN = 45
"""Lines of a profile."""


class Took(NamedTuple):
    """What one drawing took of the processor, in milliseconds: alone, and with what Textual does about it."""

    drawn: float
    spent: float


@dataclass
class Still:
    """A source whose cluster is a store; nothing can be asked of it."""

    store: Store
    place: Place = field(default_factory=lambda: Place("bench", "https://127.0.0.1", None))

    def link(self) -> Link:
        """Return that all is well."""
        return Link(synced=True)

    async def get(self, ref: Ref) -> Manifest:
        """Return what the store has."""
        return self.store.get(*ref) or {}

    async def logs(self, pods: Sequence[Key], show: Show) -> None:
        """Show nothing."""

    async def change(self, change: Change) -> None:
        """Change nothing."""

    async def reconciler(self) -> Mapping[str, float] | None:
        """Tell nothing."""
        return None

    @asynccontextmanager
    async def connect(self, context: str | None, namespace: str | None) -> AsyncIterator[Still]:
        """Open it."""
        yield self


def filled(size: Crowd) -> Store:
    """Return a store that holds a crowd, as its API server would have it."""
    store, uids = Store(), itertools.count(1)
    for tier in crowd.tiers(size):
        for obj in tier:
            for owner in obj["metadata"].get("ownerReferences", ()):
                found = store.get(owner["kind"], obj["metadata"]["namespace"], owner["name"])
                owner["uid"] = meta.uid(found or {})
            number = str(next(uids))
            obj["metadata"] |= {"uid": number, "resourceVersion": number, "creationTimestamp": crowd.stamp(3600)}
            obj["metadata"] |= {"generation": 1}
            store.put(obj["kind"], obj)
    return store


def changed(store: Store, size: Crowd) -> Iterator[None]:
    """Change tenants, patterns and pods without end, one each time."""
    for beat in itertools.count(1):
        kind, name, status = crowd.change(beat, size)
        old = store.get(kind, NAMESPACE, name)
        assert old is not None
        new = {**old, "metadata": {**old["metadata"], "resourceVersion": f"n{beat}"}}
        new["status"] = {**old["status"], **status}
        store.put(kind, new)
        yield


async def measure(page: str, size: Crowd, *, profile: cProfile.Profile | None = None) -> list[Took]:
    """Return what each drawing of a page took."""
    source = Still(filled(size))
    changes, found = changed(source.store, size), []

    async def contexts() -> list[str]:
        return []

    dashboard = PrismApp(source.connect, contexts=contexts, now=lambda: datetime.now(UTC))
    async with dashboard.run_test(size=SIZE) as pilot:
        await pilot.pause(0.5)
        await pilot.press(str([*PAGES].index(page) + 1))
        await pilot.pause(0.5)
        dashboard.workers.cancel_group(dashboard, "follow")
        gc.collect()
        gc.freeze()
        for _ in range(ROUNDS):
            for _ in range(AT_ONCE):
                next(changes)
            found.append(await _drawn(dashboard, pilot, profile))
    return found


async def _drawn(dashboard: PrismApp, pilot: Pilot[PrismError], profile: cProfile.Profile | None) -> Took:
    began = time.process_time()
    if profile:
        profile.enable()
    dashboard.draw()
    if profile:
        profile.disable()
    drawn = time.process_time()
    await pilot.pause(SETTLE)
    return Took((drawn - began) * 1000, (time.process_time() - began) * 1000)


def main() -> None:
    """Print the milliseconds of a drawing of each page."""
    parser = argparse.ArgumentParser(prog="python -m bench.drawing", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the objects")
    parser.add_argument("--page", action="append", choices=[*PAGES], help="only this page")
    parser.add_argument("--profile", action="store_true", help="print what costs most")
    asked = parser.parse_args()
    size = crowd.QUICK if asked.quick else crowd.FULL
    for page in asked.page or PAGES:
        profile = cProfile.Profile() if asked.profile else None
        took = asyncio.run(measure(page, size, profile=profile))
        drawn, spent = ([one[index] for one in took] for index in (0, 1))
        print(
            f"{page:<14} drawing: median {statistics.median(drawn):6.1f} ms, p90 {percentile(drawn, 0.9):6.1f} ms;"
            f"  painted: median {statistics.median(spent):6.1f} ms",
            flush=True,
        )
        if profile:
            pstats.Stats(profile).sort_stats("cumulative").print_stats(SHOWN)


if __name__ == "__main__":
    main()
