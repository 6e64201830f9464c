"""The reconciler of PrismPattern: its runner's Deployment, Service, configuration, autoscaler and disruption budget.

A pattern waits for the backend that it names; what already runs is left as it is meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_prism.model import conditions, meta
from kubectl_prism.model.conditions import Mark
from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.model.pattern import Pattern
from kubectl_prism.reconcile.request import Postponed, Request, Result
from kubectl_prism.reconcile.rollout import Rollout, rollout
from kubectl_prism.reconcile.tools import SCALER_KINDS, Applied, Tools, refs, sooner
from kubectl_prism.render import autoscaling, labels, names
from kubectl_prism.render import backend as backend_render
from kubectl_prism.render import pattern as render
from kubectl_prism.render.backend import BackendConnection
from kubectl_prism.store import Change, Store
from kubectl_prism.view.pods import trouble

CHILD_KINDS = ("ConfigMap", "Secret", "Service", "Deployment", "PodDisruptionBudget", *SCALER_KINDS)


class BackendMissing(Exception):
    """The backend that a pattern names cannot supply its connection yet; `mark` says why."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.marks = conditions.reconciling(reason, message)


class PatternReconciler:
    """Reconciles PrismPatterns."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def __call__(self, request: Request) -> Result:
        """Bring one PrismPattern to what its spec says."""
        obj = self._tools.store.get(*request.ref)
        if obj is None or meta.is_deleting(obj):
            return Result()
        pattern = await self._tools.parsed(Pattern, obj)
        if pattern is None:
            return Result()
        try:
            connection = self._connection(obj, pattern)
        except BackendMissing as missing:
            wait = await self._tools.report(obj, missing.marks, phase="Pending", **self._counts(obj, pattern))
            return Result(requeue_after=wait)
        return await self._reconcile(obj, pattern, connection)

    async def _reconcile(self, obj: Manifest, pattern: Pattern, connection: BackendConnection | None) -> Result:
        children = render.objects(pattern, connection=connection, stack=labels.owning_stack(pattern.metadata))
        initial = autoscaling.initial_replicas(pattern.spec.autoscaling, pattern.spec.replicas)
        await self._tools.applier.prune(obj, refs(children), CHILD_KINDS)
        applied = await self._tools.apply_chain(obj, self._tools.scalers_last(obj, children), initial_replicas=initial)
        again = self._tools.retry(obj, applied)
        deployment = applied.live.get(Ref("Deployment", pattern.metadata.namespace, names.child(pattern.metadata.name)))
        if deployment is None:
            refusal = applied.refusals[0]
            await self._tools.report(obj, conditions.stalled(refusal.reason, refusal.message), phase="Failed")
            return Result(requeue_after=again)
        state = self._tools.judge(obj, deployment, self._pods(pattern))
        marks, phase = judgement(state, applied)
        if autoscaling.is_on(pattern.spec.autoscaling):
            marks.append(_scaling(applied))
        wait = await self._tools.report(obj, marks, phase=phase, **_counted(pattern, state))
        return Result(requeue_after=sooner(again, wait, state.again))

    def _counts(self, obj: Manifest, pattern: Pattern) -> Manifest:
        """Return the counts of the Deployment, where there is one: what runs goes on running."""
        deployment = self._deployment(obj, pattern)
        return _counted(pattern, rollout(deployment, ())) if deployment else {}

    def _deployment(self, obj: Manifest, pattern: Pattern) -> Manifest | None:
        name = names.child(pattern.metadata.name)
        deployment = self._tools.store.get("Deployment", pattern.metadata.namespace, name)
        return deployment if deployment and meta.is_owned_by(deployment, obj) else None

    def _pods(self, pattern: Pattern) -> tuple[Manifest, ...]:
        runner = labels.runner_selector(pattern.metadata.name)["runner"]
        return self._tools.store.labelled("Pod", pattern.metadata.namespace, "runner", runner)

    def _connection(self, obj: Manifest, pattern: Pattern) -> BackendConnection | None:
        """Return the connection that the pattern's pods mount; None where no PrismBackend supplies one."""
        home = pattern.metadata.namespace
        reference = pattern.spec.backend_config
        if reference and reference.namespace not in (None, home):
            raise BackendMissing(
                "RefNotPermitted",
                f"backendConfig.namespace must be {home}: pods mount nothing from another namespace; "
                f"make a PrismBackend in {home} whose secretRef names a Secret that permits it",
            )
        name = reference.name if reference else pattern.spec.backend
        backend = self._tools.store.get("PrismBackend", home, name)
        if backend is None:
            if reference:
                raise BackendMissing("BackendNotFound", f"PrismBackend {home}/{name} (backendConfig) does not exist")
            self._wait_for_return(obj, pattern, name)
            return None
        child = names.child(name)
        config_map, secret = (self._written(backend, kind, child) for kind in ("ConfigMap", "Secret"))
        is_stalled = conditions.is_true(backend, conditions.STALLED)
        if is_stalled or config_map is None or not backend_render.is_whole(config_map, secret):
            ready = conditions.find(backend, conditions.READY) or {}
            why = ready.get("message") if ready.get("status") != "True" else None
            raise BackendMissing(
                "BackendNotReady", f"PrismBackend {name}: {why or 'its connection is not written yet'}"
            )
        return backend_render.connection(config_map, secret)

    def _written(self, backend: Manifest, kind: str, name: str) -> Manifest | None:
        written = self._tools.store.get(kind, meta.key(backend).namespace, name)
        return written if written and meta.is_owned_by(written, backend) else None

    def _wait_for_return(self, obj: Manifest, pattern: Pattern, backend: str) -> None:
        """Raise Postponed where a backend in use went a moment ago: it may come back, or the pattern may go with it."""
        running = self._deployment(obj, pattern)
        if running and backend_render.is_connected(running, backend):
            left = self._tools.pace.hold(f"{meta.uid(running)}/{backend}")
            if left > 0:
                raise Postponed(f"PrismBackend {backend} is gone, perhaps for a moment", after=left)


