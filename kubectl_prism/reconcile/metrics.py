"""What the engine counts, under the names that dashboards for controller-runtime already know.

`manager` connects the controllers, the command that runs the engine connects the client; `probes` serves `text()`.
Every Metrics has a registry of its own: nothing is global, so two engines in one process do not mix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Generic, NamedTuple, TypeVar

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
from kubectl_prism.reconcile.watchdog import Watchdog

Child = TypeVar("Child", Counter, Gauge, Histogram)

_RESULTS = {
    Outcome.SUCCESS: "success",
    Outcome.LATER: "requeue_after",
    Outcome.ERROR: "error",
    Outcome.PANIC: "error",
    Outcome.TIMEOUT: "error",
    Outcome.TERMINAL: "error",
}
_ERRORS = {
    Outcome.TERMINAL: ("controller_runtime_terminal_reconcile_errors_total", "failed until somebody changes an object"),
    Outcome.PANIC: ("controller_runtime_reconcile_panics_total", "raised what they should not"),
    Outcome.TIMEOUT: ("controller_runtime_reconcile_timeouts_total", "ran into their deadline"),
}
"""The errors that are also counted on their own."""

_REQUEST = ("code", "verb", "kind")
_RECONCILE_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LAG_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
_QUEUE_SECONDS = (0.0001, 0.001, 0.01, 0.1, 1, 10, 100, 1000)
_REQUEST_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60)


class Cache(NamedTuple):
    """One kind in memory; `age` is the seconds since the server was last heard, `unreadable` counts odd objects."""

    kind: str
    objects: int
    age: float
    unreadable: int


class _Children(Generic[Child]):
    """One metric, and its children by the values of its labels: the library's own look-up is slow on a hot path."""

    def __init__(self, metric: Child) -> None:
        self.metric: Child = metric
        self._found: dict[tuple[str, ...], Child] = {}

    def __call__(self, *values: str) -> Child:
        """Return the child with these values of the labels."""
        child = self._found.get(values)
        if child is None:
            child = self._found[values] = self.metric.labels(*values)
        return child


class _Maker(NamedTuple):
    """Makes the metrics of one registry."""

    registry: CollectorRegistry

    def counter(self, name: str, text: str, *labels: str) -> _Children[Counter]:
        return _Children(Counter(name, text, labels, registry=self.registry))

    def gauge(self, name: str, text: str, *labels: str) -> _Children[Gauge]:
        return _Children(Gauge(name, text, labels, registry=self.registry))

    def histogram(self, name: str, text: str, *labels: str, buckets: Sequence[float]) -> _Children[Histogram]:
        return _Children(Histogram(name, text, labels, buckets=buckets, registry=self.registry))


class _Reconciles:
    """What is counted of controllers, by their names."""

    def __init__(self, make: _Maker) -> None:
        one, both = "controller", ("name", "controller")
        self.ended = make.counter(
            "controller_runtime_reconcile_total", "Reconciles by controller and result", one, "result"
        )
        self.limit = make.gauge("controller_runtime_max_concurrent_reconciles", "Workers there are", one)
        self.seconds = make.histogram(
            "controller_runtime_reconcile_time_seconds", "How long reconciles took", one, buckets=_RECONCILE_SECONDS
        )
        self.waited = make.histogram(
            "workqueue_queue_duration_seconds", "How long a request waited for a worker", *both, buckets=_QUEUE_SECONDS
        )
        self.worked = make.histogram(
            "workqueue_work_duration_seconds", "How long a request was worked on", *both, buckets=_QUEUE_SECONDS
        )
        self.errors = make.counter("controller_runtime_reconcile_errors_total", "Reconciles that failed", one)
        self.kinds_of_errors = {
            outcome: make.counter(name, f"Reconciles that {text}", one) for outcome, (name, text) in _ERRORS.items()
        }

    def begin(self, name: str, workers: int) -> None:
        """Have a controller's counters at zero, so that their first increase can be seen."""
        self.limit(name).set(workers)
        for counter in (self.errors, *self.kinds_of_errors.values()):
            counter(name)
        for result in sorted({*_RESULTS.values(), "requeue"}):
            self.ended(name, result)


class Metrics:
    """Counters and histograms of one engine."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        make = _Maker(self.registry)
        self._reconciles = _Reconciles(make)
        self._requests = make.counter("rest_client_requests_total", "Requests to the API server", *_REQUEST)
        self._request_retries = make.counter(
            "rest_client_request_retries_total", "Requests to the API server that were sent once more", *_REQUEST
        )
        self._request_seconds = make.histogram(
            "rest_client_request_duration_seconds",
            "How long requests to the API server took",
            "verb",
            buckets=_REQUEST_SECONDS,
        )
        self._lag = Histogram(
            "prism_event_loop_lag_seconds",
            "How late the event loop was, ten times a second",
            buckets=_LAG_SECONDS,
            registry=self.registry,
        )

    def follow(self, controllers: Iterable[Controller]) -> None:
        """Count what `controllers` and their queues do from now on; each engine calls it once."""
        followed = list(controllers)
        for controller in followed:
            name = _name(controller)
            controller.observe = self.reconciled
            controller.queue.waited = self._reconciles.waited(name, name).observe
            controller.queue.worked = self._reconciles.worked(name, name).observe
            self._reconciles.begin(name, controller.workers)
        self.registry.register(_Asked(partial(_queues, followed)))

    def watch(self, watchdog: Watchdog) -> None:
        """Count how late the event loop is from now on."""
        watchdog.observe = self._lag.observe

    def cache(self, caches: Callable[[], Iterable[Cache]]) -> None:
        """Tell what is in memory, as `caches` says when asked, each kind once."""
        self.registry.register(_Asked(lambda: _caches(caches())))

    def elect(self, name: str, standing: Callable[[], tuple[bool, int]]) -> None:
        """Tell of the Lease `name` whether we hold it and how many renewals had to read it first."""
        self.registry.register(_Asked(lambda: _election(name, *standing())))

    def reconciled(self, kind: str, outcome: Outcome, seconds: float) -> None:
        """Count one reconcile."""
        name, result = kind.lower(), _RESULTS[outcome]
        self._reconciles.ended(name, result).inc()
        self._reconciles.seconds(name).observe(seconds)
        if result == "error":
            self._reconciles.errors(name).inc()
        if outcome in _ERRORS:
            self._reconciles.kinds_of_errors[outcome](name).inc()

    def requested(self, verb: str, kind: str, status: int, seconds: float) -> None:
        """Count one request to the API server; `status` 0 means that no answer came."""
        self._requests(_code(status), verb, kind).inc()
        self._request_seconds(verb).observe(seconds)

    def retried(self, verb: str, kind: str, status: int) -> None:
        """Count one request that is sent again because it was answered with `status`."""
        self._request_retries(_code(status), verb, kind).inc()

    def requests(self, *verbs: str) -> int:
        """Return how many requests of `verbs` were answered or tried, all verbs where none is named."""
        samples = (sample for metric in self._requests.metric.collect() for sample in metric.samples)
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
