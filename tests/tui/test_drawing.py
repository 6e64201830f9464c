"""Drawings stand back behind keys: piece by piece, one at a time, and with no look for garbage in between."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from kubectl_prism.errors import PrismError
from kubectl_prism.tui.app import PrismApp
from kubectl_prism.tui.drawing import ANSWER, LONGEST, PIECE
from kubectl_prism.tui.screens.overview import OverviewPage
from kubectl_prism.tui.snapshot import Snapshot
from kubectl_prism.tui.source import Source
from tests.tui.feed import Feed
from tests.tui.screen import opened, press, text

MANY = 60
"""Pieces of a long drawing."""


class Long:
    """A drawing of many pieces, each of which takes as long as a drawing may go on for; `ends` are when they did."""

    def __init__(self) -> None:
        self.ends: list[tuple[int, float]] = []
        self.finished: list[int] = []
        self._begun = 0

    def draw(self, _page: OverviewPage, _snapshot: Snapshot) -> Iterator[None]:
        self._begun += 1
        number = self._begun
        for _ in range(MANY):
            time.sleep(PIECE)
            self.ends.append((number, time.monotonic()))
            yield
        self.finished.append(number)


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> Long:
    """Have the first page drawn in many pieces."""
    drawing = Long()
    monkeypatch.setattr(OverviewPage, "draw", lambda page, snapshot: drawing.draw(page, snapshot))
    return drawing


@asynccontextmanager
async def midway(long: Long) -> AsyncIterator[PrismApp]:
    """Open the dashboard, and stand in the middle of a drawing."""
    async with opened() as pilot:
        begun = len(long.ends)
        while len(long.ends) < begun + 3 or long.ends[-1][0] in long.finished:
            await pilot.pause(PIECE)
        assert isinstance(pilot.app, PrismApp)
        yield pilot.app


async def test_a_drawing_stands_back_while_a_key_waits_for_its_answer(long: Long) -> None:
    """No piece is drawn between a key and its answer, and then it goes on where it was."""
    async with midway(long) as app:
        number = long.ends[-1][0]
        app.simulate_key("j")
        pressed, before = time.monotonic(), len(long.ends)
        while len(long.ends) == before:
            await _pause()
        assert long.ends[before][0] == number
        assert long.ends[before][1] >= pressed + ANSWER


async def test_a_key_that_is_held_down_does_not_keep_the_page_from_being_drawn(long: Long) -> None:
    """After a while it is drawn all the same."""
    async with midway(long) as app:
        before, end = len(long.ends), time.monotonic() + LONGEST + 10 * PIECE
        while time.monotonic() < end:
            app.simulate_key("j")
            await _pause()
        assert len(long.ends) > before


async def test_a_drawing_that_begins_ends_the_one_before(long: Long) -> None:
    """What is older does not come after what is newer."""
    async with midway(long) as app:
        older = long.ends[-1][0]
        app.draw()
        before = len(long.ends)
        while len(long.ends) < before + 3:
            await _pause()
        assert older not in long.finished
        assert {number for number, _ in long.ends[before:]}.isdisjoint({older})


async def test_garbage_is_looked_for_by_the_dashboard_alone() -> None:
    """The collector does not begin by itself while the screen is open, and does again after it."""
    assert gc.isenabled()
    looks: list[int] = []
    gc.callbacks.append(lambda phase, _: looks.append(1) if phase == "start" else None)
    try:
        async with opened() as pilot:
            assert not gc.isenabled()
            await pilot.pause(0.5)
            assert looks
    finally:
        gc.callbacks.pop()
    assert gc.isenabled()


async def test_the_error_of_the_first_opening_ends_it() -> None:
    """A screen that never showed anything leaves, and says why."""
    refused = PrismError("context nowhere is not in any kubeconfig")

    @asynccontextmanager
    async def refusing(_context: str | None, _namespace: str | None) -> AsyncIterator[Source]:
        raise refused
        yield

    async def contexts() -> list[str]:
        return []

    app = PrismApp(refusing, contexts=contexts)
    async with app.run_test() as pilot:
        for _ in range(100):
            if app.return_value is not None:
                break
            await pilot.pause(0.02)
    assert app.return_value is refused


async def test_another_cluster_that_cannot_be_opened_is_tried_again() -> None:
    """Once something was shown, an error is told on the screen."""
    feed = Feed()
    opening = feed.connect

    @asynccontextmanager
    async def connect(context: str | None, namespace: str | None) -> AsyncIterator[Source]:
        if context == "prod-eks":
            raise PrismError("prod-eks has no server")
        async with opening(context, namespace) as source:
            yield source

    feed.connect = connect  # type: ignore[method-assign, assignment]
    async with opened(feed) as pilot:
        await press(pilot, "x", *"eks", "enter")
        assert "✗ disconnected: prod-eks has no server" in text(pilot.app)
        assert pilot.app.return_value is None


async def test_another_theme_is_seen_on_pages_that_were_seen_before() -> None:
    """Going to a page works out no styles anew, unless they are others now."""
    async with opened() as pilot:
        seen: dict[str, list[object]] = {"2": [], "3": []}
        for theme in ("textual-dark", "textual-light"):
            await press(pilot, "2", "3", "1")
            pilot.app.theme = theme
            for key, colours in seen.items():
                await press(pilot, key)
                colours.append(pilot.app.screen.query_one("#main").visual_style.background)
        assert seen["2"] == seen["3"]
        assert seen["2"][0] != seen["2"][1]


async def test_nothing_moves_when_a_filter_is_asked_for() -> None:
    """It lies over the keys; once it is kept it stands among them, and Esc shows everything again."""
    async with opened(page="namespaces", size=(100, 30)) as pilot:
        before = text(pilot.app).splitlines()
        await press(pilot, "slash")
        asked = text(pilot.app).splitlines()
        assert asked[:-1] == before[:-1]
        assert "words to look for" in asked[-1]
        await press(pilot, *"beta", "enter")
        kept = text(pilot.app).splitlines()
        assert kept[2] == before[2], "columns stay where they are"
        assert kept[-1].split()[:3] == ["beta", "esc", "All"]
        assert "/ Filter" in kept[-1]
        await press(pilot, "escape")
        assert text(pilot.app).splitlines() == before


async def _pause() -> None:
    await asyncio.sleep(PIECE)
