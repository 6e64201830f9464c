"""The reconciler of PrismBackend: resolve the connection, write it where pods can mount it, ask whether it answers.

Secrets are read one by one and only when a backend names them; none is cached, logged or copied into a status. The
health check goes on at its interval and writes only when its answer changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from kubectl_prism.model import conditions, latency, meta
from kubectl_prism.model.backend import Backend
from kubectl_prism.model.conditions import Mark
from kubectl_prism.model.duration import seconds
from kubectl_prism.model.meta import Key, Manifest
from kubectl_prism.reconcile import greetings
from kubectl_prism.reconcile.credentials import RefError, resolve
from kubectl_prism.reconcile.greetings import Answer, Target
from kubectl_prism.reconcile.request import Request, Result
from kubectl_prism.reconcile.tools import Tools, refs, sooner
from kubectl_prism.render import backend as render
from kubectl_prism.render import labels
from kubectl_prism.render.backend import ConnectionValues

CHILD_KINDS = ("ConfigMap", "Secret")
SECRET_INTERVAL = 30.0
"""Seconds until the Secrets that a backend names are read again."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The last answer of a backend: of which connection, when it was given and after how many seconds."""

    target: Target
    at: float
    took: float
    answer: Answer
    within: str | None = None


class BackendReconciler:
    """Reconciles PrismBackends; `clock` is monotonic, in seconds."""

    def __init__(self, tools: Tools, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._tools = tools
        self._clock = clock
        self._checked: dict[Key, Checked] = {}

    async def __call__(self, request: Request) -> Result:
        """Bring one PrismBackend to what its spec says."""
        key = Key(request.namespace, request.name)
        obj = self._tools.store.get("PrismBackend", *key)
        if obj is None or meta.is_deleting(obj):
            self._checked.pop(key, None)
            return Result()
        backend = await self._tools.parsed(Backend, obj)
        if backend is None:
            return Result()
        try:
            values = await resolve(self._tools.client, backend)
        except RefError as error:
            await self._report(obj, conditions.stalled(error.reason, str(error)), phase="Failed")
            return Result(requeue_after=min(self._tools.patience.wait(meta.uid(obj)), SECRET_INTERVAL))
        return await self._reconcile(obj, backend, values)

    async def _reconcile(self, obj: Manifest, backend: Backend, values: ConnectionValues) -> Result:
        children = render.objects(backend, values, stack=labels.owning_stack(backend.metadata))
        applied = await self._tools.apply_chain(obj, children)
        again = self._tools.retry(obj, applied)
        for refusal in applied.refusals:
            await self._report(obj, conditions.stalled(refusal.reason, refusal.message), phase="Failed")
            return Result(requeue_after=again)
        await self._tools.applier.prune(obj, refs(children), CHILD_KINDS)
        answer = await self._health(backend, values)
        marks, phase = judgement(answer)
        wait = await self._report(obj, marks, phase=phase, answer=answer)
        check = backend.spec.health_check
        interval = seconds(check.interval) if check.enabled else SECRET_INTERVAL
        return Result(requeue_after=sooner(wait, max(1.0, min(interval, SECRET_INTERVAL))))

    async def _health(self, backend: Backend, values: ConnectionValues) -> Answer:
        check = backend.spec.health_check
        if not check.enabled:
            return Answer(None, "HealthCheckDisabled", "not checked: healthCheck.enabled is false")
        if not values.url:
            return Answer(None, "NothingToCheck", "it lives in the runner's memory: there is nothing to connect to")
        target = Target(
            render.provider(backend.spec, name=backend.metadata.name, url=values.url),
            values.url,
            values.username or "",
            values.password or "",
            tls=backend.spec.tls.enabled,
            certificates={name: value for name, value in values.tls.items() if isinstance(value, bytes)},
        )
        key = Key(backend.metadata.namespace, backend.metadata.name)
        last = self._checked.get(key)
        if last and last.target == target and self._clock() - last.at < seconds(check.interval) * 0.9:
            return last.answer
        began = self._clock()
        answer = await greetings.greet(target, timeout=seconds(check.timeout), inside=self._tools.inside)
        took = self._clock() - began
        told = backend.status.answers_within if backend.status else None
        previous = last.took if last and last.target == target else None
        within = latency.within(took, before=told, previous=previous) if answer.healthy else None
        self._checked[key] = Checked(target, self._clock(), took, answer, within)
        return answer

    async def _report(
        self, obj: Manifest, marks: list[Mark], *, phase: str, answer: Answer | None = None
    ) -> float | None:
        status = obj.get("status") or {}
        if answer is None:
            return await self._tools.report(obj, marks, phase=phase)
        is_same = status.get("healthy") == answer.healthy and status.get("message") == answer.message
        was_checked = answer.reason not in ("HealthCheckDisabled", "NothingToCheck")
        since = status.get("lastChecked") if is_same else None
        return await self._tools.report(
            obj,
            marks,
            phase=phase,
            healthy=answer.healthy,
            answersWithin=checked.within if was_checked and (checked := self._checked.get(meta.key(obj))) else None,
            message=answer.message,
            lastChecked=(since or self._tools.now()) if was_checked else None,
        )


def judgement(answer: Answer) -> tuple[list[Mark], str]:
    """Return the conditions and the phase of a backend whose connection is written."""
    match answer.healthy:
        case True:
            healthy = conditions.true("Healthy", answer.reason, answer.message)
            return [*conditions.ready("Healthy", answer.message), healthy], "Ready"
        case False:
            healthy = conditions.false("Healthy", answer.reason, answer.message)
            return [*conditions.reconciling(answer.reason, answer.message), healthy], "Unhealthy"
    healthy = conditions.unknown("Healthy", answer.reason, answer.message)
    if answer.reason == "NotReachableFromHere":
        ready = [
            conditions.unknown(conditions.READY, answer.reason, answer.message),
            conditions.false(conditions.RECONCILING, answer.reason),
            conditions.false(conditions.STALLED, answer.reason),
        ]
        return [*ready, healthy], "Unknown"
    return [*conditions.ready("Configured", f"the connection is written; {answer.message}"), healthy], "Ready"
