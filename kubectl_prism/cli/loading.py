"""Finds the proxies of a tenant and makes traffic on them, for `sandbox load`."""

from __future__ import annotations

from collections.abc import Callable

from kubectl_prism.cli import tenancy
from kubectl_prism.errors import PrismError
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.config import Cluster
from kubectl_prism.kube.portforward import Tunnel
from kubectl_prism.model import documents, meta
from kubectl_prism.model.meta import Key
from kubectl_prism.model.namespace import Namespace
from kubectl_prism.model.stack import Stack
from kubectl_prism.proxy.endpoint import Endpoint
from kubectl_prism.proxy.wire import Lines
from kubectl_prism.render import names
from kubectl_prism.sandbox.load import Done, Load, play
from kubectl_prism.view.pods import is_ready

PROXIES = "component=prism-proxy"


async def load(cluster: Cluster, name: str, wanted: Load, say: Callable[[str], None]) -> Done:
    """Make traffic for the PrismNamespace `name`; PrismError where it or its proxies cannot be found."""
    async with Client(cluster) as client:
        tenant, proxies = await _found(client, name)
        pods = await _pods(client, proxies)
        port = await _port(client, proxies)
        async with Tunnel(client, port, lambda: pods[0]) as tunnel:
            lines = Lines()
            try:
                return await play(lines, Endpoint(tunnel.address, f"Pod {pods[0]}"), tenant, wanted, say)
            finally:
                await lines.close()


async def _found(client: Client, name: str) -> tuple[str, Key]:
    """Return the identifier of a tenant, and its proxies as namespace and name."""
    spec = documents.load_as(Namespace, await tenancy.found(client, name)).spec
    return spec.namespace_id or name, Key(spec.proxy_ref.namespace or client.cluster.namespace, spec.proxy_ref.name)


async def _port(client: Client, proxies: Key) -> int:
    """Return the port of a stack's proxies."""
    for stack in await client.list("PrismStack", proxies.namespace):
        if names.proxy(meta.key(stack).name) == proxies.name:
            return documents.load_as(Stack, stack).spec.proxy.port
    raise PrismError(f"no PrismStack in namespace {proxies.namespace} has proxies called {proxies.name}")


async def _pods(client: Client, proxies: Key) -> list[Key]:
    """Return the ready pods of a stack's proxies."""
    pods = await client.list("Pod", proxies.namespace, labels=PROXIES)
    found = [meta.key(pod) for pod in pods if is_ready(pod) and meta.key(pod).name.startswith(f"{proxies.name}-")]
    if not found:
        raise PrismError(f"no pod of {proxies} is ready", hint="`kubectl prism status` shows why")
    return sorted(found)
