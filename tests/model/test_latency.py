"""Latency in steps that do not flicker."""

from __future__ import annotations

import pytest

from kubectl_prism.model.latency import within


@pytest.mark.parametrize(
    ("seconds", "before", "expected"),
    [
        (0.003, None, "100ms"),
        (0.3, None, "1s"),
        (300.0, None, "1m"),
        (0.15, "100ms", "100ms"),
        (0.25, "100ms", "1s"),
        (0.08, "1s", "1s"),
        (0.04, "1s", "100ms"),
        (0.04, "10s", "100ms"),
        (0.08, "no step", "100ms"),
    ],
)
def test_a_step_is_left_clearly_or_not_at_all(seconds: float, before: str | None, expected: str) -> None:
    """It takes twice as long as the step allows, or half of what the faster one asks."""
    assert within(seconds, before=before, previous=seconds) == expected


@pytest.mark.parametrize(
    ("previous", "seconds", "expected"),
    [
        (None, 5.0, "1s"),
        (None, 0.001, "1s"),
        (0.5, 5.0, "1s"),
        (5.0, 0.5, "1s"),
        (5.0, 0.001, "1s"),
        (5.0, 30.0, "10s"),
        (30.0, 5.0, "10s"),
        (0.001, 0.002, "100ms"),
    ],
)
def test_one_answer_alone_changes_nothing(previous: float | None, seconds: float, expected: str) -> None:
    """The first answer that a program gets, and one that took longer than its neighbours, are not news."""
    assert within(seconds, before="1s", previous=previous) == expected
