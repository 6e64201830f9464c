"""The only writer of desired state: creates, applies, prunes and writes status, and stays silent where nothing differs.

Kind files call it with what should exist. It never adopts or overwrites an object that somebody else controls, never
writes into one that is being deleted, and never decides on a cache older than its own last write.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

from kubectl_prism.kube.errors import AlreadyExists, ApiError, Conflict, Invalid, NotFound
from kubectl_prism.model.meta import (
    FIELD_MANAGER,
    Manifest,
    Ref,
    controller_of,
    finalizers,
    generation,
    is_deleting,
    is_owned_by,
    key,
    ref,
    resource_version,
    uid,
)
from kubectl_prism.reconcile import intent as intents
from kubectl_prism.reconcile.api import API
from kubectl_prism.reconcile.compare import covers, differences
from kubectl_prism.reconcile.events import NORMAL, WARNING, Recorder
from kubectl_prism.reconcile.fields import REPLICAS, conversion, is_only_owner
from kubectl_prism.reconcile.memory import PATIENCE, Memory, Written, is_at_least
from kubectl_prism.reconcile.request import Postponed, TerminalError
from kubectl_prism.store import Change, Store

log = logging.getLogger(__name__)

REPLICAS_MANAGER = "prism-replicas"
"""The field manager that keeps `spec.replicas` where it is when our intent stops speaking of it."""

CONVERSIONS = 5
CONVERSION_PAUSE = 0.05
SOON = 1.0
WHILE_DELETING = 5.0


class NameTaken(TerminalError):
    """A child's name belongs to an object that its owner does not control."""

    def __init__(self, child: Ref, holder: str) -> None:
        super().__init__(
            "NameTaken",
            f"{child} exists and {holder}; it is left as it is",
            hint=f"delete or rename that {child.kind}, or rename the object that wants it",
        )
        self.child = child


