"""Probes: pages on an address of one's choice, asked over a real socket."""

from __future__ import annotations

import asyncio
import json
import socket
import tracemalloc
import urllib.error
import urllib.request

import pytest

from kubectl_prism.errors import PrismError
from kubectl_prism.reconcile import probes as probes_module
from kubectl_prism.reconcile.controller import Controller
from kubectl_prism.reconcile.metrics import Cache, Metrics
from kubectl_prism.reconcile.probes import Probes, debug_pages
from kubectl_prism.reconcile.queue import NEWS, RESYNC
from kubectl_prism.reconcile.request import Request, Result
from tests.reconcile.fake import Clock


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


async def test_health_can_fail() -> None:
    """Whoever knows that only a restart helps says so."""
    healthy = asyncio.Event()
    async with Probes("127.0.0.1", 0, is_ready=lambda: True, metrics=lambda: b"", is_healthy=healthy.is_set) as probes:
        assert (await fetch(probes.port, "/healthz"))[::2] == (503, "not healthy\n")
        healthy.set()
        assert (await fetch(probes.port, "/healthz"))[::2] == (200, "ok\n")


async def test_debug_pages_are_off_unless_asked_for() -> None:
    """Nobody opens them by accident."""
    async with Probes("127.0.0.1", 0, is_ready=lambda: True, metrics=lambda: b"") as probes:
        for path in debug_pages([], list):
            assert (await fetch(probes.port, path))[0] == 404


async def test_debug_pages_tell_what_the_engine_does() -> None:
    """Names, seconds and lines of code, read at the moment of the request."""
    clock, began, hang = Clock(), asyncio.Event(), asyncio.Event()

    async def reconcile(request: Request) -> Result:
        began.set()
        await hang.wait()
        return Result()

    controller = Controller("PrismStack", reconcile, workers=1, clock=clock)
    names = [Request("PrismStack", "default", name) for name in ("running", "due", "resynced", "delayed", "failed")]
    controller.queue.add(names[0])
    caches = [Cache("Pod", 3, float("inf"), 1)]
    pages = debug_pages([controller], lambda: caches)
    async with (
        asyncio.timeout(20),
        Probes("127.0.0.1", 0, is_ready=lambda: True, metrics=lambda: b"", debug=pages) as probes,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(controller.run())
        await began.wait()
        controller.queue.add(names[1], NEWS)
        controller.queue.add(names[2], RESYNC)
        controller.queue.add_after(names[3], 100.0)
        controller.queue.add_rate_limited(names[4])
        clock.now += 2
        status, content_type, text = await fetch(probes.port, "/debug/queue")
        found = json.loads(text)
        stacks = json.loads((await fetch(probes.port, "/debug/tasks"))[2])
        cached = json.loads((await fetch(probes.port, "/debug/caches"))[2])
        hang.set()
        controller.queue.shutdown()
    assert (status, content_type.split(";")[0]) == (200, "application/json")
    assert found["PrismStack"].pop("delayed")["PrismStack default/delayed"] == 98.0
    assert found == {
        "PrismStack": {
            "isRunning": True,
            "dueByPriority": {"0": {"PrismStack default/due": 2.0}, "-100": {"PrismStack default/resynced": 2.0}},
            "running": {"PrismStack default/running": 2.0},
            "failures": {"PrismStack default/failed": 1},
            "openBreakers": {},
        }
    }
    assert cached == {"Pod": {"kind": "Pod", "objects": 3, "age": None, "unreadable": 1}}
    (worker,) = [task for task in stacks if task["name"] == "PrismStack worker 0"]
    assert [frame.split()[1].split(".")[-1] for frame in worker["stack"]] == ["wait", "reconcile", "_attempt", "_work"]


async def test_memory_is_traced_while_somebody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines that allocated what still lives, for one who looks at a time; nothing is traced before or after."""
    monkeypatch.setattr(probes_module, "TRACED", 0.3)
    kept: list[bytes] = []
    pages = debug_pages([], list)
    async with Probes("127.0.0.1", 0, is_ready=lambda: True, metrics=lambda: b"", debug=pages) as probes:
        looking = asyncio.create_task(fetch(probes.port, "/debug/memory"))
        async with asyncio.timeout(10):
            while not tracemalloc.is_tracing():  # noqa: ASYNC110 - it signals nothing
                await asyncio.sleep(0.01)
        kept += [bytes(1000) for _ in range(5000)]
        refused = await fetch(probes.port, "/debug/memory")
        found = json.loads((await looking)[2])
    assert (refused[0], refused[2]) == (409, "somebody else is looking\n")
    assert found[0]["line"].startswith("reconcile/test_probes.py:")
    assert found[0]["bytes"] >= sum(map(len, kept))
    assert not tracemalloc.is_tracing()


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
