"""The reconciler of PrismStack: proxies and admins, and the patterns, backends and namespaces that it is made of.

What runs a pattern or checks a backend is the business of their own reconcilers; a stack makes those objects, prunes
what left its spec, and sums up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.model.stack import Stack
from kubectl_prism.reconcile.request import Request, Result
from kubectl_prism.reconcile.summary import Part, election, members, overall, phase
from kubectl_prism.reconcile.tools import Applied, Tools, refs, sooner
from kubectl_prism.reconcile.triggers import is_news
from kubectl_prism.render import admin, autoscaling, labels, names, proxy
from kubectl_prism.render import stack as render
from kubectl_prism.store import Change, Store
from kubectl_prism.view.pods import trouble

CHILD_KINDS = (
    "HorizontalPodAutoscaler",
    "ScaledObject",
    "Deployment",
    "Service",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "PodDisruptionBudget",
    "PrismPattern",
    "PrismBackend",
    "PrismNamespace",
)


@dataclass(frozen=True, slots=True)
class Children:
    """What became of the parts of a stack when they were applied."""

    proxy: Applied
    admin: Applied
    backends: Applied
    patterns: Applied
    namespaces: Applied

    @property
    def all(self) -> Applied:
        """Everything together."""
        return self.proxy | self.admin | self.backends | self.patterns | self.namespaces


class StackReconciler:
    """Reconciles PrismStacks."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def __call__(self, request: Request) -> Result:
        """Bring one PrismStack to what its spec says."""
        obj = self._tools.store.get(*request.ref)
        if obj is None or meta.is_deleting(obj):
            return Result()
        stack = await self._tools.parsed(Stack, obj)
        if stack is None:
            return Result()
        await self._tools.applier.prune(obj, refs(render.children(stack)), CHILD_KINDS)
        children = await self._apply(obj, stack)
        wait = await self._report(obj, stack, children)
        again = self._tools.retry(obj, children.all)
        return Result(requeue_after=sooner(again, wait))

    async def _apply(self, obj: Manifest, stack: Stack) -> Children:
        initial = autoscaling.initial_replicas(stack.spec.proxy.autoscaling, stack.spec.proxy.replicas)
        tools = self._tools
        return Children(
            backends=await tools.apply_each(obj, render.prism_backends(stack)),
            proxy=await tools.apply_chain(obj, tools.scalers_last(obj, proxy.objects(stack)), initial_replicas=initial),
            admin=await tools.apply_chain(obj, admin.objects(stack)),
            patterns=await tools.apply_each(obj, render.prism_patterns(stack)),
            namespaces=await tools.apply_each(obj, render.prism_namespaces(stack)),
        )

    async def _report(self, obj: Manifest, stack: Stack, children: Children) -> float | None:
        spec = stack.spec
        parts = [
            self._workload("Proxy", obj, stack, labels.PROXY, names.proxy(stack.metadata.name), children.proxy),
            self._admin(obj, stack, children.admin),
            members("Patterns", children.patterns, len(spec.patterns or ())),
            members("Backends", children.backends, len(spec.backends or ()), tolerated=("Unknown",)),
            members("Namespaces", children.namespaces, len(spec.namespaces or ())),
        ]
        marks = overall(parts)
        counts = {part.name: part.counts for part in parts}
        wait = await self._tools.report(
            obj,
            [*marks, *(part.mark for part in parts if part.is_wanted)],
            phase=phase((obj.get("status") or {}).get("phase"), marks, parts),
            proxies=counts["Proxy"],
            admins=counts["Admin"],
            patterns=counts["Patterns"],
            backends=counts["Backends"],
            namespaces=counts["Namespaces"],
        )
        return sooner(wait, *(part.again for part in parts))

    def _admin(self, obj: Manifest, stack: Stack, applied: Applied) -> Part:
        if not stack.spec.admin.enabled:
            return Part.absent("Admin")
        part = self._workload("Admin", obj, stack, labels.ADMIN, names.admin(stack.metadata.name), applied)
        return election(part, stack, self._tools.store.list("PrismStack", stack.metadata.namespace))

    def _workload(self, name: str, obj: Manifest, stack: Stack, component: str, child: str, applied: Applied) -> Part:
        deployment = applied.live.get(Ref("Deployment", stack.metadata.namespace, child))
        if applied.refusals or deployment is None:
            return Part.refused(name, applied.refusals)
        return Part.running(name, self._tools.judge(obj, deployment, self._pods(stack, component)))

    def _pods(self, stack: Stack, component: str) -> list[Manifest]:
        selector = labels.stack_selector(stack.metadata.name, component)
        pods = self._tools.store.labelled("Pod", stack.metadata.namespace, "stack", selector["stack"])
        return [pod for pod in pods if meta.labels(pod).get("component") == component]


def of_pod(store: Store, change: Change) -> Iterator[Request]:
    """Yield the stack of a proxy or admin pod whose trouble came or went."""
    if trouble(_one(change.old)) == trouble(_one(change.new)):
        return
    pod = change.new or change.old or {}
    marked = meta.labels(pod)
    if marked.get("component") not in (labels.PROXY, labels.ADMIN):
        return
    for stack in store.list("PrismStack", meta.key(pod).namespace):
        if labels.stack_selector(meta.key(stack).name, labels.PROXY)["stack"] == marked.get("stack"):
            yield Request.of(stack)


def of_stack(store: Store, change: Change) -> Iterator[Request]:
    """Yield the other stacks of the namespace: whether their Lease is free depends on the one that changed or went."""
    if not is_news(change.old, change.new):
        return
    changed = meta.key(change.new or change.old or {})
    for stack in store.list("PrismStack", changed.namespace):
        if meta.key(stack) != changed:
            yield Request.of(stack)


def _one(pod: Manifest | None) -> tuple[Manifest, ...]:
    return (pod,) if pod else ()
