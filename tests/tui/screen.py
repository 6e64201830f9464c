"""What a person would see of the dashboard, as text, and how they get there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from kubectl_prism.errors import PrismError
from kubectl_prism.tui.app import PrismApp
from kubectl_prism.tui.screens.page import PAGES
from kubectl_prism.tui.settings import Settings
from tests.tui.feed import Feed, app

SETTLE = 0.05


@asynccontextmanager
async def opened(
    feed: Feed | None = None,
    *,
    page: str = "overview",
    size: tuple[int, int] = (120, 36),
    settings: Settings | None = None,
) -> AsyncIterator[Pilot[PrismError]]:
    """Run the dashboard over a feed, on one of its pages."""
    dashboard = app(feed, settings)
    async with dashboard.run_test(size=size, notifications=True) as pilot:
        await seen(pilot, "12:00:00Z")
        if page != "overview":
            await pilot.press(str([*PAGES].index(page) + 1))
        await settle(pilot)
        yield pilot


async def settle(pilot: Pilot[PrismError]) -> None:
    """Let everything be drawn that is known."""
    await pilot.pause(SETTLE)
    dashboard = pilot.app
    assert isinstance(dashboard, PrismApp)
    dashboard.draw()
    await pilot.pause(SETTLE)


async def press(pilot: Pilot[PrismError], *keys: str) -> None:
    """Press keys, one after the other, and let the screen follow."""
    for key in keys:
        await pilot.press(key)
    await settle(pilot)


async def seen(pilot: Pilot[PrismError], words: str) -> None:
    """Wait until these words are on the screen."""
    for _ in range(100):
        if words in text(pilot.app):
            return
        await pilot.pause(0.02)
    raise AssertionError(f"{words!r} is not to be seen:\n{text(pilot.app)}")


def text(dashboard: object) -> str:
    """Return what is on the screen, line by line, without spaces at the ends."""
    assert isinstance(dashboard, PrismApp)
    strips = dashboard.screen._compositor.render_strips()  # what Textual's own screenshots are made of
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips) + "\n"
