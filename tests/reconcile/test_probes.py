"""Probes: three pages on an address of one's choice, asked over a real socket."""

from __future__ import annotations

import asyncio
import socket
import urllib.error
import urllib.request

import pytest

from kubectl_prism.errors import PrismError
from kubectl_prism.reconcile.metrics import Metrics
from kubectl_prism.reconcile.probes import Probes


async def fetch(port: int, path: str) -> tuple[int, str, str]:
    """Return status, content type and text of a page."""

    def ask() -> tuple[int, str, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["Content-Type"], error.read().decode()

    return await asyncio.to_thread(ask)


async def test_readiness_follows_the_caches_and_health_does_not() -> None:
    """Not ready is 503 with a reason; alive is alive."""
    ready = asyncio.Event()
    async with Probes("127.0.0.1", 0, is_ready=ready.is_set, metrics=lambda: b"") as probes:
        assert (await fetch(probes.port, "/healthz"))[::2] == (200, "ok\n")
        assert (await fetch(probes.port, "/readyz"))[::2] == (503, "the caches are not synced yet\n")
        ready.set()
        assert (await fetch(probes.port, "/readyz"))[::2] == (200, "ok\n")
        assert (await fetch(probes.port, "/other"))[0] == 404


async def test_metrics_come_as_prometheus_reads_them() -> None:
    """Content type and body are Prometheus' text format."""
    metrics = Metrics()
    metrics.requested("get", "Pod", 200, 0.1)
    async with Probes("127.0.0.1", 0, is_ready=lambda: True, metrics=metrics.text) as probes:
        status, content_type, text = await fetch(probes.port, "/metrics")
    assert (status, content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert 'rest_client_requests_total{code="200",kind="Pod",verb="get"} 1.0' in text


async def test_a_port_in_use_is_one_clear_error() -> None:
    """It names the address, and a way out."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PrismError, match=f"^port {port} on 127.0.0.1 is in use$") as caught:
            async with Probes("127.0.0.1", port, is_ready=lambda: True, metrics=lambda: b""):
                pass
    assert caught.value.hint is not None


async def test_an_address_that_is_not_ours_is_one_clear_error() -> None:
    """Whatever the system says is passed on in one line."""
    with pytest.raises(PrismError, match=r"^cannot listen on 192\.0\.2\.77:8080: "):
        async with Probes("192.0.2.77", 8080, is_ready=lambda: True, metrics=lambda: b""):
            pass
