"""Ports of pods on a real API server, with simulated pods whose ports KWOK hands to servers of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from kubectl_prism.kube.client import Client
from kubectl_prism.kube.errors import ApiError, NotFound
from kubectl_prism.kube.portforward import PortForwardFailed, Tunnel, relay
from kubectl_prism.model.meta import Key
from tests.kube.conftest import until

PORT = 9090
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def eventually(attempt: Callable[[], Awaitable[object]]) -> None:
    """Repeat what fails while the cluster is not so far yet, at most twenty seconds."""
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(ApiError, AssertionError):
                await attempt()
                return
            await asyncio.sleep(0.05)


async def send(client: Client, path: str, kind: str, key: Key, spec: object) -> None:
    version = "v1" if kind == "Pod" else "kwok.x-k8s.io/v1alpha1"
    body = {"apiVersion": version, "kind": kind, "metadata": key._asdict(), "spec": spec}
    await client.request("POST", path.format(key.namespace), body=json.dumps(body).encode())


@asynccontextmanager
async def pod(client: Client, key: Key) -> AsyncIterator[Key]:
    """A pod whose port answers with its name and then with what it is sent."""
    served: set[asyncio.StreamWriter] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(writer)
        writer.write(f"{key.name}\n".encode())
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(1 << 16):
                writer.write(piece)
                await writer.drain()
        writer.close()
        served.discard(writer)

    async def greets() -> None:
        async with tunnel(client, [key]) as found, connected(found) as (reader, _):
            assert await reader.readline() == f"{key.name}\n".encode()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        target = {"port": server.sockets[0].getsockname()[1], "address": "127.0.0.1"}
        container = {"tolerations": [{"operator": "Exists"}], "containers": [{"name": "main", "image": "none"}]}
        forward = {"forwards": [{"ports": [PORT], "target": target}]}
        await eventually(lambda: send(client, "/api/v1/namespaces/{}/pods", "Pod", key, container))
        await send(client, "/apis/kwok.x-k8s.io/v1alpha1/namespaces/{}/portforwards", "PortForward", key, forward)
        await eventually(greets)
        yield key
        # KWOK keeps its side of a connection until the server ends it, whatever became of the client.
        for writer in served:
            writer.close()
        await until(lambda: not served)


def tunnel(client: Client, pods: list[Key]) -> Tunnel:
    """Return a tunnel to whichever is the first of `pods`."""
    return Tunnel(client, PORT, lambda: next(iter(pods), None))


@asynccontextmanager
async def connected(found: Tunnel) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_unix_connection(found.address.removeprefix("unix:"))
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_connection_goes_to_the_pod_and_back(real: Client, namespace: str) -> None:
    """Much data comes back whole, over two connections at once."""
    sent = bytes(range(256)) * 8192

    async def echoed(found: Tunnel) -> bytes:
        async with connected(found) as (reader, writer):
            greeting = await reader.readline()
            writer.write(sent)
            return greeting + await reader.readexactly(len(sent))

    async with pod(real, Key(namespace, "first")) as first, tunnel(real, [first]) as found:
        assert list(await asyncio.gather(echoed(found), echoed(found))) == [b"first\n" + sent] * 2


async def test_a_tunnel_outlives_its_pod(real: Client, namespace: str) -> None:
    """When a pod goes its connections are cut; the next one goes to another pod, and to none while there is none."""
    async with AsyncExitStack() as stack:
        pods = [await stack.enter_async_context(pod(real, Key(namespace, name))) for name in ("first", "second")]
        found = await stack.enter_async_context(tunnel(real, pods))
        async with connected(found) as (reader, _):
            assert await reader.readline() == b"first\n"
            found.drop(pods[1])
            assert not reader.at_eof()
            found.drop(pods.pop(0))
            assert await reader.read() == b""
        async with connected(found) as (reader, _):
            assert await reader.readline() == b"second\n"
        pods.clear()
        async with connected(found) as (reader, _):
            assert await reader.read() == b""


async def test_why_a_port_cannot_be_forwarded_is_told(real: Client, namespace: str) -> None:
    """A port that nobody listens on is an error in the pod's words; a pod that is not there is NotFound."""
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    async with pod(real, Key(namespace, "first")) as first:
        with pytest.raises(PortForwardFailed, match="9999"):
            await relay(real, first, 9999, (reader, writer))
        with pytest.raises(NotFound):
            await relay(real, Key(namespace, "none"), PORT, (reader, writer))
    writer.close()
    theirs.close()
