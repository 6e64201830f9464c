"""What every test may use: a real API server, shared by the whole run."""

from __future__ import annotations

import signal

from tests.cluster import cluster

__all__ = ["cluster"]


def pytest_configure() -> None:
    """Let programs under test be interrupted, also where the shell started this run in the background, deaf to it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
