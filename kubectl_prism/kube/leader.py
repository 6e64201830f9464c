"""Who of several candidates acts: the one that holds the Lease, and only while it can be sure of that.

The reconciler's manager asks one `Elector`; its workers run only while it leads. Time is monotonic, and another's Lease
runs out by how long *we* saw it unchanged, so no clock needs to be right. `lease` knows the record; `fence` holds back
what would be written too late.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
import random
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Protocol

from kubectl_prism.errors import PrismError
from kubectl_prism.kube.errors import Conflict, NotFound
from kubectl_prism.model import lease
from kubectl_prism.model.lease import Holder
from kubectl_prism.model.meta import FIELD_MANAGER, Manifest, Ref

log = logging.getLogger(__name__)

NAME = "prism-operator"
NAMESPACE = "prism-system"
"""Where the Lease of a reconciler of the whole cluster lies; one of single namespaces has it in the first of them."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: how long a silent holder keeps the Lease, how long it tries to renew, and how often; as client-go's."""

    lease: float = 15.0
    renew: float = 10.0
    retry: float = 2.0


class NotLeading(PrismError):
    """Nothing may be written: the Lease is not ours, or not for long enough."""


class NoLease(PrismError):
    """There is no place for the Lease, so nobody can be told apart from somebody else."""


class Leases(Protocol):
    """The verbs on Leases; errors are those of `kube.errors`."""

    async def get(self, kind: str, namespace: str, name: str) -> Manifest:
        """Return one object as it is now."""
        ...

    async def create(self, manifest: Manifest, *, manager: str = FIELD_MANAGER) -> Manifest:
        """Create an object that must not exist yet."""
        ...

    async def update(self, manifest: Manifest, *, manager: str = FIELD_MANAGER) -> Manifest:
        """Replace an object that is still at the resourceVersion that `manifest` names."""
        ...


def identity(role: str) -> str:
    """Return a name that no other process has: what runs, where, and a few letters of chance."""
    return f"{role}@{socket.gethostname()}_{secrets.token_hex(4)}"


