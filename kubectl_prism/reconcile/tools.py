"""What every reconciler of a kind works with, and how it says what it found.

Kind files take `Tools` and nothing else, so that a test can hand them a clock and a store of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from kubectl_prism.errors import PrismError
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.errors import Forbidden, Invalid, NotFound
from kubectl_prism.model import conditions, meta
from kubectl_prism.model.conditions import Mark
from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.reconcile.apply import Applier, NameTaken
from kubectl_prism.reconcile.events import Recorder
from kubectl_prism.store import Store

SCALER_KINDS = ("HorizontalPodAutoscaler", "ScaledObject")

REFUSAL_RETRY = 60.0
"""Seconds until a refused child is tried again; nothing tells us when its name is free or a quota is lifted."""


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

    def scalers_last(self, owner: Manifest, intents: Iterable[Manifest]) -> list[Manifest]:
        """Return what can be applied now, scalers last: a new one waits until the old one has let go."""
        wanted = list(intents)
        scalers = [intent for intent in wanted if intent["kind"] in SCALER_KINDS]
        gone = set(SCALER_KINDS) - {scaler["kind"] for scaler in scalers}
        is_held = any(self.store.owned(meta.uid(owner), kind) for kind in gone)
        others = [intent for intent in wanted if intent["kind"] not in SCALER_KINDS]
        return others if is_held else others + scalers

    async def report(self, obj: Manifest, marks: list[Mark], **fields: object) -> None:
        """Write the status of `obj` where it differs, and an Event where its readiness turned.

        `fields` are the other fields of the status, in camelCase; None leaves a field out.
        """
        previous = (obj.get("status") or {}).get("conditions") or []
        found = conditions.merge(previous, marks, generation=meta.generation(obj), now=self.now())
        status = {"observedGeneration": meta.generation(obj), "conditions": found}
        status |= {name: value for name, value in fields.items() if value is not None}
        if await self.applier.status(obj, status):
            self._announce(obj, marks)

    def _announce(self, obj: Manifest, marks: list[Mark]) -> None:
        before = conditions.find(obj, conditions.READY) or {}
        ready = next(mark for mark in marks if mark.type == conditions.READY)
        if (before.get("status"), before.get("reason")) == (ready.status, ready.reason):
            return
        is_stalled = any(mark.type == conditions.STALLED and mark.status == "True" for mark in marks)
        was_ready = before.get("status") == "True"
        type = "Warning" if is_stalled or (was_ready and ready.status == "False") else "Normal"
        self.recorder.event(obj, type, ready.reason, ready.message or ready.reason)


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
