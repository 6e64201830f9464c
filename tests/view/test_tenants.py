"""Tenants as people read them: use against quota in bars and words, what is left of a ttl, the worst first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kubectl_prism.model.meta import Manifest
from kubectl_prism.view.bar import bar
from kubectl_prism.view.health import Severity
from kubectl_prism.view.tenants import Gauge, data, described, row, rows, tenants

NOW = datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC)
QUOTAS = {"maxKeys": 100, "maxConnections": 10, "rateLimit": {"requestsPerSecond": 50}}


def tenant(name: str = "acme", *, used: Any = None, ready: str = "True", **spec: Any) -> Manifest:  # noqa: ANN401 - JSON
    condition = {"type": "Ready", "status": ready, "reason": "Because", "message": "so", "observedGeneration": 1}
    status = {"phase": "Active", "conditions": [condition], "proxyStatus": "simulated proxy", "metrics": used or {}}
    metadata = {"name": name, "namespace": "shop", "generation": 1, "creationTimestamp": "2026-11-28T11:00:00Z"}
    return {"metadata": metadata, "spec": {"proxyRef": {"name": "dev-proxy"}, **spec}, "status": status}


@pytest.mark.parametrize(
    ("used", "limit", "words", "severity"),
    [
        (0, 100, "0/100 ░░░░░░░░", Severity.OK),
        (1, 1000, "1/1000 █░░░░░░░", Severity.OK),
        (79, 100, "79/100 ██████░░", Severity.OK),
        (80, 100, "80/100 nearly spent ██████░░", Severity.WAITING),
        (100, 100, "100/100 spent ████████", Severity.BAD),
        (120, 100, "120/100 spent ████████", Severity.BAD),
        (0, 0, "0/0 spent ████████", Severity.BAD),
        (None, 100, "?/100", Severity.OK),
        (12.5, None, "12.5", Severity.OK),
        (None, None, "-", Severity.OK),
    ],
)
def test_a_gauge_has_a_bar_and_words(used: float | None, limit: float | None, words: str, severity: Severity) -> None:
    """Nearly spent from 80 %, spent from 100 %; what is not told or not limited has no bar."""
    found = Gauge(used, limit)
    assert (found.words, found.severity) == (words, severity)


def test_bars_are_of_one_width() -> None:
    """However much is used."""
    assert {len(bar(share / 10)) for share in range(30)} == {8}


def test_a_row_tells_use_against_quota() -> None:
    """Numbers come from the status, limits from the spec."""
    used = {"currentKeys": 85, "currentConnections": 2, "requestRate": 12.5}
    obj = tenant(used=used, namespaceId="acme-prod", quotas=QUOTAS, ttl="3h")
    assert list(rows([row(obj, NOW)])) == [
        (
            "shop/acme",
            "acme-prod",
            "shop/dev-proxy",
            "Ready",
            "85/100 nearly spent ███████░",
            "2/10 ██░░░░░░",
            "12.5/50 ██░░░░░░",
            "in 120m",
            "60m",
        )
    ]
    assert data([row(obj, NOW)])["items"][0]["usage"]["keys"] == {"used": 85.0, "limit": 100.0}


def test_what_is_over_says_so() -> None:
    """A ttl that has passed is over; without one there is nothing to say."""
    assert row(tenant(ttl="30m"), NOW).expires == "over"
    assert row(tenant(), NOW).expires == ""


def test_the_worst_comes_first() -> None:
    """What is not Ready, then what is spent, then the rest by name."""
    spent = tenant("spent", used={"currentKeys": 100}, quotas=QUOTAS)
    failed = tenant("a-failed", ready="False")
    failed["status"]["phase"] = "Failed"
    found = tenants([tenant("b"), tenant("a"), spent, failed], NOW)
    assert [one.key.name for one in found] == ["a-failed", "spent", "a", "b"]


def test_an_odd_namespace_stops_no_other() -> None:
    """Whatever stands in it, it has a row."""
    odd = {"metadata": {"name": "odd"}, "spec": {"proxyRef": 7, "quotas": [], "ttl": 3, "tags": "x"}, "status": None}
    assert row(odd, NOW).keys == Gauge(None, None)


def test_all_about_one_is_told() -> None:
    """Its facts, conditions and Events, the newest last."""
    events = [
        {"reason": "Second", "message": "later", "lastTimestamp": "2026-11-28T11:59:00Z"},
        {"reason": "First", "message": "before", "lastTimestamp": "2026-11-28T11:00:00Z"},
    ]
    lines = described(tenant(tags={"team": "payments"}), events, NOW)
    assert "Tags:         team=payments" in lines
    assert "  Ready=True              Because             so" in lines
    assert lines[-2:] == ["  60m     First               before", "  60s     Second              later"]
    assert described(tenant(), [], NOW)[-1] == "Events:       none"
