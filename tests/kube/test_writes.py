"""Places for writes, and the rounds of many."""

from __future__ import annotations

import asyncio

import pytest

from kubectl_prism.kube.writes import IN_FLIGHT, MANY, ROUND, TURNS, Writes


class Held:
    """Writes that last until they may end; `rests` are the pauses of the event loop."""

    def __init__(self) -> None:
        self.rests: list[float] = []
        self.writes = Writes(rest=self.rests.append)
        self.inside = 0
        self.may_end = asyncio.Event()

    async def write(self) -> None:
        """Take a place until all may end."""
        async with self.writes:
            self.inside += 1
            await self.may_end.wait()
        self.inside -= 1


async def turn(times: int) -> None:
    """Let the event loop turn."""
    for _ in range(times):
        await asyncio.sleep(0)


async def test_a_few_writes_wait_for_nothing() -> None:
    """Somebody waits for them: the event loop sleeps only until their answers are here."""
    held = Held()
    async with asyncio.TaskGroup() as group:
        for _ in range(MANY - 1):
            group.create_task(held.write())
        await turn(10 * TURNS)
        assert (held.inside, held.rests) == (MANY - 1, [])
        held.may_end.set()


async def test_many_turn_in_rounds_until_few_are_left() -> None:
    """In each round the event loop turns a few times, so that answers become new requests, and rests once."""
    held = Held()
    async with asyncio.TaskGroup() as group:
        for _ in range(MANY):
            group.create_task(held.write())
        await turn(1 + 3 * (TURNS + 1))
        assert held.rests == [ROUND] * 3
        held.may_end.set()
    rested = len(held.rests)
    await turn(10 * TURNS)
    assert (held.inside, len(held.rests)) == (0, rested)


async def test_rounds_begin_again_with_the_next_burst() -> None:
    """Two bursts are like one, and at no time does more than one of them make the event loop rest."""
    held = Held()
    for _ in range(2):
        held.may_end.clear()
        before = len(held.rests)
        async with asyncio.TaskGroup() as group:
            for _ in range(2 * MANY):
                group.create_task(held.write())
            await turn(1 + 2 * (TURNS + 1))
            assert len(held.rests) - before == 2
            held.may_end.set()


async def test_the_one_too_many_waits_for_a_place() -> None:
    """What cannot be on its way yet counts for nothing, and a write that fails gives its place back."""
    held = Held()
    async with asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT + 1):
            group.create_task(held.write())
        await turn(TURNS)
        assert held.inside == IN_FLIGHT
        held.may_end.set()
    for _ in range(2 * IN_FLIGHT):
        with pytest.raises(ValueError, match="no"):
            async with held.writes:
                raise ValueError("no")
