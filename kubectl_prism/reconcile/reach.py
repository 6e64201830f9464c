"""How a stack's programs are reached from here, and the connections to its control plane that are kept.

Used by the namespace reconciler alone. Inside the cluster the proxies' Service and the admins' own addresses do; from
outside each has a tunnel through the API server to a pod that is ready, cut when that pod goes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING

from kubectl_prism.kube.client import Client
from kubectl_prism.kube.portforward import Tunnel
from kubectl_prism.model import meta
from kubectl_prism.model.meta import Key, Manifest
from kubectl_prism.model.stack import Access, Stack
from kubectl_prism.proxy.endpoint import Endpoint, Reach, Security
from kubectl_prism.proxy.errors import Away
from kubectl_prism.reconcile import credentials
from kubectl_prism.reconcile.usage import Feed
from kubectl_prism.render import labels, names
from kubectl_prism.store import Change, Store
from kubectl_prism.view.pods import is_ready

if TYPE_CHECKING:
    from kubectl_prism.proxy.client import ControlPlane

SECRET_INTERVAL = 30.0
"""Seconds until the Secrets that a stack names are read again."""


@dataclass(slots=True)
class Plane:
    """The control plane of one stack. `security` was read at the monotonic second `read_at`, None for not yet."""

    control: ControlPlane
    security: Security = field(default_factory=Security)
    read_at: float | None = None
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    tunnels: dict[str, Tunnel] = field(default_factory=dict)
    feed: Feed | None = None
    listening: asyncio.Task[None] | None = None
    reach: Reach = field(default_factory=lambda: Reach(None))

    def why(self, away: Away) -> str:
        """Return why nobody answers, with what is wrong on the way there."""
        trouble = next((tunnel.trouble for tunnel in self.tunnels.values() if tunnel.trouble), None)
        return f"{away.message}: {trouble}" if trouble else away.message


class Planes:
    """The control planes of all stacks; `inside` says whether we run in their cluster.

    Use it as an asynchronous context manager: connections are closed in the end.
    """

    def __init__(
        self, client: Client, store: Store, *, inside: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._store = store
        self._inside = inside
        self._clock = clock
        self._planes: dict[str, Plane] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._exit = AsyncExitStack()

    async def __aenter__(self) -> Planes:
        """Begin; nothing is connected yet."""
        self._exit.callback(self._store.subscribe(self._notice))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        for known in list(self._planes):
            await self.forget(known)
        if self._closing:
            await asyncio.wait(self._closing)
        await self._exit.aclose()

    async def of(self, stack: Stack) -> Plane:
        """Return the control plane of a stack and how to reach it now; RefError where a Secret cannot be had."""
        plane = self._planes.get(stack.metadata.uid)
        if plane is None:
            plane = self._planes[stack.metadata.uid] = Plane(self._control(stack))
        async with plane.changing:
            if plane.read_at is None or self._clock() - plane.read_at >= SECRET_INTERVAL:
                plane.security, plane.read_at = await self._security(stack), self._clock()
            plane.reach = await self._reach(stack, plane)
        return plane

    def listen(self, plane: Plane, *, interval: float) -> Feed:
        """Return the use of the plane's tenants, kept up to date from now on."""
        if plane.feed is None:
            plane.feed = Feed(lambda: plane.control.usages(plane.reach, interval=interval))
            plane.listening = asyncio.create_task(plane.feed.run(), name="usage")
        return plane.feed

    async def forget(self, uid: str) -> None:
        """Close all connections to the control plane of the stack `uid`."""
        plane = self._planes.pop(uid, None)
        if plane is None:
            return
        if plane.listening is not None:
            plane.listening.cancel()
            await asyncio.wait([plane.listening])
        await plane.control.close()
        for name in list(plane.tunnels):
            await self._close(plane, name)

    def _control(self, stack: Stack) -> ControlPlane:
        from kubectl_prism.proxy.client import ControlPlane  # grpc costs 15 MiB and is for those who have namespaces

        name = names.proxy(stack.metadata.name)
        namespace = stack.metadata.namespace
        return ControlPlane(proxy=f"{namespace}/{name}", address=f"{name}.{namespace}.svc:{stack.spec.proxy.port}")

    async def _reach(self, stack: Stack, plane: Plane) -> Reach:
        proxies, admins = self._pods(stack, labels.PROXY), self._pods(stack, labels.ADMIN)
        name, namespace = names.proxy(stack.metadata.name), stack.metadata.namespace
        proxy = None
        if proxies:
            address = f"{name}.{namespace}.svc:{stack.spec.proxy.port}"
            if not self._inside:
                address = await self._tunnel(plane, name, stack.spec.proxy.port, self._any(stack, labels.PROXY))
            proxy = Endpoint(address, f"Service {namespace}/{name}", plane.security)
        return Reach(proxy, tuple([await self._admin(stack, plane, pod) for pod in admins]))

    async def _admin(self, stack: Stack, plane: Plane, pod: Manifest) -> Endpoint:
        key, port = meta.key(pod), stack.spec.admin.port
        address = f"{(pod.get('status') or {}).get('podIP')}:{port}"
        if not self._inside:
            address = await self._tunnel(plane, key.name, port, lambda: key)
        return Endpoint(address, _named(key), plane.security)

    async def _tunnel(self, plane: Plane, name: str, port: int, pick: Callable[[], Key | None]) -> str:
        if name not in plane.tunnels:
            plane.tunnels[name] = await Tunnel(self._client, port, pick).open()
        return plane.tunnels[name].address

    async def _close(self, plane: Plane, name: str) -> None:
        if (tunnel := plane.tunnels.pop(name, None)) is not None:
            await tunnel.close()

    async def _part(self, plane: Plane, pod: Key) -> None:
        """Close what only led to a pod that is gone."""
        await plane.control.drop(_named(pod))
        await self._close(plane, pod.name)

    def _any(self, stack: Stack, component: str) -> Callable[[], Key | None]:
        return lambda: next((meta.key(pod) for pod in self._pods(stack, component)), None)

    def _pods(self, stack: Stack, component: str) -> list[Manifest]:
        """Return the pods of one component that are ready, in the order of their names."""
        value = labels.stack_selector(stack.metadata.name, component)["stack"]
        found = self._store.labelled("Pod", stack.metadata.namespace, "stack", value)
        ours = [pod for pod in found if meta.labels(pod).get("component") == component and is_ready(pod)]
        return sorted(ours, key=meta.key)

    def _notice(self, change: Change) -> None:
        """Cut what is connected to a pod that went or is no longer ready; forget the plane of a stack that went."""
        old = change.old
        if old is None:
            return
        if change.kind == "PrismStack" and (change.new is None or meta.uid(change.new) != meta.uid(old)):
            self._later(self.forget(meta.uid(old)))
        if change.kind == "Pod" and is_ready(old) and (change.new is None or not is_ready(change.new)):
            for plane in self._planes.values():
                for tunnel in plane.tunnels.values():
                    tunnel.drop(meta.key(old))
        if change.kind == "Pod" and change.new is None and meta.labels(old).get("component") == labels.ADMIN:
            for plane in self._planes.values():
                self._later(self._part(plane, meta.key(old)))

    def _later(self, closing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(closing, name="connections that go")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _security(self, stack: Stack) -> Security:
        access, namespace = stack.spec.control_plane or Access(), stack.metadata.namespace
        certificates = await credentials.certificates(
            self._client, access.tls, namespace=namespace, field="spec.controlPlane.tls"
        )
        token = await credentials.token(
            self._client, access.token_ref, namespace=namespace, field="spec.controlPlane.tokenRef"
        )
        name = f"{names.proxy(stack.metadata.name)}.{namespace}.svc"
        return Security(access.tls.enabled, name, certificates, token)


def _named(pod: Key) -> str:
    """Return what the endpoint of one pod is called."""
    return f"Pod {pod}"