class Applier:
    """Writes for every controller; `clock` counts monotonic seconds. Close it when the store outlives it."""

    def __init__(
        self,
        client: API,
        store: Store,
        *,
        recorder: Recorder | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.client = client
        self.store = store
        self.recorder = recorder
        self.clock = clock
        self._children = Memory(clock)
        self._statuses = Memory(clock)
        self._creating: set[Ref] = set()
        self._deleted: dict[str, float] = {}  # uid → when we deleted it
        self._gone: OrderedDict[Ref, float] = OrderedDict()  # child → when it went away, whoever did it
        observers = (self._children.observe, self._statuses.observe, self._observe)
        self._unsubscribe = tuple(store.subscribe(observer) for observer in observers)

    def close(self) -> None:
        """Stop listening to the store."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()

    def latest(self, obj: Manifest) -> Manifest:
        """Return `obj` as our last status write left it, where the store has not seen that write yet."""
        return self._statuses.latest(ref(obj), obj) or obj

    def is_echo(self, change: Change) -> bool:
        """Tell whether a change is what our own last write of that child returned: its writer knows it already."""
        if change.new is None:
            return False
        written = self._children.get(Ref(change.kind, *key(change.new)))
        live = uid(change.new), resource_version(change.new)
        return written is not None and (written.uid, written.verified) == live

    def has_made(self, child: Manifest) -> bool:
        """Tell whether we created `child`, or are about to hear that we did, and nobody changed its spec since."""
        target = ref(child)
        written = self._children.get(target)
        is_known = written is not None and written.uid == uid(child) and generation(child) == 1
        return is_known or target in self._creating

    async def apply(self, owner: Manifest, intent: Manifest, *, initial: Manifest | None = None) -> Manifest:
        """Make `intent` exist as a child of `owner` and return the live object.

        `initial` is merged into the object only when it is created (`{"spec": {"replicas": 3}}` for a field that an
        autoscaler owns from then on). Raises NameTaken where somebody else controls an object of that name,
        Postponed while it is being deleted, and the API server's errors.
        """
        wanted, digest = intents.wanted(owner, intent)
        child = ref(wanted)
        live = self._children.latest(child, self.store.get(*child))
        if live is None:
            if child in self._gone:
                await self._check_current(owner)  # it may be gone as well, and its child went with it
                self._gone.pop(child, None)
            self._creating.add(child)
            try:
                created = await self.client.create(intents.merged(wanted, initial or {}))
                return self._remember(child, created, wanted, digest)
            except AlreadyExists:
                live = await self._existing(child)
            finally:
                self._creating.discard(child)
        self._check_ours(live, owner, digest)
        if self._is_as_wanted(child, live, wanted, digest):
            return live
        return await self._write(owner, live, wanted, digest)

    async def prune(self, owner: Manifest, keep: Iterable[Ref], kinds: Iterable[str]) -> list[Ref]:
        """Delete the children of `owner` of `kinds` that are not to be kept; return what went."""
        kept, now = set(keep), self.clock()
        self._deleted = {gone: at for gone, at in self._deleted.items() if now - at < WHILE_DELETING}
        found = [(Ref(kind, *ref(child).key), child) for kind in kinds for child in self.store.owned(uid(owner), kind)]
        superfluous = [
            (target, uid(child))
            for target, child in found
            if target not in kept and not is_deleting(child) and uid(child) not in self._deleted
        ]
        if superfluous:
            await self._check_current(owner)
        pruned: list[Ref] = []
        for target, known in superfluous:
            self._deleted[known] = now
            if await self._delete(target, known):
                pruned.append(target)
                self._say(owner, NORMAL, "Pruned", f"Deleted {target}, which the spec asks for no longer")
        return pruned

    async def status(self, obj: Manifest, status: Manifest) -> bool:
        """Make `status` the status of `obj`; return whether that took a write. False where the object is gone."""
        target = ref(obj)
        live = self._statuses.latest(target, self.store.get(*target) or obj) or obj
        held, digest = live.get("status") or {}, intents.digest(status)
        if uid(live) != uid(obj) or held == status:
            return False
        written = self._statuses.get(target)
        is_repeated = written is not None and written.uid == uid(obj) and written.digest == digest
        if written and is_repeated and written.holds(live, intents.held(held, status)):
            return False
        try:
            after = await self._told(live, status)
        except (NotFound, Conflict, Invalid) as error:
            if await self._is_gone(target, uid(obj), error):
                return False
            raise
        if uid(after) != uid(obj):
            # The API server checks no uid on the subresource: a namesake got this, and its own reconcile corrects it.
            return False
        self._statuses.put(target, self._written(after, digest, intents.held(after.get("status") or {}, status)))
        return True

    async def hold(self, obj: Manifest, finalizer: str) -> None:
        """Keep `obj` from going before `let_go`."""
        if finalizer not in (found := finalizers(obj)):
            await self._finalize(obj, [*found, finalizer])

    async def let_go(self, obj: Manifest, finalizer: str) -> None:
        """Let `obj` go, as far as we are asked."""
        if finalizer in (found := finalizers(obj)):
            await self._finalize(obj, [one for one in found if one != finalizer])

    async def _finalize(self, obj: Manifest, wanted: list[str]) -> None:
        """Make the finalizers of `obj` those that are wanted, unless somebody changed it meanwhile."""
        known = ("uid", uid(obj)), ("resourceVersion", resource_version(obj))
        operations: list[Manifest] = [
            {"op": "test", "path": f"/metadata/{field}", "value": value} for field, value in known
        ]
        operations.append({"op": "add", "path": "/metadata/finalizers", "value": wanted})
        try:
            await self.client.patch(*ref(obj), operations)
        except (Conflict, Invalid) as error:
            raise Postponed(f"{ref(obj)} changed meanwhile", after=SOON) from error
        except NotFound:
            log.debug("%s is gone already", ref(obj))

    def _observe(self, change: Change) -> None:
        """Remember for a while that a child of ours went away."""
        if change.new is not None or change.old is None or intents.told(change.old) is None:
            return
        now = self.clock()
        while self._gone and now - next(iter(self._gone.values())) > PATIENCE:
            self._gone.popitem(last=False)
        child = ref(change.old)
        self._gone[child] = now
        self._gone.move_to_end(child)

    async def _check_current(self, owner: Manifest) -> None:
        """Raise Postponed unless `owner` is what the cache shows: what it asked for in the past changes nothing."""
        target = ref(owner)
        try:
            fresh = await self.client.get(*target)
        except NotFound as error:
            raise Postponed(f"{target} is gone", after=SOON) from error
        if (uid(fresh), generation(fresh)) != (uid(owner), generation(owner)):
            raise Postponed(f"the cache is behind {target}", after=SOON)

    async def _told(self, live: Manifest, status: Manifest) -> Manifest:
        """Write a status and return what the object became."""
        try:
            return await self.client.apply(intents.identified(live, {"status": status}), subresource="status")
        except ApiError as error:
            if error.status != 500:
                raise
            # What the server holds breaks its schema: nothing can be applied to that, but its status can be replaced.
            is_same = {"op": "test", "path": "/metadata/uid", "value": uid(live)}
            replaced = {"op": "add", "path": "/status", "value": status}
            return await self.client.patch(*ref(live), [is_same, replaced], subresource="status")

    def _check_ours(self, live: Manifest, owner: Manifest, digest: str) -> None:
        """Raise unless `live` is controlled by `owner` and stays.

        An object that nobody controls is ours where we remember writing it, or where its annotation is the digest of
        this very intent, which names the owner's uid: somebody removed its ownerReference.
        """
        child = ref(live)
        if is_deleting(live):
            raise Postponed(f"{child} is being deleted", after=WHILE_DELETING)
        if is_owned_by(live, owner):
            return
        controller = controller_of(live)
        if controller is None:
            written = self._children.get(child)
            if (written and written.uid == uid(live)) or intents.told(live) == digest:
                return
            raise NameTaken(child, "nobody controls it")
        if (controller.get("kind"), controller.get("name")) == (owner["kind"], owner["metadata"]["name"]):
            raise Postponed(f"{child} still belongs to an earlier {ref(owner)}", after=WHILE_DELETING)
        raise NameTaken(child, f"belongs to {controller.get('kind')} {controller.get('name')}")

    def _is_as_wanted(self, child: Ref, live: Manifest, wanted: Manifest, digest: str) -> bool:
        """Tell whether `live` is what we want, as we remember it or, after a restart, as it stands there."""
        written = self._children.get(child)
        if written is not None and written.uid == uid(live):
            if written.digest != digest:
                return False
            if written.verified == resource_version(live):
                return True
            if written.generation and written.generation == generation(live) and intents.is_marked(live, wanted):
                written.verified = resource_version(live)  # since then only its status was written
                return True
            return written.holds(live, intents.held(live, wanted))
        if intents.told(live) != digest or not covers(live, wanted):
            return False
        self._children.put(child, self._written(live, digest, intents.held(live, wanted), wanted))
        return True

    async def _write(self, owner: Manifest, live: Manifest, wanted: Manifest, digest: str) -> Manifest:
        child = ref(live)
        drift = self._drift(child, live, wanted, digest)
        # Who owns which field matters once our intent drops one; the same intent is put back with one request.
        is_known = intents.told(live) == digest
        try:
            if not is_known:
                await self._settle(child, live, wanted)
            # The uid keeps the server from making the object anew, or from taking over another of that name.
            after = await self.client.apply(intents.merged(wanted, {"metadata": {"uid": uid(live)}}))
        except (NotFound, Conflict, Invalid) as error:
            if await self._is_gone(child, uid(live), error):
                raise Postponed(f"{child} went away while it was written", after=SOON) from error
            raise
        if drift and resource_version(after) != resource_version(live):
            self._say(owner, WARNING, "DriftRepaired", f"{child} was changed by somebody else: {', '.join(drift)}")
        written = self._children.get(child)
        is_settled = not is_known or (written is not None and written.uid == uid(after) and written.is_settled)
        return self._remember(child, after, wanted, digest, is_settled=is_settled)

    def _drift(self, child: Ref, live: Manifest, wanted: Manifest, digest: str) -> list[str]:
        """Return the fields that somebody else changed; none where our own intent changed."""
        written = self._children.get(child)
        known = written.digest if written is not None and written.uid == uid(live) else intents.told(live)
        return differences(live, wanted) if known == digest else []

    async def _settle(self, child: Ref, live: Manifest, wanted: Manifest) -> None:
        """Make a server-side apply safe: our created fields become applied ones, replicas stay where they are."""
        written = self._children.get(child)
        sets_replicas = intents.sets_replicas(wanted)
        if written and written.uid == uid(live) and written.is_settled and written.sets_replicas == sets_replicas:
            return
        fresh = await self._converted(child, uid(live))
        if not sets_replicas and is_only_owner(fresh, FIELD_MANAGER, REPLICAS):
            held = intents.identified(fresh, {"spec": {"replicas": fresh["spec"]["replicas"]}})
            try:
                await self.client.apply(held, manager=REPLICAS_MANAGER, force=False)
            except Conflict:
                log.debug("%s: replicas were scaled by somebody else meanwhile and are theirs", child)

    async def _converted(self, child: Ref, known: str) -> Manifest:
        """Return the child as it is now, with what we created in it turned into what we applied.

        Right after a creation other controllers write into the object too, so this is tried more than once.
        """
        for attempt in range(CONVERSIONS):
            await asyncio.sleep(attempt * CONVERSION_PAUSE)
            fresh = await self.client.get(*child)
            if uid(fresh) != known or is_deleting(fresh):
                raise Postponed(f"{child} changed hands while it was written", after=SOON)
            operations = conversion(fresh, FIELD_MANAGER)
            if not operations:
                return fresh
            try:
                return await self.client.patch(*child, operations)
            except (Conflict, Invalid) as error:
                log.debug("%s changed while its fields were converted: %s", child, error)
        raise Postponed(f"{child} changes too fast to be written", after=SOON)

    async def _existing(self, child: Ref) -> Manifest:
        try:
            return await self.client.get(*child)
        except NotFound as error:
            raise Postponed(f"{child} came and went", after=SOON) from error

    async def _is_gone(self, target: Ref, known: str, error: Exception) -> bool:
        """Tell whether `error` came because the object with uid `known` is no more."""
        try:
            gone = isinstance(error, NotFound) or uid(await self.client.get(*target)) != known
        except NotFound:
            gone = True
        if gone:
            self._children.drop(target)
            self._statuses.drop(target)
        return gone

    async def _delete(self, target: Ref, known: str) -> bool:
        self._children.drop(target)
        try:
            await self.client.delete(*target, uid=known)
        except (NotFound, Conflict):
            return False
        return True

    def _remember(
        self, child: Ref, after: Manifest, wanted: Manifest, digest: str, *, is_settled: bool = False
    ) -> Manifest:
        written = self._written(after, digest, intents.held(after, wanted), wanted)
        written.is_settled = is_settled
        self._children.put(child, written)
        return after

    def _written(self, after: Manifest, digest: str, held: str, wanted: Manifest | None = None) -> Written:
        seen = self.store.get(*ref(after))  # its watch may be faster than the answer to the write
        return Written(
            uid=uid(after),
            digest=digest,
            held=held,
            verified=resource_version(after),
            generation=generation(after),
            unseen=None if seen and is_at_least(seen, after) else _trimmed(after),
            written_at=self.clock(),
            sets_replicas=intents.sets_replicas(wanted or {}),
        )

    def _say(self, owner: Manifest, type: str, reason: str, message: str) -> None:
        if self.recorder is not None:
            self.recorder.event(owner, type, reason, message)


def _trimmed(obj: Manifest) -> Manifest:
    metadata = {field: value for field, value in obj["metadata"].items() if field != "managedFields"}
    return {**obj, "metadata": metadata}
