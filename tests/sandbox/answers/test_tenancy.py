"""Simulated proxies hold tenants to their limits exactly, and forget nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from kubectl_prism.proxy.proto import quota_pb2 as pb
from kubectl_prism.proxy.serving import Refusal
from kubectl_prism.sandbox.answers.tenancy import Tenancy


@dataclass
class Clock:
    """A clock that a test turns."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tenancy(tmp_path: Path, clock: Clock) -> Iterator[Tenancy]:
    found = Tenancy(tmp_path / "tenants.sqlite", clock=clock)
    yield found
    found.close()


def told(
    *, keys: int | None = None, connections: int | None = None, rate: int | None = None, burst: int = 0
) -> pb.Namespace:
    limit = None if rate is None else pb.RateLimit(requests_per_second=rate, burst_size=burst or rate)
    return pb.Namespace(
        id="acme", owner="uid-1", limits=pb.Limits(max_keys=keys, max_connections=connections, rate_limit=limit)
    )


def let_through(tenancy: Tenancy, requests: int) -> int:
    """Return how many of so many requests at once are not refused."""
    refused: list[str] = []
    for _ in range(requests):
        try:
            tenancy.get("acme", "any")
        except Refusal as refusal:
            refused.append(refusal.code)
    assert set(refused) <= {"RESOURCE_EXHAUSTED"}
    return requests - len(refused)


def test_keys_stop_at_their_limit(tenancy: Tenancy) -> None:
    """The last key that may be is stored, one more is refused; storing an old one again is not."""
    tenancy.apply(told(keys=3))
    for key in "abc":
        tenancy.set("acme", key, b"1")
    with pytest.raises(Refusal, match="acme has its 3 keys") as refused:
        tenancy.set("acme", "d", b"1")
    assert refused.value.code == "RESOURCE_EXHAUSTED"
    tenancy.set("acme", "a", b"2")
    assert tenancy.shown("acme").usage.keys == 3
    assert tenancy.shown("acme").usage.refused == 1


def test_connections_stop_at_their_limit(tenancy: Tenancy) -> None:
    """One that ends makes room for another."""
    tenancy.apply(told(connections=2))
    with ExitStack() as open:
        open.enter_context(tenancy.connected("acme"))
        with tenancy.connected("acme"), pytest.raises(Refusal, match="acme has its 2 connections"):
            open.enter_context(tenancy.connected("acme"))
        open.enter_context(tenancy.connected("acme"))
        assert tenancy.shown("acme").usage.connections == 2
    assert tenancy.shown("acme").usage.connections == 0


def test_the_rate_holds_after_the_burst(tenancy: Tenancy, clock: Clock) -> None:
    """At once goes what the burst allows, then what a second brings, and never more than the burst."""
    tenancy.apply(told(rate=50, burst=80))
    assert let_through(tenancy, 200) == 80
    for _ in range(10):
        clock.now += 1
        assert let_through(tenancy, 200) == 50
    clock.now += 3600
    assert let_through(tenancy, 200) == 80


def test_a_changed_limit_holds_at_once(tenancy: Tenancy, clock: Clock) -> None:
    """A lower rate, a higher one and none: without a restart."""
    tenancy.apply(told(rate=10))
    assert let_through(tenancy, 100) == 10
    tenancy.apply(told(rate=20))
    clock.now += 1
    assert let_through(tenancy, 100) == 20
    tenancy.apply(told())
    assert let_through(tenancy, 100) == 100


def test_nothing_is_lost_with_the_process(tmp_path: Path) -> None:
    """Namespaces and keys come back from the file; a limit counts what was stored before."""
    file = tmp_path / "tenants.sqlite"
    first = Tenancy(file)
    first.apply(told(keys=1))
    first.set("acme", "key", b"value")
    first.close()
    second = Tenancy(file)
    assert second.get("acme", "key") == b"value"
    with pytest.raises(Refusal):
        second.set("acme", "other", b"value")
    second.close()


def test_what_is_nobodys_is_not_limited(tenancy: Tenancy) -> None:
    """A runner without a tenant stores what it likes, apart from every tenant."""
    tenancy.apply(told(keys=0))
    tenancy.set("", "key", b"value")
    assert (tenancy.get("", "key"), tenancy.read("acme", "key")) == (b"value", None)