def judgement(state: Rollout, applied: Applied) -> tuple[list[Mark], str]:
    """Return the conditions and the phase of a pattern whose Deployment exists."""
    if applied.refusals:
        refusal = applied.refusals[0]
        if refusal.reason == "KedaNotInstalled":
            return conditions.reconciling(refusal.reason, refusal.message), "Progressing"
        return conditions.stalled(refusal.reason, refusal.message), "Failed"
    if not state.is_done:
        phase = "Progressing" if state.replicas else "Pending"
        return conditions.reconciling(state.reason, state.message), phase
    return conditions.ready(state.reason, state.message), "Running" if state.desired else "ScaledToZero"


def _scaling(applied: Applied) -> Mark:
    for refusal in applied.refusals:
        return conditions.false("ScalingActive", refusal.reason, refusal.message)
    for ref, live in applied.live.items():
        if ref.kind in SCALER_KINDS:
            found = conditions.find(live, "ScalingActive" if ref.kind == SCALER_KINDS[0] else "Ready")
            if found is None:
                return conditions.unknown("ScalingActive", "NotReported", f"{ref} has not reported yet")
            return Mark(
                "ScalingActive", found["status"], found.get("reason") or "NotReported", found.get("message") or ""
            )
    return conditions.unknown("ScalingActive", "ScalerChanging", "the previous scaler is going")


def _counted(pattern: Pattern, state: Rollout) -> Manifest:
    selector = labels.runner_selector(pattern.metadata.name)
    return {
        "replicas": state.replicas,
        "availableReplicas": state.available,
        "selector": ",".join(f"{key}={value}" for key, value in selector.items()),
    }


def of_pod(store: Store, change: Change) -> Iterator[Request]:
    """Yield the pattern of a pod whose trouble came or went; a pod's other changes show on its Deployment."""
    if trouble(_one(change.old)) == trouble(_one(change.new)):
        return
    pod = change.new or change.old or {}
    namespace, runner = meta.key(pod).namespace, meta.labels(pod).get("runner")
    for pattern in store.list("PrismPattern", namespace):
        if labels.runner_selector(meta.key(pattern).name)["runner"] == runner:
            yield Request.of(pattern)


def of_backend(store: Store, change: Change) -> Iterator[Request]:
    """Yield the patterns that may use the PrismBackend that changed."""
    return _users(store, *meta.key(change.new or change.old or {}))


def of_connection(store: Store, change: Change) -> Iterator[Request]:
    """Yield the patterns whose backend wrote the ConfigMap or Secret that changed."""
    obj = change.new or change.old or {}
    controller = meta.controller_of(obj) or {}
    if controller.get("kind") == "PrismBackend":
        yield from _users(store, meta.key(obj).namespace, controller.get("name") or "")


def _users(store: Store, namespace: str, name: str) -> Iterator[Request]:
    for pattern in store.list("PrismPattern", namespace):
        spec = pattern.get("spec") or {}
        reference = spec.get("backendConfig")
        named = reference.get("name") if isinstance(reference, dict) else None
        if (named or spec.get("backend")) == name:
            yield Request.of(pattern)


def _one(pod: Manifest | None) -> tuple[Manifest, ...]:
    return (pod,) if pod else ()
