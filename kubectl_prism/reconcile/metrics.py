"""What the engine counts, under the names that dashboards for controller-runtime already know.

`manager` connects the controllers, the command that runs the engine connects the client; `probes` serves `text()`.
Every Metrics has a registry of its own: nothing is global, so two engines in one process do not mix.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
            for result in sorted(set(_RESULTS.values())):
                self._reconciles.labels(name, result)
        self.registry.register(_Queues(followed))

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
        self._requests.labels(str(status) if status else "<error>", verb, kind).inc()
        self._request_seconds.labels(verb).observe(seconds)

    def requests(self, *verbs: str) -> int:
        """Return how many requests of `verbs` were answered or tried, all verbs where none is named."""
        samples = (sample for metric in self._requests.collect() for sample in metric.samples)
        return int(sum(sample.value for sample in samples if not verbs or sample.labels["verb"] in verbs))

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)


class _Queues(Collector):
    """Reads the queues at the moment they are asked about."""

    def __init__(self, controllers: list[Controller]) -> None:
        self.controllers = controllers

    def collect(self) -> Iterator[Metric]:
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
        for controller in self.controllers:
            queue, name = controller.queue, _name(controller)
            names, running = [name, name], queue.running
            active.add_metric([name], queue.active)
            for priority in {0, *queue.priorities}:
                depth.add_metric([*names, str(priority)], queue.depth(priority))
            oldest.add_metric(names, queue.oldest_dirty)
            unfinished.add_metric(names, sum(running))
            longest.add_metric(names, max(running, default=0.0))
            adds.add_metric(names, queue.adds)
            retries.add_metric(names, queue.retries)
        yield from (active, depth, oldest, unfinished, longest, adds, retries)


def _name(controller: Controller) -> str:
    return controller.kind.lower()
