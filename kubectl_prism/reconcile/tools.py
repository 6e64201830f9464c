"""What every reconciler of a kind works with, and how it says what it found.

Kind files take `Tools` and nothing else, so that a test can hand them a clock and a store of its own.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from kubectl_prism.errors import PrismError
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.errors import Forbidden, Invalid, NotFound
from kubectl_prism.model import conditions, documents, meta
from kubectl_prism.model.conditions import Mark
from kubectl_prism.model.documents import M
from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.reconcile.apply import Applier, NameTaken
from kubectl_prism.reconcile.events import Recorder
from kubectl_prism.reconcile.request import Request
from kubectl_prism.reconcile.rollout import Rollout, as_seen, is_mere_progress, is_seen, rollout
from kubectl_prism.store import Change, Store

PROGRESS_INTERVAL = 1.0
TOLD_PER_SECOND = 20
LONGEST_HOLD = 16.0
"""Where many objects begin at once, their first progress is held back until all of them could be told at this rate, but
no longer than so many seconds: the API server has their children to make."""
ECHO = 5.0
"""The seconds that an owner takes to look at what its own write of a child returned: it knew that, and mostly somebody
else has news before."""
LONGEST_WAIT = 60.0
REMEMBERED = 4096

SCALER_KINDS = ("HorizontalPodAutoscaler", "ScaledObject")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A child that cannot be as it should, and that trying again at once would not mend."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Applied:
    """The children that are as they should, as they live, and those that were refused."""

    live: Mapping[Ref, Manifest]
    refusals: tuple[Refusal, ...] = ()

    def __or__(self, other: Applied) -> Applied:
        """Return both together."""
        return Applied({**self.live, **other.live}, self.refusals + other.refusals)


class Pace:
    """When each object's status was last written, so that progress is told in steps of a second.

    What comes and mostly goes again within a second is not told at all: it is held back so long.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._written: OrderedDict[str, float] = OrderedDict()
        self._held: OrderedDict[str, float] = OrderedDict()

    def mark(self, uid: str) -> None:
        """Remember that the status of the object `uid` was written now."""
        self._written[uid] = self._clock()
        self._written.move_to_end(uid)
        self._held.pop(uid, None)
        while len(self._written) > REMEMBERED:
            self._written.popitem(last=False)

    def pause(self, uid: str) -> float:
        """Return the seconds until progress of the object `uid` may be written; 0 or less for now."""
        return self._written.get(uid, -PROGRESS_INTERVAL) + PROGRESS_INTERVAL - self._clock()

    def hold(self, what: str, *, longest: float = PROGRESS_INTERVAL) -> float:
        """Return the seconds until `what`, which came now if it is new, has lasted a second; 0 or less from then on.

        Where much is held back at once, it is at least as long as telling all of it would take, up to `longest`.
        """
        now = self._clock()
        while self._held and now - next(iter(self._held.values())) > LONGEST_WAIT:
            self._held.popitem(last=False)
        self._held.setdefault(what, now)
        return self.left(what, longest=longest)

    def left(self, what: str, *, longest: float = PROGRESS_INTERVAL) -> float:
        """Return the seconds that `what` is still held back, 0 or less where it is not."""
        seconds = PROGRESS_INTERVAL
        while seconds < longest and len(self._held) > seconds * TOLD_PER_SECOND:
            seconds *= 4  # in great steps, so that what is held is looked at seldom
        return self._held.get(what, -LONGEST_WAIT) + seconds - self._clock()


