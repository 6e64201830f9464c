"""Servers on this machine that answer as they are told, and where to reach them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import pytest

from kubectl_prism.proxy.endpoint import Endpoint
from kubectl_prism.proxy.serving import Handler, Server
from kubectl_prism.proxy.wire import Lines
from kubectl_prism.sandbox.answers.journal import Journal
from kubectl_prism.sandbox.answers.tenancy import Tenancy


class Serve(Protocol):
    """Start a server that answers these methods; return where it is, under the name that people read."""

    async def __call__(self, name: str, *handlers: Handler) -> Endpoint: ...


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Return what starts servers; they stop when the test ends."""
    async with AsyncExitStack() as stack:

        async def start(name: str, *handlers: Handler) -> Endpoint:
            server = await stack.enter_async_context(Server("127.0.0.1:0", handlers))
            return Endpoint(f"127.0.0.1:{server.port}", name)

        yield start


@pytest.fixture
async def lines() -> AsyncIterator[Lines]:
    """Return connections that are closed in the end."""
    found = Lines()
    yield found
    await found.close()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Return a log that nobody reads."""
    found = Journal(tmp_path / "pod.log")
    yield found
    found.close()


@pytest.fixture
def tenancy(tmp_path: Path) -> Iterator[Tenancy]:
    """Return the tenants of a simulated stack: none."""
    found = Tenancy(tmp_path / "tenants.sqlite")
    yield found
    found.close()
