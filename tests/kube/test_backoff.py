"""Pauses grow, stay within their cap, spread, and start small again after good health."""

from __future__ import annotations

from kubectl_prism.kube.backoff import Backoff


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_pauses_double_up_to_the_cap() -> None:
    """At the most 1.6, 3.2, 6.4 … seconds, never more than the cap, never less than half of that."""
    longest = Backoff(clock=Clock(), dice=lambda low, high: high)
    assert [longest.failed(cap=30) for _ in range(6)] == [1.6, 3.2, 6.4, 12.8, 25.6, 30]
    shortest = Backoff(clock=Clock(), dice=lambda low, high: low)
    assert [shortest.failed(cap=30) for _ in range(6)] == [0.8, 1.6, 3.2, 6.4, 12.8, 15]


def test_two_healthy_minutes_are_forgiven() -> None:
    """The pause itself is no health: the two minutes count from its end."""
    clock = Clock()
    backoff = Backoff(clock=clock, dice=lambda low, high: high)
    backoff.failed(cap=30)
    clock.now += 120
    assert backoff.failed(cap=30) == 3.2
    clock.now += 3.2 + 121
    assert backoff.failed(cap=30) == 1.6


def test_failures_without_end_do_not_overflow() -> None:
    """An outage of days is counted as well as one of seconds."""
    backoff = Backoff(clock=Clock(), dice=lambda low, high: high)
    assert [backoff.failed(cap=8) for _ in range(5000)][-1] == 8
