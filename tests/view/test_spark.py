"""What a number did over time is drawn from bounded samples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_prism.view.spark import BLOCKS, History, sparkline


@pytest.mark.parametrize(
    ("values", "width", "top", "line"),
    [
        ([], 3, None, "   "),
        ([1.0], 0, None, ""),
        ([0.0, 1.0, 2.0], 3, None, "▁▅█"),
        ([0.0, 1.0, 2.0], 5, None, "  ▁▅█"),
        ([9.0, 0.0, 7.0], 2, None, "▁█"),
        ([1.0, None, 1.0], 3, None, "█ █"),
        ([0.0, 0.0], 2, None, "▁▁"),
        ([5.0, 20.0, -1.0], 3, 10.0, "▅█▁"),
        ([1.0], 1, 0.0, "▁"),
        ([float("nan"), float("inf"), 1.0], 3, None, "  █"),
    ],
)
def test_values_are_drawn_by_their_share_of_the_highest(
    values: list[float | None], width: int, top: float | None, line: str
) -> None:
    """The newest stands right, what is not known is a space, and what is over the top is at the top."""
    assert sparkline(values, width, top=top) == line


@given(st.lists(st.none() | st.floats()), st.integers(0, 20), st.none() | st.floats())
def test_a_line_is_as_wide_as_it_was_asked_to_be(values: list[float | None], width: int, top: float | None) -> None:
    """Whatever was measured."""
    line = sparkline(values, width, top=top)
    assert (len(line), set(line) <= {" ", *BLOCKS}) == (width, True)


def test_a_slot_holds_its_latest_sample_and_a_gap_stays_a_gap() -> None:
    """Every five seconds is one sample; where nobody looked there is none."""
    history = History(size=10, every=5)
    for seconds, value in [(0, 1.0), (4.9, 2.0), (5, 3.0), (20, 4.0), (12, 5.0)]:
        history.note("a", value, seconds)
    assert history.values("a") == (2.0, 3.0, None, None, 5.0)
    assert history.values("b") == ()


def test_a_slot_of_time_has_a_number() -> None:
    """It is the same for as long as a later note takes the place of an earlier one."""
    assert [History(every=5).slot(seconds) for seconds in (0, 4.9, 5, 12)] == [0, 0, 1, 2]


def test_only_the_last_samples_are_kept() -> None:
    """However long it goes on, and however long nobody looked."""
    history = History(size=3, every=1)
    for second in range(100):
        history.note("a", second, second)
    assert history.values("a") == (97, 98, 99)
    history.note("a", 1.0, 10.0**9)
    assert history.values("a") == (None, None, 1.0)


def test_what_is_gone_is_forgotten() -> None:
    """Only the series of what is still there are kept."""
    history = History()
    for name in "abc":
        history.note(name, 1.0, 0)
    history.forget(["b", "d"])
    assert [history.values(name) for name in "abcd"] == [(), (1.0,), (), ()]
