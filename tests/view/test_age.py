"""Ages read as kubectl's."""

from __future__ import annotations

import pytest

from kubectl_prism.view.age import age, duration
from tests.view.objects import NOW


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (185, "3m5s"), (599, "9m59s"),
        (600, "10m"), (10_799, "179m"), (10_800, "3h"), (11_700, "3h15m"), (28_800, "8h"), (172_799, "47h"),
        (172_800, "2d"), (180_000, "2d2h"), (691_200, "8d"), (63_071_999, "729d"), (63_072_000, "2y"),
        (70_000_000, "2y80d"), (252_288_000, "8y"),
    ],
)  # fmt: skip
def test_durations_are_shortened_as_kubectl_does(seconds: float, text: str) -> None:
    """Two units while the larger is small, then one."""
    assert duration(seconds) == text


def test_an_age_needs_a_time() -> None:
    """A timestamp gives an age; anything else is unknown."""
    assert age("2026-01-02T03:04:00Z", NOW) == "5s"
    assert [age(odd, NOW) for odd in (None, 5, "yesterday")] == ["<unknown>"] * 3
