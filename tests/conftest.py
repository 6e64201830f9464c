"""What every test may use: a real API server, shared by the whole run."""

from __future__ import annotations

import asyncio
import signal

from tests.cluster import cluster

__all__ = ["cluster"]


def pytest_configure() -> None:
    """Begin every run alike, however it was started."""
    # A shell starts what runs in the background deaf to SIGINT, and so would be the programs under test.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # pytest-asyncio asks for the present event loop, and would make one that nobody closes.
    asyncio.set_event_loop(None)
