"""Kubernetes Events about our objects, as `kubectl describe` and `kubectl get events` show them.

Reconcilers call `Recorder.event` on edges only; one background task writes. Repeats within ten minutes raise a count,
each object has a budget, and an Event that cannot be written is dropped: it never fails or delays a reconcile.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from kubectl_prism.errors import PrismError
from kubectl_prism.kube.errors import NotFound
from kubectl_prism.model.meta import FIELD_MANAGER, Manifest, key, resource_version, uid
from kubectl_prism.reconcile.api import API

log = logging.getLogger(__name__)

NORMAL = "Normal"
WARNING = "Warning"

SERIES = 600.0
BURST = 25.0
REFILL = 1 / 300
GOOD_NEWS = 1.0
"""Events a second that say that all is well, for all objects together, after the first 25: when hundreds become Ready
at once their conditions say so, and an Event each would be a sixth of all requests."""
PAUSE = 0.05
"""Seconds between two Events: what they speak of needs the API server more than they do."""
REMEMBERED = 4096
LONGEST_MESSAGE = 1024
LONGEST_NAME = 200

Identity = tuple[str, str, str, str]
Name = TypeVar("Name")
Kept = TypeVar("Kept")


@dataclass(slots=True)
class _Series:
    """One Event object on the server: its name, when it was first and last meant, and how often."""

    name: str
    first: str
    latest: float
    count: int = 1
    is_written: bool = False


@dataclass(slots=True)
class _Budget:
    tokens: float
    at: float


class Recorder:
    """Writes Events under `component`; `now` is the wall clock, `clock` counts monotonic seconds."""

    def __init__(
        self,
        client: API,
        *,
        component: str = FIELD_MANAGER,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC),
    ) -> None:
        self.client = client
        self.component = component
        self.clock = clock
        self.now = now
        self._series: OrderedDict[Identity, _Series] = OrderedDict()
        self._budgets: OrderedDict[str, _Budget] = OrderedDict()
        self._pending: asyncio.Queue[tuple[_Series, Manifest]] = asyncio.Queue(maxsize=1000)
        self._is_ending = asyncio.Event()

    def event(self, obj: Manifest, type: str, reason: str, message: str) -> None:
        """Record that `reason` happened to `obj`; `type` is NORMAL or WARNING. Returns at once."""
        if not self._afford(uid(obj)) or (type == NORMAL and not self._afford(NORMAL, refill=GOOD_NEWS)):
            log.debug("event %s dropped: too many about %s", reason, key(obj))
            return
        message = message if len(message) <= LONGEST_MESSAGE else message[: LONGEST_MESSAGE - 1] + "…"
        identity = (uid(obj), type, reason, message)
        series, now = self._series.get(identity), self.clock()
        if series is not None and now - series.latest < SERIES:
            series.latest = now
            series.count += 1
        else:
            series = _Series(_name(obj), timestamp(self.now()), now)
            _remember(self._series, identity, series)
        try:
            self._pending.put_nowait((series, self._manifest(obj, type, reason, message, series)))
        except asyncio.QueueFull:
            log.debug("event %s dropped: too many wait to be written", reason)

    async def run(self) -> None:
        """Write what is recorded until cancelled."""
        while True:
            series, manifest = await self._pending.get()
            try:
                await self._write(series, manifest)
            except PrismError as error:
                log.debug("event %s dropped: %s", manifest["reason"], error)
            finally:
                self._pending.task_done()
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE):
                    await self._is_ending.wait()

    async def flush(self, seconds: float) -> None:
        """Wait until all that is recorded is written, at most `seconds`; called when the recorder is to end."""
        self._is_ending.set()
        try:
            async with asyncio.timeout(seconds):
                await self._pending.join()
        except TimeoutError:
            log.debug("%d events were not written in time", self._pending.qsize())

    async def _write(self, series: _Series, manifest: Manifest) -> None:
        if series.is_written:
            operations = [
                {"op": "add", "path": f"/{field}", "value": manifest[field]} for field in ("count", "lastTimestamp")
            ]
            try:
                await self.client.patch("Event", *key(manifest), operations)
            except NotFound:  # the API server forgets Events after an hour or so
                series.is_written = False
        if not series.is_written:
            await self.client.create(manifest)
            series.is_written = True

    def _manifest(self, obj: Manifest, type: str, reason: str, message: str, series: _Series) -> Manifest:
        namespace, name = key(obj)
        about = {
            "apiVersion": obj.get("apiVersion"),
            "kind": obj.get("kind"),
            "name": name,
            "namespace": namespace,
            "uid": uid(obj),
            "resourceVersion": resource_version(obj),
        }
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": series.name, "namespace": namespace or "default"},
            "involvedObject": {field: value for field, value in about.items() if value},
            "type": type,
            "reason": reason,
            "message": message,
            "count": series.count,
            "firstTimestamp": series.first,
            "lastTimestamp": timestamp(self.now()),
            "source": {"component": self.component},
            "reportingComponent": self.component,
        }

    def _afford(self, about: str, *, refill: float = REFILL) -> bool:
        """Take one token of a budget, an object's by its uid: 25 at once, one more every five minutes."""
        now = self.clock()
        budget = self._budgets.get(about) or _Budget(BURST, now)
        budget.tokens = min(BURST, budget.tokens + (now - budget.at) * refill)
        budget.at = now
        _remember(self._budgets, about, budget)
        if budget.tokens < 1:
            return False
        budget.tokens -= 1
        return True


def _name(obj: Manifest) -> str:
    """Return the name of a new Event about `obj`."""
    return f"{key(obj).name[:LONGEST_NAME].rstrip('.-')}.{uuid.uuid4().hex[:16]}"


def timestamp(now: datetime.datetime) -> str:
    """Return a time in UTC as Kubernetes writes it."""
    return now.isoformat(timespec="seconds").replace("+00:00", "Z")


def _remember(kept: OrderedDict[Name, Kept], name: Name, value: Kept) -> None:
    kept[name] = value
    kept.move_to_end(name)
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)
