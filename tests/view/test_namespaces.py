"""Tenants are told with their quotas, the trend of their rate and what is left of their time."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.view.health import Severity
from kubectl_prism.view.namespaces import COLUMNS, namespaces_rows, rates
from kubectl_prism.view.objects import Objects
from kubectl_prism.view.spark import History
from kubectl_prism.view.table import matches, sorted_rows
from tests.view.objects import NOW, conditions, named
from tests.view.odd import worlds

QUOTAS = {"maxKeys": 100, "rateLimit": {"requestsPerSecond": 50}}


def tenant(name: str, *, used: Manifest | None = None, **spec: Any) -> Manifest:  # noqa: ANN401 - JSON
    status = {**conditions(), "metrics": used or {}}
    return named("PrismNamespace", name, spec={"proxyRef": {"name": "demo-proxy"}, **spec}, status=status)


def test_a_row_tells_use_trend_and_time() -> None:
    """Gauges as `namespaces` shows them, the rates noted under the row's key as a sparkline."""
    one = tenant("acme", used={"currentKeys": 85, "requestRate": 10.0}, quotas=QUOTAS, ttl="1h", tags={"team": "pay"})
    history = History(every=1)
    for second, rate in enumerate((0.0, 5.0, 10.0)):
        history.note("PrismNamespace shop/acme", rate, second)
    (row,) = namespaces_rows(Objects(namespaces=(one,)), NOW, history)
    assert (row.key, row.ref, row.severity) == (
        "PrismNamespace shop/acme",
        Ref("PrismNamespace", "shop", "acme"),
        Severity.WAITING,
    )
    assert [cell.text for cell in row.cells] == [
        *("shop/acme", "acme", "shop/demo-proxy", "Ready", "85/100 nearly spent ███████░", "-", "10/50 ██░░░░░░"),
        *("         ▁▅█", "57m", "team=pay", "3m"),
    ]
    assert [cell.severity for cell in row.cells[4:7]] == [Severity.WAITING, None, Severity.OK]
    assert matches(row, "team=pay", COLUMNS)


def test_rates_are_told_by_the_key_of_the_row() -> None:
    """A tenant whose proxy tells nothing has none, which is not nothing at all."""
    objects = Objects(namespaces=(tenant("a", used={"requestRate": 3}), tenant("b")))
    assert rates(objects) == {"PrismNamespace shop/a": 3.0, "PrismNamespace shop/b": None}


def test_quotas_sort_by_their_share_and_times_by_what_is_left() -> None:
    """Nine of ten is more than ninety of a thousand, and what never ends is after what does."""
    objects = Objects(
        namespaces=(
            tenant("small", used={"currentKeys": 9}, quotas={"maxKeys": 10}, ttl="9h"),
            tenant("large", used={"currentKeys": 90}, quotas={"maxKeys": 1000}, ttl="1h"),
            tenant("free", used={"currentKeys": 5000}),
            tenant("over", used={}, ttl="1s"),
        )
    )
    found = namespaces_rows(objects, NOW, History())
    order = {name: index for index, name in enumerate(column.name for column in COLUMNS)}
    by_keys = [row.cells[1].text for row in sorted_rows(found, order["KEYS"], True)]
    by_time = [
        (row.cells[1].text, row.cells[order["TTL LEFT"]].text) for row in sorted_rows(found, order["TTL LEFT"], False)
    ]
    assert by_keys == ["small", "large", "free", "over"]
    assert by_time == [("over", "over"), ("large", "57m"), ("small", "8h"), ("free", "-")]


def test_a_time_beyond_all_calendars_is_a_time() -> None:
    """The schema lets a ttl be longer than dates go."""
    (row,) = namespaces_rows(Objects(namespaces=(tenant("long", ttl="999999999999999h"),)), NOW, History())
    assert row.cells[8].text.endswith("y")


@given(worlds())
def test_odd_objects_do_not_stop_the_page(objects: Objects) -> None:
    """Whatever somebody stored, it has a row and a rate."""
    assert len(namespaces_rows(objects, NOW, History())) == len(objects.namespaces)
    assert len(rates(objects)) <= len(objects.namespaces)
