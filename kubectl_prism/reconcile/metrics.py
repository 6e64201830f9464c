"""What the engine counts, under the names that dashboards for controller-runtime already know.

`manager` connects the controllers, the command that runs the engine connects the client; `probes` serves `text()`.
Every Metrics has a registry of its own: nothing is global, so two engines in one process do not mix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from kubectl_prism.reconcile.controller import Controller, Outcome
from kubectl_prism.reconcile.queue import NEWS, RESYNC, RETRY
from kubectl_prism.reconcile.watchdog import Lag

_RESULTS = {
    Outcome.SUCCESS: "success",
    Outcome.LATER: "requeue_after",
    Outcome.ERROR: "error",
    Outcome.PANIC: "error",
    Outcome.TIMEOUT: "error",
    Outcome.TERMINAL: "error",
}
_RECONCILE_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_QUEUE_SECONDS = (0.0001, 0.001, 0.01, 0.1, 1, 10, 100, 1000)
_REQUEST_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60)


class Cache(NamedTuple):
    """One kind in memory; `age` is the seconds since the server was last heard, `unreadable` counts odd objects."""

    kind: str
    objects: int
    age: float
    unreadable: int


class Metrics:
    """Counters and histograms of one engine."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=registry)
        self._reconciles = Counter(
            "controller_runtime_reconcile_total",
            "Reconciles by controller and result",
            ["controller", "result"],
            registry=registry,
        )
        self._errors = Counter(
            "controller_runtime_reconcile_errors_total", "Reconciles that failed", ["controller"], registry=registry
        )
        self._terminal = Counter(
            "controller_runtime_terminal_reconcile_errors_total",
            "Reconciles that failed until somebody changes an object",
            ["controller"],
            registry=registry,
        )
        self._panics = Counter(
            "controller_runtime_reconcile_panics_total",
            "Reconciles that raised what they should not",
            ["controller"],
            registry=registry,
        )
        self._timeouts = Counter(
            "controller_runtime_reconcile_timeouts_total",
            "Reconciles that ran into their deadline",
            ["controller"],
            registry=registry,
        )
        self._seconds = Histogram(
            "controller_runtime_reconcile_time_seconds",
            "How long reconciles took",
            ["controller"],
            buckets=_RECONCILE_SECONDS,
            registry=registry,
        )
        self._limit = Gauge(
            "controller_runtime_max_concurrent_reconciles", "Workers there are", ["controller"], registry=registry
        )
        self._waited = Histogram(
            "workqueue_queue_duration_seconds",
            "How long a request waited for a worker",
            ["name", "controller"],
            buckets=_QUEUE_SECONDS,
            registry=registry,
        )
        self._worked = Histogram(
            "workqueue_work_duration_seconds",
            "How long a request was worked on",
            ["name", "controller"],
            buckets=_QUEUE_SECONDS,
            registry=registry,
        )
        self._requests = Counter(
            "rest_client_requests_total", "Requests to the API server", ["code", "verb", "kind"], registry=registry
        )
        self._request_seconds = Histogram(
            "rest_client_request_duration_seconds",
            "How long requests to the API server took",
            ["verb"],
            buckets=_REQUEST_SECONDS,
            registry=registry,
        )
        self._request_retries = Counter(
            "rest_client_request_retries_total",
            "Requests to the API server that were sent once more",
            ["code", "verb", "kind"],
            registry=registry,
        )

    def follow(self, controllers: Iterable[Controller]) -> None:
        """Count what `controllers` and their queues do from now on; each engine calls it once."""
        followed = list(controllers)
        for controller in followed:
            name = _name(controller)
            controller.observe = self.reconciled
            controller.queue.waited = self._waited.labels(name, name).observe
            controller.queue.worked = self._worked.labels(name, name).observe
            self._limit.labels(name).set(controller.workers)
            for counter in (self._errors, self._terminal, self._panics, self._timeouts):
                counter.labels(name)
            for result in sorted({*_RESULTS.values(), "requeue"}):
                self._reconciles.labels(name, result)
        self.registry.register(_Asked(partial(_queues, followed)))

    def watch(self, lag: Callable[[], Lag]) -> None:
        """Tell how late the event loop is, as `lag` says when asked."""
        self.registry.register(_Asked(lambda: _lag(lag())))

    def cache(self, caches: Callable[[], Iterable[Cache]]) -> None:
        """Tell what is in memory, as `caches` says when asked, each kind once."""
        self.registry.register(_Asked(lambda: _caches(caches())))

    def elect(self, name: str, standing: Callable[[], tuple[bool, int]]) -> None:
        """Tell of the Lease `name` whether we hold it and how many renewals had to read it first."""
        self.registry.register(_Asked(lambda: _election(name, *standing())))

    def reconciled(self, kind: str, outcome: Outcome, seconds: float) -> None:
        """Count one reconcile."""
        name = kind.lower()
        self._reconciles.labels(name, _RESULTS[outcome]).inc()
        self._seconds.labels(name).observe(seconds)
        if _RESULTS[outcome] == "error":
            self._errors.labels(name).inc()
        match outcome:
            case Outcome.TERMINAL:
                self._terminal.labels(name).inc()
            case Outcome.PANIC:
                self._panics.labels(name).inc()
            case Outcome.TIMEOUT:
                self._timeouts.labels(name).inc()

    def requested(self, verb: str, kind: str, status: int, seconds: float) -> None:
        """Count one request to the API server; `status` 0 means that no answer came."""
        self._requests.labels(_code(status), verb, kind).inc()
        self._request_seconds.labels(verb).observe(seconds)

    def retried(self, verb: str, kind: str, status: int) -> None:
        """Count one request that is sent again because it was answered with `status`."""
        self._request_retries.labels(_code(status), verb, kind).inc()

    def requests(self, *verbs: str) -> int:
        """Return how many requests of `verbs` were answered or tried, all verbs where none is named."""
        samples = (sample for metric in self._requests.collect() for sample in metric.samples)
        return int(sum(sample.value for sample in samples if not verbs or sample.labels["verb"] in verbs))

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)