class Patience:
    """How long to wait until what an object lacks is looked for again, where nothing tells us that it came.

    A name that is taken, a quota, a Secret, KEDA: the wait is as long as the lack has lasted, between a second and a
    minute, so that what comes soon is found soon and what never comes costs little.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: OrderedDict[str, float] = OrderedDict()

    def wait(self, uid: str) -> float:
        """Return the seconds until the object `uid`, which lacks something, should be reconciled again."""
        lasted = self._clock() - self._since.setdefault(uid, self._clock())
        while len(self._since) > REMEMBERED:
            self._since.popitem(last=False)
        return min(max(lasted, PROGRESS_INTERVAL), LONGEST_WAIT)

    def forget(self, uid: str) -> None:
        """The object `uid` lacks nothing."""
        self._since.pop(uid, None)


@dataclass(frozen=True, slots=True)
class Tools:
    """The API server, what has been seen of it, and the only ways to write to it.

    `now` returns an RFC 3339 time; `inside` says whether this program runs in the cluster it reconciles.
    """

    client: Client
    store: Store
    applier: Applier
    recorder: Recorder
    now: Callable[[], str]
    inside: bool
    pace: Pace = field(default_factory=Pace)
    patience: Patience = field(default_factory=Patience)

    async def apply_chain(self, owner: Manifest, intents: Iterable[Manifest], *, initial_replicas: int = 1) -> Applied:
        """Apply children of `owner` that lean on each other, in order; stop at the first that is refused.

        `initial_replicas` is what a Deployment is created with whose replicas an autoscaler owns from then on.
        """
        live: dict[Ref, Manifest] = {}
        for intent in intents:
            is_scaled = intent["kind"] == "Deployment" and "replicas" not in intent["spec"]
            initial = {"spec": {"replicas": initial_replicas}} if is_scaled else None
            try:
                live[meta.ref(intent)] = await self.applier.apply(owner, intent, initial=initial)
            except (NameTaken, Invalid, Forbidden, NotFound) as error:
                return Applied(live, (_refusal(intent, error),))
        return Applied(live)

    async def apply_each(self, owner: Manifest, intents: Iterable[Manifest]) -> Applied:
        """Apply children of `owner` that do not need each other; one that is refused does not stop the others."""
        applied = Applied({})
        for intent in intents:
            applied |= await self.apply_chain(owner, [intent])
        return applied

    def retry(self, owner: Manifest, applied: Applied) -> float | None:
        """Return the seconds until `owner` should be tried again, for something was refused; None where nothing was."""
        if applied.refusals:
            return self.patience.wait(meta.uid(owner))
        self.patience.forget(meta.uid(owner))
        return None

    def scalers_last(self, owner: Manifest, intents: Iterable[Manifest]) -> list[Manifest]:
        """Return what can be applied now, scalers last: a new one waits until the old one has let go."""
        wanted = list(intents)
        scalers = [intent for intent in wanted if intent["kind"] in SCALER_KINDS]
        gone = set(SCALER_KINDS) - {scaler["kind"] for scaler in scalers}
        is_held = any(self.store.owned(meta.uid(owner), kind) for kind in gone)
        others = [intent for intent in wanted if intent["kind"] not in SCALER_KINDS]
        return others if is_held else others + scalers

    def may_wait(self, change: Change) -> float:
        """Return the seconds that the owner of a changed child may take to look: progress is not told sooner anyway."""
        old, new = change.old, change.new
        is_first = old is None and new is not None and self.applier.has_made(new)
        is_rollout = change.kind == "Deployment"
        if self.applier.is_echo(change) or (is_first and not is_rollout):
            wait = ECHO
        elif is_rollout and is_mere_progress(_as_made(new) if is_first else old, new):
            wait = PROGRESS_INTERVAL
        else:
            return 0.0
        return max(wait, self.pace.left(meta.owner_uid(new or {}), longest=LONGEST_HOLD))

    async def parsed(self, model: type[M], obj: Manifest) -> M | None:
        """Return `obj` as its model; where it is paused or does not parse, its status says so and None is returned."""
        if meta.is_paused(obj):
            await self.flag(Request.of(obj), conditions.paused())
            return None
        try:
            return documents.load_as(model, obj)
        except documents.InvalidSpec as error:
            await self.report(obj, conditions.stalled("InvalidSpec", error.message), phase="Failed")
            return None

    async def report(self, obj: Manifest, marks: list[Mark], **fields: object) -> float | None:
        """Write the status of `obj` where it differs, and an Event where its readiness turned.

        `fields` are the other fields of the status, in camelCase; None leaves a field out. Mere progress is written
        once a second at most, and for the first time when the object is on its way for a second already: the seconds
        until then are returned where it has to wait.
        """
        obj = self.applier.latest(obj)
        held = obj.get("status") or {}
        found = conditions.merge(held.get("conditions") or [], marks, generation=meta.generation(obj), now=self.now())
        status = {"observedGeneration": meta.generation(obj), "conditions": found}
        status |= {name: value for name, value in fields.items() if value is not None}
        if status == held:
            return None
        pause = self._pause(obj, status)
        if pause > 0:
            return pause
        if await self.applier.status(obj, status):
            self.pace.mark(meta.uid(obj))
            self._announce(obj, marks)
        return None

    async def flag(self, request: Request, marks: list[Mark]) -> None:
        """Lay `marks` over the status of an object that could not be reconciled; what else stands there stays."""
        obj = self.store.get(*request.ref)
        if obj is None or meta.is_deleting(obj):
            return
        obj = self.applier.latest(obj)
        held = obj.get("status") or {}
        told = {mark.type for mark in marks}
        kept = [found for found in held.get("conditions") or [] if found.get("type") not in told]
        found = conditions.merge(held.get("conditions") or [], marks, generation=meta.generation(obj), now=self.now())
        merged = sorted([*found, *kept], key=lambda condition: str(condition.get("type")))
        status = {**held, "observedGeneration": meta.generation(obj), "conditions": merged}
        if await self.applier.status(obj, status):
            self._announce(obj, marks)

    def judge(self, obj: Manifest, deployment: Manifest, pods: Iterable[Manifest]) -> Rollout:
        """Return how far a Deployment of `obj` is.

        Somebody's annotation is a new generation of it too. Where `obj` is Ready, what the Deployment's controller saw
        last counts until it has had a second to look again.
        """
        state = rollout(deployment, pods)
        if is_seen(deployment) or not _is_told_ready(obj):
            return state
        left = self.pace.hold(f"{meta.uid(deployment)}/{meta.generation(deployment)}")
        return replace(rollout(as_seen(deployment), pods), again=left) if left > 0 else state

    def _pause(self, obj: Manifest, status: Manifest) -> float:
        """Return the seconds that `status` has to wait until it may be written."""
        held = obj.get("status") or {}
        if "observedGeneration" not in held and _is_on_its_way(status):
            return self.pace.hold(meta.uid(obj), longest=LONGEST_HOLD)
        return self.pace.pause(meta.uid(obj)) if _is_mere_progress(held, status) else 0.0

    def _announce(self, obj: Manifest, marks: list[Mark]) -> None:
        """Record an Event where the object became Ready, ceased to be, or stalled."""
        before = {type: conditions.find(obj, type) or {} for type in (conditions.READY, conditions.STALLED)}
        now = {mark.type: mark for mark in marks}
        ready, stalled = now[conditions.READY], now[conditions.STALLED]
        was_ready = before[conditions.READY].get("status") == "True"
        if stalled.status == "True":
            known = before[conditions.STALLED]
            if (known.get("status"), known.get("reason")) != ("True", stalled.reason):
                self.recorder.event(obj, "Warning", stalled.reason, stalled.message)
        elif ready.status == "True" and not was_ready:
            self.recorder.event(obj, "Normal", "Ready", ready.message)
        elif ready.status == "False" and was_ready:
            self.recorder.event(obj, "Warning", "NotReady", f"{ready.reason}: {ready.message}")


def _is_mere_progress(held: Manifest, status: Manifest) -> bool:
    """Tell whether only numbers and messages moved while the object stays on its way."""
    return held.get("observedGeneration") == status["observedGeneration"] and (
        _states(held) == _states(status) and ("Ready", "False") in _states(status)
    )


def _is_on_its_way(status: Manifest) -> bool:
    return {(conditions.READY, "False"), (conditions.STALLED, "False")} <= _states(status)


def _as_made(child: Manifest | None) -> Manifest:
    """Return a child as it was when it was created: nobody had reported anything of it."""
    return {field: value for field, value in (child or {}).items() if field != "status"}


def _is_told_ready(obj: Manifest) -> bool:
    """Tell whether the status of `obj` says Ready, of its present generation."""
    is_current = (obj.get("status") or {}).get("observedGeneration") == meta.generation(obj)
    return is_current and conditions.is_true(obj, conditions.READY)


def _states(status: Manifest) -> set[tuple[str, str]]:
    return {(found.get("type") or "", found.get("status") or "") for found in status.get("conditions") or []}


def sooner(*waits: float | None) -> float | None:
    """Return the shortest of several waits, in seconds; None where nothing is waited for."""
    return min((wait for wait in waits if wait is not None), default=None)


def refs(intents: Iterable[Manifest]) -> list[Ref]:
    """Return the references of manifests."""
    return [meta.ref(intent) for intent in intents]


def _refusal(intent: Manifest, error: PrismError) -> Refusal:
    match error:
        case NameTaken():
            return Refusal("NameTaken", error.message)
        case NotFound() if intent["kind"] == "ScaledObject":
            return Refusal("KedaNotInstalled", "scaler keda needs KEDA, which this cluster does not have")
        case NotFound():  # the namespace is going, or a kind that we need is not served
            raise error
        case Forbidden():
            return Refusal("Forbidden", f"{meta.ref(intent)}: {error.message}")
    return Refusal("Refused", f"{meta.ref(intent)}: {error.message}")
