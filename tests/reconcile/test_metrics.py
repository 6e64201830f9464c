"""Metrics: controller-runtime's names, true numbers, a registry of one's own."""

from __future__ import annotations

import asyncio

from prometheus_client.parser import text_string_to_metric_families

from kubectl_prism.errors import PrismError
from kubectl_prism.reconcile.controller import Controller
from kubectl_prism.reconcile.metrics import Cache, Metrics
from kubectl_prism.reconcile.queue import NEWS, RESYNC
from kubectl_prism.reconcile.request import Request, Result, TerminalError
from kubectl_prism.reconcile.watchdog import Watchdog

NAMES = {
    "controller_runtime_reconcile_total",
    "controller_runtime_reconcile_errors_total",
    "controller_runtime_terminal_reconcile_errors_total",
    "controller_runtime_reconcile_panics_total",
    "controller_runtime_reconcile_timeouts_total",
    "controller_runtime_reconcile_time_seconds_count",
    "controller_runtime_max_concurrent_reconciles",
    "controller_runtime_active_workers",
    "workqueue_depth",
    "workqueue_adds_total",
    "workqueue_queue_duration_seconds_count",
    "workqueue_work_duration_seconds_count",
    "workqueue_unfinished_work_seconds",
    "workqueue_longest_running_processor_seconds",
    "workqueue_retries_total",
    "rest_client_requests_total",
    "rest_client_request_duration_seconds_count",
}


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Return every sample by its name and label values, as a scraper reads them."""
    families = text_string_to_metric_families(metrics.text().decode())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


async def test_a_reconcile_is_counted_by_its_outcome() -> None:
    """Every way to end has its counter, under the name that dashboards know."""
    errors: dict[str, BaseException | None] = {
        "good": None,
        "bad": PrismError("no"),
        "panic": ValueError("oops"),
        "final": TerminalError("Invalid", "never"),
    }
    seen: set[str] = set()
    ended = asyncio.Event()

    async def reconcile(request: Request) -> Result:
        if request.name in seen:
            return Result(requeue_after=100.0)
        seen.add(request.name)
        if seen == errors.keys():
            ended.set()
        if (error := errors[request.name]) is not None:
            raise error
        return Result()

    metrics, controller = Metrics(), Controller("PrismStack", reconcile, workers=1)
    metrics.follow([controller])
    metrics.requested("apply", "Deployment", 200, 0.01)
    metrics.requested("get", "Deployment", 0, 0.01)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(controller.run())
        for name in errors:
            controller.queue.add(Request("PrismStack", "default", name))
        await ended.wait()
        controller.queue.shutdown()
    found = samples(metrics)
    assert {name for name, *_ in found} >= NAMES
    assert found["controller_runtime_reconcile_total", "prismstack", "success"] == 1
    assert found["controller_runtime_reconcile_total", "prismstack", "error"] == 3
    assert found["controller_runtime_reconcile_total", "prismstack", "requeue"] == 0
    assert found["controller_runtime_reconcile_errors_total", "prismstack"] == 3
    assert found["controller_runtime_reconcile_panics_total", "prismstack"] == 1
    assert found["controller_runtime_terminal_reconcile_errors_total", "prismstack"] == 1
    assert found["controller_runtime_max_concurrent_reconciles", "prismstack"] == 1
    assert found["workqueue_retries_total", "prismstack", "prismstack"] == 2
    assert found["rest_client_requests_total", "200", "Deployment", "apply"] == 1
    assert found["rest_client_requests_total", "<error>", "Deployment", "get"] == 1
    assert (metrics.requests(), metrics.requests("apply", "create")) == (2, 1)


def test_depth_is_told_by_priority() -> None:
    """News and resyncs are told apart."""

    async def reconcile(request: Request) -> Result:
        return Result()

    metrics, controller = Metrics(), Controller("PrismStack", reconcile)
    metrics.follow([controller])
    for number in range(3):
        controller.queue.add(Request("PrismStack", "default", str(number)), RESYNC)
    controller.queue.add(Request("PrismStack", "default", "news"), NEWS)
    found = samples(metrics)
    assert found["workqueue_depth", "prismstack", "prismstack", "0"] == 1
    assert found["workqueue_depth", "prismstack", "prismstack", "-50"] == 0
    assert found["workqueue_depth", "prismstack", "prismstack", "-100"] == 3
    assert found["workqueue_oldest_item_seconds", "prismstack", "prismstack"] >= 0
    assert found["prism_breaker_openings_total", "prismstack"] == 0
    assert found["workqueue_adds_total", "prismstack", "prismstack"] == 4


def test_leadership_is_told_by_lease() -> None:
    """Held or not, and how often a renewal had to read first, as it is when asked."""
    metrics, standing = Metrics(), (False, 0)
    metrics.elect("prism", lambda: standing)
    assert samples(metrics)["leader_election_master_status", "prism"] == 0
    standing = (True, 2)
    assert samples(metrics)["leader_election_master_status", "prism"] == 1
    assert samples(metrics)["leader_election_slowpath_total", "prism"] == 2


def test_retried_requests_are_counted_by_what_they_were_answered() -> None:
    """No answer is an answer."""
    metrics = Metrics()
    metrics.retried("apply", "Deployment", 429)
    metrics.retried("apply", "Deployment", 0)
    assert samples(metrics)["rest_client_request_retries_total", "429", "Deployment", "apply"] == 1
    assert samples(metrics)["rest_client_request_retries_total", "<error>", "Deployment", "apply"] == 1


async def test_lag_is_counted_by_its_length() -> None:
    """So that the share of what is too late can be told over any time."""
    metrics, watchdog = Metrics(), Watchdog([])
    metrics.watch(watchdog)
    assert watchdog.observe is not None
    watchdog.observe(0.03)
    watchdog.observe(0.07)
    found = samples(metrics)
    assert found["prism_event_loop_lag_seconds_bucket", "0.05"] == 1
    assert found["prism_event_loop_lag_seconds_bucket", "+Inf"] == 2


def test_caches_are_read_when_they_are_asked_about() -> None:
    """The figures are those of now."""
    metrics = Metrics()
    caches = [Cache("Pod", 3, 1.5, 2)]
    metrics.cache(lambda: caches)
    found = samples(metrics)
    assert found["prism_cache_objects", "Pod"] == 3
    assert found["prism_cache_age_seconds", "Pod"] == 1.5
    assert found["prism_cache_unreadable_objects_total", "Pod"] == 2
    caches[:] = [Cache("Pod", 4, float("inf"), 2)]
    assert samples(metrics)["prism_cache_objects", "Pod"] == 4
    assert samples(metrics)["prism_cache_age_seconds", "Pod"] == float("inf")


def test_two_engines_do_not_mix() -> None:
    """Nothing is registered globally."""
    first, second = Metrics(), Metrics()
    first.requested("get", "Pod", 200, 0.1)
    assert (first.requests(), second.requests()) == (1, 0)
