"""Keeps one kind in the store: lists it, then follows its watch for as long as the task runs.

The manager runs one per kind; nothing else writes that kind to the store. Whatever the server, the network or an odd
object does, the informer goes on: it resumes where it was, lists anew when it must, waits longer after each failure,
and says what is wrong in `error`. It ends only when it is cancelled.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from math import inf
from typing import Any

import msgspec

from kubectl_prism.errors import PrismError
from kubectl_prism.kube import decode
from kubectl_prism.kube.backoff import Backoff
from kubectl_prism.kube.client import PAGE, Client, selectors
from kubectl_prism.kube.decode import Event, Fault
from kubectl_prism.kube.errors import ApiError, Forbidden, Gone, NotFound, Silent, Unreachable, from_status
from kubectl_prism.kube.tempo import GATHER, Tempo
from kubectl_prism.kube.watch import Lines
from kubectl_prism.model import meta
from kubectl_prism.model.meta import Key, Manifest
from kubectl_prism.model.resource import resource
from kubectl_prism.store import Store

SILENCE = 75.0
"""Seconds without a byte after which a watch is dead: the server sends a bookmark every 61 s at the latest."""

LISTING_SILENCE = 10.0
LONGEST_LISTING = 60.0
"""Seconds without a byte, and in all, after which a streamed list is taken for an old server that never ends one."""

SHORTEST = 1.0
"""A watch that ended sooner and brought nothing counts as a failure."""

LONGEST_PAUSE = 30.0
LONGEST_PAUSE_UNREACHABLE = 8.0
LONGEST_PAUSE_NOT_SERVED = 10.0
LIST_AGAIN = 1200.0
"""Seconds after which the end of a watch is followed by a new list. A watch lasts ten minutes at most: whatever change
was never reported is seen within half an hour."""

AT_ONCE = 25
"""Events that are taken in one turn of the event loop."""

MANY = 1000

log = logging.getLogger(__name__)


class Informer:
    """One kind, in one namespace or in all, as far as its labels match.

    A change that comes alone is read at once; where changes come for long, what comes within `gather` seconds is read
    together, and of one object the newest only.
    `synced` is set once the store holds the kind. `error` says what is wrong now, or None. `last_seen` is the monotonic
    second of the last byte from the server, `faults` counts objects that could not be read, `is_served` is False while
    the server does not know the kind (then the store holds none, and that counts as synced), `is_forbidden` is True
    while we may not read it.
    """

    def __init__(
        self,
        client: Client,
        store: Store,
        kind: str,
        *,
        namespace: str | None = None,
        labels: str | None = None,
        gather: float = GATHER,
        silence: float = SILENCE,
    ) -> None:
        self.kind = kind
        self.synced = asyncio.Event()
        self.error: str | None = None
        self.last_seen = -inf
        self.faults = 0
        self.is_served = True
        self.is_forbidden = False
        self._client = client
        self._store = store
        self._namespace = namespace
        self._labels = labels
        self._tempo = Tempo(gather)
        self._silence = silence
        self._decoder = decode.Decoder(resource(kind), known=lambda key: store.get(kind, *key))
        self._backoff = Backoff()
        self._refusals = Backoff()  # of its own: a server that is back after a long outage refuses only for a moment
        self._position = ""
        self._at_least = ""
        self._page = PAGE
        self._listed = -inf
        self._is_streamed = False  # whether the last list was asked for as a stream
        self._silences = 0
        self._received = 0
        self._reported: set[str] = set()

    async def run(self) -> None:
        """List and watch for ever."""
        while True:
            try:
                pause = await self._round()
            except PrismError as error:
                pause = self._failed(error)
            await asyncio.sleep(pause)

    async def _round(self) -> float:
        """List if need be and follow one watch to its end; return the seconds to wait before the next."""
        if self._position and time.monotonic() - self._listed > LIST_AGAIN:
            self._at_least, self._position = self._position, ""
        self._is_streamed = not self._position and self._client.streams_lists
        if not self._position and not self._is_streamed:
            await self._list()
        began, received = time.monotonic(), self._received
        try:
            await (self._watch_from_list() if self._is_streamed else self._watch())
        except Unreachable as error:
            # A stream that worked and then broke is resumed like one that ended; only opening one anew can tell
            # whether the server is in trouble.
            if not error.is_cut or isinstance(error, Silent) or self._is_useless(began, received):
                raise
        if self._is_useless(began, received):
            raise Unreachable(self._client.cluster.address, "it ends every watch at once")
        return random.uniform(0.05, 0.2)  # noqa: S311 (spreads load, guards nothing)

    def _is_useless(self, began: float, received: int) -> bool:
        return self._received == received and time.monotonic() - began < SHORTEST

    async def _list(self) -> None:
        """Replace what the store holds by a list read in pages."""
        found: list[Manifest] = []
        paging = selectors(self._labels) | {"limit": str(self._page)}
        query = paging | self._not_older()
        while True:
            page = await self._client.page(self.kind, self._namespace, query)
            self._seen()
            found += self._decoder.manifests(page.items or ())
            self._report()
            if not page.metadata.continue_:
                break
            query = paging | {"continue": page.metadata.continue_}
        self._replace(found, page.metadata.resource_version)

    async def _watch_from_list(self) -> None:
        """Follow a watch that begins with the list, as API servers since 1.34 offer it."""
        query = self._watching() | {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        listing: dict[Key, Manifest] = {}
        end = time.monotonic() + LONGEST_LISTING
        async with aclosing(self._events(query | self._not_older())) as batches:
            async for batch in batches:
                for event in batch:
                    if self._position:
                        self._take(event)
                    else:
                        self._collect(event, listing)
                if not self._position and time.monotonic() > end:
                    raise Silent(self._client.cluster.address, "a streamed list does not end")

    async def _watch(self) -> None:
        """Follow a watch from where we are."""
        query = self._watching() | {"resourceVersion": self._position}
        async with aclosing(self._events(query)) as batches:
            async for batch in batches:
                for event in batch:
                    self._take(event)

    async def _events(self, query: dict[str, str]) -> AsyncGenerator[list[Event], None]:
        """Yield the events of one watch as they come; an ERROR among them is raised as what it says."""
        lines = Lines()
        opening = self._client.watch(
            self.kind,
            self._namespace,
            query,
            silence=self._patience,
            gather=lambda size: self._tempo.pause(size) if self._position else 0,
        )
        async with opening as chunks:
            self._seen()
            async for chunk in chunks:
                self._seen()
                self._silences = 0
                with decode.collector_paused():
                    found = [event for line in lines.feed(chunk) if (event := self._event(line)) is not None]
                    batch = decode.newest(found) if self._position else found
                for begin in range(0, len(batch), AT_ONCE):
                    if begin:
                        await asyncio.sleep(0)
                    with decode.collector_paused():
                        yield batch[begin : begin + AT_ONCE]

    def _event(self, line: bytes) -> Event | None:
        try:
            event = decode.event(line)
            failure = msgspec.json.decode(event.object, type=dict[str, Any]) if event.type == "ERROR" else None
        except decode.UNREADABLE as error:
            self._fault(Fault("", f"{type(error).__name__}: {error}"))
            return None
        if failure is not None:
            raise from_status(failure)
        self._received += 1
        return event

    def _collect(self, event: Event, listing: dict[Key, Manifest]) -> None:
        """Add an event to a streamed list; the bookmark that ends it brings the list into the store."""
        if event.type == "BOOKMARK":
            found = decode.identity(event.object)
            if (found.annotations or {}).get(decode.INITIAL_EVENTS_END) == "true":
                self._replace(list(listing.values()), found.resource_version)
                listing.clear()  # the watch may go on for minutes, and what is replaced must not live as long
        elif event.type == "DELETED":
            found = decode.identity(event.object)
            listing.pop(Key(found.namespace, found.name), None)
        elif (obj := self._manifest(event.object)) is not None:
            listing[meta.key(obj)] = obj

    def _take(self, event: Event) -> None:
        """Bring an event into the store and move on behind it."""
        if event.type in ("BOOKMARK", "DELETED"):
            found = decode.identity(event.object)
            if event.type == "DELETED":
                self._store.remove(self.kind, found.namespace, found.name)
            self._position = found.resource_version or self._position
        elif (obj := self._manifest(event.object)) is not None:
            self._store.put(self.kind, obj)
            self._position = meta.resource_version(obj) or self._position
        else:
            self._position = decode.identity(event.object).resource_version or self._position

    def _replace(self, objects: list[Manifest], version: str) -> None:
        with decode.collector_paused():
            self._store.replace(self.kind, objects, namespace=self._namespace)
        self._position, self._at_least, self._page = version, "", PAGE
        self._listed = time.monotonic()
        self.is_served = True
        self.synced.set()
        if len(objects) >= MANY:
            decode.settle()

    def _manifest(self, raw: msgspec.Raw) -> Manifest | None:
        obj = self._decoder.manifest(raw)
        self._report()
        return obj

    def _report(self) -> None:
        """Count and log what the decoder could not read."""
        while self._decoder.faults:
            self._fault(self._decoder.faults.pop())

    def _fault(self, fault: Fault) -> None:
        self.faults += 1
        if fault.name not in self._reported:
            self._reported.add(fault.name)
            log.warning("skipping unreadable %s %s: %s", self.kind, fault.name or "(name unreadable)", fault.why)

    def _seen(self) -> None:
        self.last_seen = time.monotonic()
        self.error = None
        self.is_forbidden = False

    def _patience(self) -> float:
        return self._silence if self._position else min(LISTING_SILENCE, self._silence)

    def _watching(self) -> dict[str, str]:
        seconds = random.randint(300, 600)  # noqa: S311 (spreads load, guards nothing)
        return selectors(self._labels) | {"allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}

    def _not_older(self) -> dict[str, str]:
        """Ask for a list no older than what the store shows, so that nothing seems to go back in time."""
        if not self._at_least:
            return {}
        return {"resourceVersion": self._at_least, "resourceVersionMatch": "NotOlderThan"}

    def _failed(self, error: PrismError) -> float:
        """Decide where to go on after a failure; return the seconds to wait."""
        self.is_forbidden = isinstance(error, Forbidden)
        match error:
            case Gone() | ApiError(is_from_future=True):
                return self._too_old(error)
            case ApiError(status=400 | 422) | Silent() if self._is_streamed and not self._position:
                self._client.streams_lists = False  # several informers learn this at the same time
                return 0.0
            case Silent():
                return self._silent(error)
            case NotFound():
                return self._not_served()
            case Unreachable():
                return self._trouble(error, cap=LONGEST_PAUSE_UNREACHABLE)
            case ApiError():
                self._say(error)
                return max(self._refusals.failed(cap=LONGEST_PAUSE), error.retry_after or 0.0)
            case _:
                return self._trouble(error, cap=LONGEST_PAUSE)

    def _too_old(self, error: ApiError) -> float:
        """List anew: first no older than where we were, and if the server has lost even that, whatever it has."""
        is_repeated = not self._position
        self._at_least = "" if is_repeated else self._position
        self._position, self._page = "", 0 if is_repeated else PAGE
        return self._trouble(error, cap=LONGEST_PAUSE) if is_repeated else 0.0

    def _silent(self, error: Silent) -> float:
        """Resume once; a server that is silent again may be waiting for a version it will never reach, so list."""
        self._silences += 1
        if self._silences > 1:
            self._at_least, self._position = self._position, ""
        self.error = error.message
        return 0.0

    def _not_served(self) -> float:
        self._position = self._at_least = ""
        self._store.replace(self.kind, (), namespace=self._namespace)
        self.is_served, self.error = False, None
        self.last_seen = time.monotonic()
        self.synced.set()
        return self._backoff.failed(cap=LONGEST_PAUSE_NOT_SERVED)

    def _trouble(self, error: PrismError, *, cap: float) -> float:
        self._say(error)
        return self._backoff.failed(cap=cap)

    def _say(self, error: PrismError) -> None:
        if self.error != error.message:
            log.info("%s: %s", self.kind, error.message)
        self.error = error.message