class _Asked(Collector):
    """Figures that are read at the moment they are asked about."""

    def __init__(self, figures: Callable[[], Iterable[Metric]]) -> None:
        self.figures = figures

    def collect(self) -> Iterable[Metric]:
        return self.figures()


def _queues(controllers: list[Controller]) -> Iterator[Metric]:
    labels = ["name", "controller"]
    active = GaugeMetricFamily("controller_runtime_active_workers", "Reconciles running", labels=["controller"])
    depth = GaugeMetricFamily("workqueue_depth", "Requests that are due", labels=[*labels, "priority"])
    oldest = GaugeMetricFamily("workqueue_oldest_item_seconds", "Age of the request waiting longest", labels=labels)
    unfinished = GaugeMetricFamily("workqueue_unfinished_work_seconds", "Work in progress", labels=labels)
    longest = GaugeMetricFamily(
        "workqueue_longest_running_processor_seconds", "The reconcile running longest", labels=labels
    )
    adds = CounterMetricFamily("workqueue_adds_total", "Requests added", labels=labels)
    retries = CounterMetricFamily("workqueue_retries_total", "Requests added again after a failure", labels=labels)
    breakers = CounterMetricFamily(
        "prism_breaker_openings_total", "Objects that were woken again and again", labels=["controller"]
    )
    for controller in controllers:
        queue, name = controller.queue, _name(controller)
        names, running = [name, name], queue.running.values()
        active.add_metric([name], len(running))
        for priority in {NEWS, RETRY, RESYNC, *queue.priorities}:
            depth.add_metric([*names, str(priority)], queue.depth(priority))
        oldest.add_metric(names, 0.0 if queue.oldest is None else queue.oldest[1])
        unfinished.add_metric(names, sum(running))
        longest.add_metric(names, max(running, default=0.0))
        adds.add_metric(names, queue.adds)
        retries.add_metric(names, queue.retries)
        breakers.add_metric([name], controller.breaker.openings)
    yield from (active, depth, oldest, unfinished, longest, adds, retries, breakers)


def _lag(lag: Lag) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "prism_event_loop_lag_seconds", "How late the event loop was within the last minute", labels=["quantile"]
    )
    family.add_metric(["0.99"], lag.p99)
    family.add_metric(["1"], lag.longest)
    yield family


def _election(name: str, leads: bool, slow_renewals: int) -> Iterator[Metric]:
    status = GaugeMetricFamily("leader_election_master_status", "1 while we hold the Lease, else 0", labels=["name"])
    status.add_metric([name], float(leads))
    slow = CounterMetricFamily(
        "leader_election_slowpath_total", "Renewals of the Lease that had to read it first", labels=["name"]
    )
    slow.add_metric([name], slow_renewals)
    yield from (status, slow)


def _caches(caches: Iterable[Cache]) -> Iterator[Metric]:
    objects = GaugeMetricFamily("prism_cache_objects", "Objects in memory", labels=["kind"])
    age = GaugeMetricFamily("prism_cache_age_seconds", "Seconds since the server was last heard", labels=["kind"])
    unreadable = CounterMetricFamily(
        "prism_cache_unreadable_objects_total", "Objects that could not be read", labels=["kind"]
    )
    for cache in caches:
        objects.add_metric([cache.kind], cache.objects)
        age.add_metric([cache.kind], cache.age)
        unreadable.add_metric([cache.kind], cache.unreadable)
    yield from (objects, age, unreadable)


def _name(controller: Controller) -> str:
    return controller.kind.lower()


def _code(status: int) -> str:
    return str(status) if status else "<error>"