class Elector:
    """One candidate for one Lease; `observe` is called whenever another holder is seen.

    `steal` asks the present holder to step down. `successor` asks us to, while we hold the Lease. `slow_renewals`
    counts those that had to read the Lease first.
    """

    def __init__(
        self,
        api: Leases,
        *,
        identity: str,
        namespace: str = NAMESPACE,
        name: str = NAME,
        steal: bool = False,
        timing: Timing | None = None,
        observe: Callable[[Elector], None] = lambda _elector: None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC),
    ) -> None:
        self.identity = identity
        self.ref = Ref("Lease", namespace, name)
        self.successor = ""
        self.holder = Holder()
        self.has_stood_by = False
        self.slow_renewals = 0
        self._api = api
        self._steal = steal
        self._timing = timing or Timing()
        self._observe = observe
        self._clock = clock
        self._now = now
        self._known: Manifest | None = None
        self._seen_at = clock()
        self._renewed_at = -inf
        self._trouble: str | None = None

    @property
    def leads(self) -> bool:
        """Whether we hold the Lease and may begin a write."""
        return self._clock() < self._renewed_at + self._timing.renew

    @property
    def stands_by(self) -> bool:
        """Whether somebody else holds the Lease, as far as we know."""
        return self.holder.identity not in ("", self.identity)

    @property
    def is_honest(self) -> bool:
        """Whether we do not go on as the leader although others may lead; False means that this process is stuck."""
        return self._renewed_at == -inf or self._clock() < self._renewed_at + self._timing.lease

    def fence(self) -> float:
        """Return the monotonic second by which a write that begins now must be over; NotLeading where none may."""
        if not self.leads:
            raise NotLeading(f"nothing is written: {self.identity} does not hold the {self.ref}")
        return self._renewed_at + self._timing.lease

    async def acquire(self) -> None:
        """Wait until the Lease is ours; NoLease where there is no place for it."""
        while not await self._tried(self._clock() + self._timing.renew):  # noqa: ASYNC110 - a Lease signals nothing
            await asyncio.sleep(self._pause())
        log.info("holding the %s as %s", self.ref, self.identity)

    async def keep(self) -> str:
        """Renew the Lease until it is lost or somebody asks for it; return why, for what was begun to be stopped."""
        while not self.successor:
            await asyncio.sleep(self._timing.retry)
            if (why := await self._renewed()) is not None:
                self._renewed_at = -inf
                return why
        return f"{self.successor} asked for it"

    async def release(self) -> None:
        """Give the Lease back where it is ours, so that the next one need not wait; where that fails it runs out."""
        known, is_ours = self._known, self._renewed_at != -inf
        self._renewed_at, self.successor = -inf, ""
        if known is None or not is_ours:
            return
        try:
            async with asyncio.timeout(self._timing.lease - self._timing.renew):
                await self._given_back(known)
        except (PrismError, TimeoutError) as error:
            log.info("the %s runs out by itself: %s", self.ref, error)

    async def _given_back(self, known: Manifest) -> None:
        try:
            await self._api.update(lease.released(known, now=self._time()))
        except Conflict:
            # A renewal that was cancelled before its answer came may have been done.
            found = await self._api.get(*self.ref)
            if lease.holder(found).identity == self.identity:
                await self._api.update(lease.released(found, now=self._time()))

    async def _renewed(self) -> str | None:
        """Renew once or, as long as that may still help, again; return why that failed, if it did."""
        end = self._renewed_at + self._timing.renew
        while not await self._tried(end):
            if self.stands_by:
                return f"{self.holder} holds it now"
            if (left := end - self._clock()) <= 0:
                return f"it could not be renewed for {self._timing.renew:g} s"
            await asyncio.sleep(min(self._timing.retry, left))
        return None

    async def _tried(self, end: float) -> bool:
        """Try to take or renew the Lease, until the monotonic second `end` at most; tell whether we hold it."""
        began = self._clock()
        try:
            async with asyncio.timeout(max(0.0, end - began)):
                is_held = await self._taken()
        except NoLease:
            raise
        except Conflict as error:
            log.debug("the %s changed: %s", self.ref, error)
            return False
        except (PrismError, TimeoutError) as error:
            self._say(str(error) or "no answer in time")
            return False
        self._trouble = None
        if is_held:
            self._renewed_at = began
        return is_held

    async def _taken(self) -> bool:
        """Take or renew the Lease, from what is known of it or, where that is not right any more, from what it is."""
        if self._known is not None and lease.holder(self._known).identity == self.identity:
            try:
                self._note(await self._api.update(self._wanted(self._known)))
            except (Conflict, NotFound) as error:
                self.slow_renewals += 1
                log.debug("the %s changed: %s", self.ref, error)
            else:
                return True
        found = await self._read()
        if found is None:
            return await self._created()
        self._note(found)
        if self._belongs_to_another(found):
            if self._steal and lease.asked_by(found) != self.identity:
                self._note(await self._api.update(lease.asked(found, identity=self.identity)))
            return False
        if lease.holder(found).identity == self.identity and lease.asked_by(found):
            self.successor = lease.asked_by(found)
        self._note(await self._api.update(self._wanted(found)))
        return True

    async def _read(self) -> Manifest | None:
        try:
            return await self._api.get(*self.ref)
        except NotFound:
            return None

    async def _created(self) -> bool:
        if self._known is not None and self._belongs_to_another(self._known):
            return False  # it was deleted, which its holder may not have seen yet
        try:
            self._note(await self._api.create(self._wanted(None)))
        except NotFound as error:
            namespace = self.ref.namespace
            raise NoLease(
                f"the namespace {namespace}, where the reconciler's Lease lies, does not exist",
                hint=f"`kubectl create namespace {namespace}`",
            ) from error
        return True

    def _belongs_to_another(self, found: Manifest) -> bool:
        """Tell whether somebody else holds the Lease or, where nobody does, asked for it, and not too long ago."""
        owner = lease.holder(found).identity or lease.asked_by(found)
        return owner not in ("", self.identity) and self._clock() < self._runs_out_at(found)

    def _runs_out_at(self, found: Manifest) -> float:
        return self._seen_at + lease.lasts(found, otherwise=self._timing.lease)

    def _note(self, found: Manifest) -> None:
        """Remember the Lease as it is, and since when it is so."""
        before, self._known = self._known, found
        if before is None or _record(before) != _record(found):
            self._seen_at = self._clock()
        if (holder := lease.holder(found)) != self.holder:
            self.holder = holder
            self.has_stood_by |= self.stands_by
            self._observe(self)

    def _wanted(self, found: Manifest | None) -> Manifest:
        seconds = self._timing.lease
        return lease.held(found, self.ref, identity=self.identity, seconds=seconds, now=self._time())

    def _pause(self) -> float:
        """Return the seconds until the Lease is looked at again: often, or as soon as it runs out."""
        soon = self._timing.retry / 2 * random.uniform(1.0, 1.2)  # noqa: S311 - spreads load, keeps no secret
        left = self._runs_out_at(self._known) - self._clock() if self._known is not None else 0.0
        return min(soon, left) if left > 0 else soon

    def _say(self, trouble: str) -> None:
        """Log what is wrong with the Lease, once as long as it stays the same."""
        if trouble != self._trouble:
            log.warning("the %s: %s", self.ref, trouble)
        self._trouble = trouble

    def _time(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _record(found: Manifest) -> tuple[Manifest, str]:
    return lease.spec(found), lease.asked_by(found)
