"""Work in pieces comes to the same as work at once."""

from __future__ import annotations

import pytest

from kubectl_prism.view.pieces import Pieces, in_pieces


@in_pieces
def doubled(numbers: list[int]) -> Pieces[list[int]]:
    """Return each number twice as large."""
    found = []
    for number in numbers:
        found.append(number * 2)
        yield
    return found


@in_pieces
def summed(numbers: list[int]) -> Pieces[int]:
    """Return the sum of doubled numbers; its pieces are those of `doubled`."""
    return sum((yield from doubled.pieces(numbers)))


def test_a_call_does_all_of_it() -> None:
    """Who does not care for pieces gets the result."""
    assert doubled([1, 2]) == [2, 4]
    assert summed([1, 2]) == 6
    assert doubled([]) == []


def test_pieces_end_with_the_result() -> None:
    """Who does care is asked back between them, also those of what is called within."""
    work = summed.pieces([1, 2, 3])
    assert [next(work) for _ in range(3)] == [None] * 3
    with pytest.raises(StopIteration) as end:
        next(work)
    assert end.value.value == 12


def test_an_error_is_that_of_the_work() -> None:
    """What goes wrong in a piece reaches the caller as it is."""
    with pytest.raises(TypeError, match="unsupported"):
        doubled([None])  # type: ignore[list-item]


def test_it_is_documented_as_the_function_is() -> None:
    """The name and the words are those of the work."""
    named = vars(doubled)
    assert (named["__name__"], named["__doc__"]) == ("doubled", "Return each number twice as large.")
