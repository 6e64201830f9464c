"""Finds the pods behind a name and keeps a port of this machine forwarded to one that is ready, for `port-forward`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from kubectl_prism.errors import PrismError, TimedOut
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.config import Cluster
from kubectl_prism.kube.errors import NotFound
from kubectl_prism.kube.informer import Informer
from kubectl_prism.kube.portforward import Tunnel
from kubectl_prism.model import documents, meta
from kubectl_prism.model.meta import Key
from kubectl_prism.model.pattern import Pattern
from kubectl_prism.model.stack import Stack
from kubectl_prism.render import labels
from kubectl_prism.store import Change, Store
from kubectl_prism.view.pods import is_ready

WITHIN = 10.0
"""Seconds in which the pods must be known."""


@dataclass(frozen=True, slots=True)
class Target:
    """Pods that a selector finds, what people call them, and their port."""

    name: str
    selector: str
    port: int


async def forward(
    cluster: Cluster, name: str, stack: str | None, local: int | None, say: Callable[[str], None]
) -> None:
    """Forward until cancelled; PrismError where there is nothing of that name, or no port here."""
    store = Store()
    async with Client(cluster) as client:
        target = await _target(client, name, stack)
        pods = Informer(client, store, "Pod", namespace=cluster.namespace, labels=target.selector)

        def pick() -> Key | None:
            return next((meta.key(pod) for pod in store.list("Pod") if is_ready(pod)), None)

        async with Tunnel(client, target.port, pick, local=target.port if local is None else local) as tunnel:

            def notice(change: Change) -> None:
                if change.old is not None and (change.new is None or not is_ready(change.new)):
                    tunnel.drop(meta.key(change.old))

            store.subscribe(notice)
            async with asyncio.TaskGroup() as group:
                group.create_task(pods.run(), name="pods")
                try:
                    async with asyncio.timeout(WITHIN):
                        await pods.synced.wait()
                except TimeoutError as error:
                    raise TimedOut(f"cannot find the pods of {target.name}: {pods.error or 'no answer'}") from error
                if pick() is None:
                    say(f"warning: no pod of {target.name} is ready; connections are cut until one is")
                say(f"Forwarding {tunnel.address} to port {target.port} of {target.name}. Ctrl-C stops.")
                await _tell(tunnel, say)


async def _tell(tunnel: Tunnel, say: Callable[[str], None]) -> None:
    """Say what goes wrong, once as long as it stays the same."""
    said: str | None = None
    while True:
        if tunnel.trouble != said and tunnel.trouble is not None:
            say(f"warning: {tunnel.trouble}")
        said = tunnel.trouble
        await asyncio.sleep(0.5)


async def _target(client: Client, name: str, stack: str | None) -> Target:
    if name in ("proxy", "admin"):
        found = await _stack(client, stack)
        component, port = (
            (labels.PROXY, found.spec.proxy.port) if name == "proxy" else (labels.ADMIN, found.spec.admin.port)
        )
        selector = labels.stack_selector(found.metadata.name, component)
        return Target(f"the {name} of stack {found.metadata.name}", _joined(selector), port)
    try:
        obj = await client.get("PrismPattern", client.cluster.namespace, name)
    except NotFound as error:
        raise PrismError(
            f"there is no PrismPattern {name} in namespace {client.cluster.namespace}",
            hint="write proxy, admin, or the name of a pattern",
        ) from error
    pattern = documents.load_as(Pattern, obj)
    if pattern.spec.service is None or pattern.spec.service.port is None:
        raise PrismError(f"PrismPattern {name} has no port", hint="give it one in spec.service.port")
    return Target(f"pattern {name}", _joined(labels.runner_selector(name)), pattern.spec.service.port)


async def _stack(client: Client, name: str | None) -> Stack:
    """Return the stack of this name, or the only one."""
    found = await client.list("PrismStack", client.cluster.namespace)
    chosen = [obj for obj in found if name in (None, meta.key(obj).name)]
    place = f"in namespace {client.cluster.namespace}"
    if not chosen:
        raise PrismError(f"there is no stack {name or ''} {place}".replace("  ", " "))
    if len(chosen) > 1:
        names = ", ".join(meta.key(obj).name for obj in chosen)
        raise PrismError(f"there are several stacks {place}: {names}", hint="choose one with --stack")
    return documents.load_as(Stack, chosen[0])


def _joined(selector: dict[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in selector.items())
