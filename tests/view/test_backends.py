"""Backends are told with their answer and their users, and never with where they are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.view import backends
from kubectl_prism.view.health import Severity
from kubectl_prism.view.objects import Objects
from tests.view.objects import NOW, conditions, named
from tests.view.odd import worlds

URL = "redis://admin:hunter2@redis.internal:6379"


def backend(name: str = "cache", *, healthy: str = "True", ready: str = "True", **status: Any) -> Manifest:  # noqa: ANN401 - JSON
    told = conditions(ready, reason="Because", message="so it is")
    told["conditions"].append({"type": "Healthy", "status": healthy, "reason": "Because"})
    spec = {"type": "cache", "connection": {"url": URL}}
    return named("PrismBackend", name, spec=spec, status={**told, **status})


def pattern(name: str, **spec: Any) -> Manifest:  # noqa: ANN401 - JSON
    return named("PrismPattern", name, spec=spec)


def texts(objects: Objects) -> dict[str, str]:
    (row,) = backends.rows(objects, NOW)
    return {column.name: cell.text for column, cell in zip(backends.COLUMNS, row.cells, strict=True)}


def test_a_row_tells_what_a_backend_is_and_whether_it_answers() -> None:
    """The provider is guessed as the renderer guesses it; the URL is nowhere."""
    one = backend(lastChecked="2026-01-02T03:03:05Z", message="answered\nPING", answersWithin="100ms")
    (row,) = backends.rows(Objects(backends=(one,)), NOW)
    assert (row.key, row.ref) == ("PrismBackend shop/cache", Ref("PrismBackend", "shop", "cache"))
    assert [cell.text for cell in row.cells] == [
        *("shop/cache", "cache", "redis", "Ready", "yes", "≤ 100ms", "60s", "0", "answered PING")
    ]
    assert "hunter2" not in str(row)
    assert "internal" not in str(row)


@pytest.mark.parametrize(
    ("healthy", "words", "severity"),
    [("True", "yes", Severity.OK), ("False", "no", Severity.BAD), ("Unknown", "unknown", Severity.UNKNOWN)],
)
def test_an_answer_has_a_word_and_a_colour(healthy: str, words: str, severity: Severity) -> None:
    """What nobody can check is neither healthy nor not."""
    (row,) = backends.rows(Objects(backends=(backend(healthy=healthy),)), NOW)
    assert row.cells[4][:2] == (words, severity)


def test_what_nobody_checked_says_so() -> None:
    """Before its first check a backend has no answer, and the reason why stands as its message."""
    found = texts(Objects(backends=(named("PrismBackend", "nats-main", spec={"type": "messaging"}),)))
    assert [found[name] for name in ("PROVIDER", "HEALTHY", "LATENCY", "LAST CHECKED", "MESSAGE")] == [
        *("nats", "-", "-", "never", "no reconciler has looked at it yet")
    ]


def test_users_are_the_patterns_that_name_it() -> None:
    """By reference or by name in the same namespace; a reference wins, and one into another namespace is none."""
    users = (
        pattern("b", backend="cache"),
        pattern("a", backend="x", backendConfig={"name": "cache"}),
        pattern("c", backend="cache", backendConfig={"name": "cache", "namespace": "shop"}),
        pattern("no", backend="cache", backendConfig={"name": "other"}),
        pattern("foreign", backend="cache", backendConfig={"name": "cache", "namespace": "elsewhere"}),
        {**pattern("far", backend="cache"), "metadata": {"name": "far", "namespace": "elsewhere"}},
    )
    assert texts(Objects(backends=(backend(),), patterns=users))["USED BY"] == "3 (a, b, …)"
    assert texts(Objects(backends=(backend(),), patterns=users[:1]))["USED BY"] == "1 (b)"


def test_the_worst_comes_first() -> None:
    """What is not Ready is read before what is."""
    found = backends.rows(
        Objects(backends=(backend("a"), backend("b", ready="False"), backend("c", ready="Unknown"))), NOW
    )
    assert [row.cells[0].text for row in found] == ["shop/b", "shop/c", "shop/a"]


@given(worlds())
def test_odd_objects_do_not_stop_the_page(objects: Objects) -> None:
    """Whatever somebody stored, it has a row."""
    assert len(backends.rows(objects, NOW)) == len(objects.backends)
