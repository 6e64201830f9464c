"""The reconciler of PrismNamespace: provision on the proxy, tell what is used, let go in time.

What a control plane holds is asked for again whenever nobody can tell that it is still there. Statuses are written when
something changed, mere use at most once in SYNC seconds. The finalizer stands from before the first request until the
other side let go, or GIVE_UP seconds have passed in which it could not be asked.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from dataclasses import dataclass

from kubectl_prism.model import conditions, meta
from kubectl_prism.model.conditions import Mark
from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.namespace import Namespace
from kubectl_prism.proxy.errors import Away, Refused, Taken, WrongService
from kubectl_prism.proxy.tenant import Provisioned, Tenant, Usage
from kubectl_prism.reconcile import claims, tenants
from kubectl_prism.reconcile.claims import Claims, Standing
from kubectl_prism.reconcile.credentials import RefError
from kubectl_prism.reconcile.reach import Plane, Planes
from kubectl_prism.reconcile.request import Request, Result
from kubectl_prism.reconcile.tools import Tools, sooner

FINALIZER = "prism.io/release"
SYNC = 10.0
"""Seconds between two writes that tell only that use changed."""
RESEND = 300.0
"""Seconds after which a control plane that cannot be asked what it holds is told again."""
GIVE_UP = 120.0
"""Seconds after its deletion from which on a namespace is let go though the other side could not be asked."""


@dataclass(slots=True)
class Held:
    """What the other side took of a namespace at a monotonic second, when all use had been told `tellings` times."""

    plane: Plane
    tenant: Tenant
    answer: Provisioned
    at: float
    tellings: int
    synced: float
    usage: Usage | None = None


class NamespaceReconciler:
    """Reconciles PrismNamespaces; `clock` is monotonic and in seconds, `now` the wall clock."""

    def __init__(
        self,
        tools: Tools,
        planes: Planes,
        claims: Claims,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC),
    ) -> None:
        self._tools = tools
        self._planes = planes
        self._claims = claims
        self._clock = clock
        self._now = now
        self._held: dict[str, Held] = {}
        self._turned_away: set[str] = set()
        self._warned: set[str] = set()

    async def __call__(self, request: Request) -> Result:
        """Bring one PrismNamespace to what its spec says."""
        obj = self._tools.store.get(*request.ref)
        if obj is None:
            return Result()
        if meta.is_deleting(obj):
            return await self._terminate(obj)
        namespace = await self._tools.parsed(Namespace, obj)
        if namespace is None:
            return Result()
        left = self._left(namespace)
        if left is not None and left <= 0:
            return await self._expire(obj, namespace)
        result = await self._provision(obj, namespace)
        return Result(requeue_after=sooner(result.requeue_after, left, self._warn(obj, namespace, left)))

    async def _provision(self, obj: Manifest, namespace: Namespace) -> Result:
        store = self._tools.store
        if (older := self._claims.winner(obj, self._standing)) is not None:
            message = f"PrismNamespace {meta.key(older)}, which is older, has {tenants.id(obj)} on this proxy"
            return await self._wait(obj, tenants.stalled("NamespaceIdTaken", message), phase="Failed")
        stack = claims.stack(store, obj)
        if stack is None:
            proxy = tenants.proxy(obj)
            message = f"no PrismStack in namespace {proxy.namespace} has proxies called {proxy.name}"
            return await self._wait(obj, tenants.waiting("ProxyNotFound", message), phase="Pending")
        try:
            plane = await self._planes.of(stack)
        except RefError as error:
            return await self._wait(obj, tenants.stalled(error.reason, str(error)), phase="Failed")
        tenant = tenants.tenant(namespace, stack, store)
        held = self._held.get(meta.uid(obj))
        if held is None or self._is_doubtful(held, plane, tenant):
            if plane.reach.proxy is None:
                message = f"no pod of {tenants.proxy(obj).name} is ready"
                return await self._wait(obj, tenants.waiting("ProxyNotReady", message), phase="Pending")
            try:
                await plane.control.connect(plane.reach)  # what was never asked for needs no release
                await self._tools.applier.hold(obj, FINALIZER)
                answer = await plane.control.provision(plane.reach, tenant)
            except Away as error:
                return await self._wait(obj, tenants.waiting("ProxyUnavailable", plane.why(error)), phase="Pending")
            except WrongService as error:
                return await self._wait(obj, tenants.stalled("NoControlPlane", error.message), phase="Failed")
            except Refused as error:
                if isinstance(error, Taken):
                    self._turned_away.add(meta.uid(obj))
                return await self._wait(obj, tenants.stalled(error.reason, error.message), phase="Failed")
            held = self._took(obj, plane, tenant, answer)
        self._tools.patience.forget(meta.uid(obj))
        return await self._report(obj, held)

    def _standing(self, obj: Manifest) -> Standing:
        """Return what is known of a namespace, by what we saw ourselves and by what its status remembers."""
        if meta.uid(obj) in self._held or (obj.get("status") or {}).get("provisionedAt"):
            return "held"
        return "turned away" if meta.uid(obj) in self._turned_away else "waiting"

    def _is_doubtful(self, held: Held, plane: Plane, tenant: Tenant) -> bool:
        """Tell whether the other side may hold something else, or nothing, of a tenant."""
        if held.plane is not plane or held.tenant != tenant:
            return True
        if plane.feed is None:
            return self._clock() - held.at >= RESEND
        # All use was told anew since, and this tenant was not in it.
        return plane.feed.tellings > held.tellings and plane.feed.of(tenant.id) is None

    def _took(self, obj: Manifest, plane: Plane, tenant: Tenant, answer: Provisioned) -> Held:
        now = self._clock()
        self._turned_away.discard(meta.uid(obj))
        if plane.control.tells_usage:
            self._planes.listen(plane, interval=SYNC / 2)
        tellings = plane.feed.tellings if plane.feed else 0
        self._held[meta.uid(obj)] = held = Held(plane, tenant, answer, now, tellings, synced=now, usage=answer.usage)
        return held

    async def _wait(self, obj: Manifest, marks: list[Mark], *, phase: str) -> Result:
        """Tell what is lacking, and come again: the longer it lasts, the later."""
        self._held.pop(meta.uid(obj), None)
        status = self._tools.applier.latest(obj).get("status") or {}
        wait = await self._tools.report(
            obj,
            marks,
            phase=phase,
            provisionedAt=status.get("provisionedAt"),
            lastSyncedAt=status.get("lastSyncedAt"),
        )
        return Result(requeue_after=sooner(wait, self._tools.patience.wait(meta.uid(obj))))

    async def _report(self, obj: Manifest, held: Held) -> Result:
        """Tell that it is provisioned and what it uses."""
        status = self._tools.applier.latest(obj).get("status") or {}
        marks = tenants.provisioned(held.answer, held.tenant.limits)
        usage = held.plane.feed.of(held.tenant.id) if held.plane.feed else None
        if usage not in (None, held.usage) and self._clock() - held.synced >= SYNC:
            held.usage, held.synced = usage, self._clock()
        metrics = tenants.metrics(held.usage)
        is_news = metrics != status.get("metrics") or not tenants.is_told(status, marks, meta.generation(obj))
        wait = await self._tools.report(
            obj,
            marks,
            phase="Active",
            provisionedAt=status.get("provisionedAt") or self._tools.now(),
            lastSyncedAt=self._tools.now() if is_news else status.get("lastSyncedAt"),
            proxyStatus=held.answer.server,
            metrics=metrics,
        )
        again = SYNC if held.plane.feed else max(1.0, held.at + RESEND - self._clock())
        return Result(requeue_after=sooner(wait, again))

    def _left(self, namespace: Namespace) -> float | None:
        """Return the seconds until a namespace expires; None for never."""
        ends = tenants.expires(namespace)
        return None if ends is None else (ends - self._now()).total_seconds()

    def _warn(self, obj: Manifest, namespace: Namespace, left: float | None) -> float | None:
        """Tell once, shortly before the end, that it comes; return the seconds until that is due."""
        uid = meta.uid(obj)
        until = None if left is None else left - tenants.warns(namespace)
        if until is None or until > 0:
            self._warned.discard(uid)
            return until
        if uid not in self._warned:
            self._warned.add(uid)
            when = f"{tenants.expires(namespace):%Y-%m-%dT%H:%M:%SZ}"
            self._tools.recorder.event(obj, "Warning", "ExpiresSoon", f"expires at {when} (spec.ttl)")
        return None

    async def _expire(self, obj: Manifest, namespace: Namespace) -> Result:
        """Have it released, once, and say that it is over."""
        self._warned.discard(meta.uid(obj))
        message = f"its ttl of {namespace.spec.ttl} is over"
        since = -(self._left(namespace) or 0.0)
        if FINALIZER in meta.finalizers(obj) and (why := await self._release(obj, since=since)) is not None:
            return await self._wait(obj, tenants.waiting("Releasing", f"{message}; {why}"), phase="Expired")
        status = obj.get("status") or {}
        over = [conditions.false(type, "Expired", message) for type in (tenants.PROVISIONED, tenants.ENFORCED)]
        wait = await self._tools.report(
            obj,
            [*conditions.stalled("Expired", message), *over],
            phase="Expired",
            provisionedAt=status.get("provisionedAt"),
            lastSyncedAt=status.get("lastSyncedAt"),
        )
        return Result(requeue_after=wait)

    async def _terminate(self, obj: Manifest) -> Result:
        """Have it released before it goes."""
        if FINALIZER not in meta.finalizers(obj):
            self._forget(obj)
            return Result()
        since = (self._now() - (meta.deleted_at(obj) or self._now())).total_seconds()
        why = await self._release(obj, since=since)
        if why is None:
            return Result()
        return await self._wait(obj, tenants.waiting("Releasing", why), phase="Terminating")

    async def _release(self, obj: Manifest, *, since: float) -> str | None:
        """Have the other side let go and take the finalizer away; return what is waited for, None where that is done.

        `since` is for how many seconds it has been wanted: after GIVE_UP seconds the object no longer waits for a
        control plane that nobody can ask.
        """
        try:
            said = await self._let_go(obj)
        except Away as error:
            if since < GIVE_UP:
                return error.message
            said = f"{error.message} for {GIVE_UP:g} s: what it holds of {tenants.id(obj)} remains there"
        except (Refused, WrongService, RefError) as error:
            said = f"{error.message}: what it holds of {tenants.id(obj)} remains there"
        if said is not None:
            self._tools.recorder.event(obj, "Warning", "NotReleased", said)
        self._forget(obj)
        await self._tools.applier.let_go(obj, FINALIZER)
        return None

    def _forget(self, obj: Manifest) -> None:
        """Forget what is only known of namespaces that are held, or will be."""
        self._held.pop(meta.uid(obj), None)
        self._turned_away.discard(meta.uid(obj))
        self._warned.discard(meta.uid(obj))

    async def _let_go(self, obj: Manifest) -> str | None:
        """Ask the other side to let go; return what it said where it did not."""
        store = self._tools.store
        stack = claims.stack(store, obj)
        if stack is None or self._claims.winner(obj, self._standing) is not None:
            return None  # its proxies are gone, or what they hold under this name is another's
        plane = await self._planes.of(stack)
        released = await plane.control.release(plane.reach, Tenant(tenants.id(obj), meta.uid(obj)))
        return None if released.is_gone else released.message
