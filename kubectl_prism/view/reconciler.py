"""What a reconciler tells of itself by its metrics: what waits, what it did, how fast, and how late its loop is. Pure.

A sample is named as Prometheus writes it: `workqueue_depth{name="prismstack"}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kubectl_prism.view.health import Severity
from kubectl_prism.view.table import Cell, Column, Row

COLUMNS = (
    Column("WHAT"),
    Column("QUEUE", right=True),
    Column("WORKING", wide=True, right=True),
    Column("RECONCILES", right=True),
    Column("A SECOND", wide=True, right=True),
    Column("ERRORS", right=True),
    Column("DETAIL"),
)

_SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})?$")
_LABEL = re.compile(r'(\w+)="([^"]*)"')
READS = ("get", "list", "watch", "connect")


class Rates:
    """Two looks at the metrics, of which rates are made."""

    def __init__(self) -> None:
        self._now: Mapping[str, float] = {}
        self._before: Mapping[str, float] = {}
        self._seconds = (0.0, 0.0)

    def note(self, samples: Mapping[str, float] | None, seconds: float) -> None:
        """Take what was told at a second of the clock; None where nobody could be asked."""
        self._before = self._now if samples is not None else {}
        self._now = samples or {}
        self._seconds = (self._seconds[1], seconds)

    def rows(self) -> list[Row]:
        """Return a line for each controller, then those for all of them; none while nothing was told."""
        return [*self._controllers(), *self._whole()] if self._now else []

    def _controllers(self) -> Iterator[Row]:
        names = {labels["controller"] for _, labels, _ in self._of("controller_runtime_reconcile_total")}
        for name in sorted(names):
            done = self._sum("controller_runtime_reconcile_total", {"controller": name})
            errors = self._sum("controller_runtime_reconcile_errors_total", {"controller": name})
            depth = self._sum("workqueue_depth", {"name": name})
            busy = self._sum("controller_runtime_active_workers", {"controller": name})
            rate = self._rate("controller_runtime_reconcile_total", {"controller": name})
            severity = Severity.WAITING if depth > 100 else Severity.OK
            cells = (
                Cell(name),
                Cell(f"{depth:g}", severity if depth else None, depth),
                Cell(f"{busy:g}", None, busy),
                Cell(f"{done:g}", None, done),
                Cell(_decimal(rate), None, rate),
                Cell(f"{errors:g}", Severity.WAITING if errors else None, errors),
                Cell(""),
            )
            yield Row(name, None, cells, severity)

    def _whole(self) -> Iterator[Row]:
        writes = self._rate_of_writes()
        yield _line(
            "API requests",
            f"{_decimal(self._rate('rest_client_requests_total'))} a second, {_decimal(writes)} of them writes",
        )
        lag = self._quantile("prism_event_loop_lag_seconds", 0.99)
        if lag is not None:
            severity = Severity.WAITING if lag > 0.1 else Severity.OK
            yield _line("Event loop", f"p99 of its lag is {lag * 1000:.0f} ms or less", severity)
        leads = [value for _, _, value in self._of("leader_election_master_status")]
        if leads:
            yield _line("Lease", "held by this one" if max(leads) else "held by another: this one stands by")
        memory = self._sum("process_resident_memory_bytes")
        if memory:
            yield _line("Memory", f"{memory / 2**20:.0f} MiB")

    def _of(self, name: str, samples: Mapping[str, float] | None = None) -> Iterator[tuple[str, dict[str, str], float]]:
        for sample, value in (self._now if samples is None else samples).items():
            match = _SAMPLE.match(sample)
            if match and match[1] == name:
                yield sample, dict(_LABEL.findall(match[2] or "")), value

    def _sum(
        self, name: str, labels: Mapping[str, str] | None = None, samples: Mapping[str, float] | None = None
    ) -> float:
        wanted = (labels or {}).items()
        return sum(value for _, found, value in self._of(name, samples) if wanted <= found.items())

    def _rate(self, name: str, labels: Mapping[str, str] | None = None) -> float | None:
        took = self._seconds[1] - self._seconds[0]
        if not self._before or took <= 0:
            return None
        return max(0.0, self._sum(name, labels) - self._sum(name, labels, self._before)) / took

    def _rate_of_writes(self) -> float | None:
        every = self._rate("rest_client_requests_total")
        reads = [self._rate("rest_client_requests_total", {"verb": verb}) for verb in READS]
        return None if every is None else max(0.0, every - sum(rate or 0.0 for rate in reads))

    def _quantile(self, name: str, share: float) -> float | None:
        buckets = sorted(
            (float(labels["le"]), value) for _, labels, value in self._of(f"{name}_bucket") if labels.get("le")
        )
        if not buckets or not buckets[-1][1]:
            return None
        wanted = buckets[-1][1] * share
        return next(bound for bound, count in buckets if count >= wanted)


def _line(name: str, words: str, severity: Severity = Severity.OK) -> Row:
    return Row(name, None, (Cell(name), *[Cell("")] * 5, Cell(words)), severity)


def _decimal(rate: float | None) -> str:
    return "…" if rate is None else f"{rate:.1f}"
