"""Conditions: when a status last changed, and what is no judgement."""

from __future__ import annotations

from kubectl_prism.model import conditions
from kubectl_prism.model.conditions import NOT_RECONCILED

NOW = "2030-01-01T00:00:00Z"
LATER = "2030-01-01T00:01:00Z"


def test_a_condition_keeps_its_time_until_its_status_flips() -> None:
    """A new reason or message is no transition."""
    first = conditions.merge([], conditions.reconciling("A"), generation=1, now=NOW)
    second = conditions.merge(first, conditions.stalled("B"), generation=2, now=LATER)
    assert {found["type"]: found["lastTransitionTime"] for found in second} == {
        "Ready": NOW,
        "Reconciling": LATER,
        "Stalled": LATER,
    }


def test_what_stands_there_by_default_is_no_judgement() -> None:
    """Where nobody can tell, that is so since somebody looked, not since 1970."""
    (ready,) = conditions.merge([NOT_RECONCILED], [conditions.unknown("Ready", "Far")], generation=1, now=NOW)
    assert ready["lastTransitionTime"] == NOW
