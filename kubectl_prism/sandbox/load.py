"""Makes traffic for one tenant on a simulated proxy, so that its quotas can be seen to bite.

Requests come at an even pace whatever the answers are, as those of many clients do; connections are opened first and
held. Called by `sandbox load`.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from kubectl_prism.errors import PrismError
from kubectl_prism.proxy.endpoint import Endpoint
from kubectl_prism.proxy.errors import Away, ProxyError, Refused, WrongService
from kubectl_prism.proxy.proto import traffic_pb2 as pb
from kubectl_prism.proxy.traffic import CONNECT, SET
from kubectl_prism.proxy.wire import Lines

FOREVER = 86_400.0
"""Seconds that a connection may be held without a word."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of a proxy: so many requests per second to so many keys, and connections that are held."""

    seconds: float
    rps: int = 0
    keys: int = 1
    connections: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it; `took` are the seconds from the first request to the last answer."""

    let_through: int
    refused: int
    failed: int
    connected: int
    turned_away: int
    took: float


async def play(lines: Lines, proxy: Endpoint, tenant: str, load: Load, say: Callable[[str], None]) -> Done:
    """Make the traffic and return what came of it; PrismError where the proxy is not a simulated one."""
    told: Counter[str] = Counter()
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        opened = [group.create_task(_connect(lines, proxy, tenant, over, group)) for _ in range(load.connections)]
        connected = sum(await asyncio.gather(*opened))
        took = await _requests(lines, proxy, tenant, load, told, say)
        over.set()
    return Done(told["through"], told["refused"], told["failed"], connected, load.connections - connected, took)


async def _connect(lines: Lines, proxy: Endpoint, tenant: str, over: asyncio.Event, group: asyncio.TaskGroup) -> bool:
    """Open a connection and have it held until `over`; tell whether it was let in."""
    stream = lines.stream(proxy, CONNECT, pb.ConnectRequest(namespace=tenant), silence=FOREVER)
    try:
        await anext(stream)
    except WrongService as error:
        raise _not_simulated(proxy) from error
    except ProxyError:
        return False

    async def hold() -> None:
        await over.wait()
        await stream.aclose()

    group.create_task(hold())
    return True


async def _requests(
    lines: Lines, proxy: Endpoint, tenant: str, load: Load, told: Counter[str], say: Callable[[str], None]
) -> float:
    """Send requests at their pace until the time is over; return the seconds that it took."""
    began = time.monotonic()
    if not load.rps:
        await asyncio.sleep(load.seconds)
        return load.seconds
    async with asyncio.TaskGroup() as group:
        for number in range(round(load.seconds * load.rps)):
            if (early := began + number / load.rps - time.monotonic()) > 0:
                await asyncio.sleep(early)
            group.create_task(_request(lines, proxy, tenant, f"key-{number % max(1, load.keys)}", told))
            if number % load.rps == load.rps - 1:
                say(f"{number + 1} requests: {told['through']} let through, {told['refused']} refused")
    return time.monotonic() - began


async def _request(lines: Lines, proxy: Endpoint, tenant: str, key: str, told: Counter[str]) -> None:
    try:
        await lines.call(proxy, SET, pb.SetRequest(namespace=tenant, key=key, value=b"load"))
    except WrongService as error:
        raise _not_simulated(proxy) from error
    except Refused:
        told["refused"] += 1
    except Away:
        told["failed"] += 1
    else:
        told["through"] += 1


def _not_simulated(proxy: Endpoint) -> PrismError:
    return PrismError(f"{proxy.name} takes no such traffic", hint="only the simulated proxies of a sandbox do")
