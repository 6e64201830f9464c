"""Every page at three sizes, as text that a person can read; `UPDATE_GOLDENS=1` draws them anew, to be looked at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kubectl_prism.tui.screens.page import PAGES
from kubectl_prism.tui.source import Link
from tests.tui.feed import Feed
from tests.tui.screen import opened, text

GOLDENS = Path(__file__).with_name("goldens")
SIZES = ((80, 24), (120, 36), (200, 60))
METRICS = {
    'controller_runtime_reconcile_total{controller="prismstack",result="success"}': 16.0,
    'controller_runtime_reconcile_errors_total{controller="prismstack"}': 1.0,
    'workqueue_depth{controller="prismstack",name="prismstack",priority="0"}': 2.0,
    'rest_client_requests_total{code="200",kind="Pod",verb="list"}': 40.0,
    'leader_election_master_status{name="prism-operator"}': 1.0,
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("page", PAGES)
async def test_a_page_looks_as_it_was_last_looked_at(page: str, size: tuple[int, int]) -> None:
    """The words of each page, where they stand, and that they fit."""
    async with opened(Feed(told=METRICS), page=page, size=size) as pilot:
        await same(f"{page}-{size[0]}x{size[1]}", text(pilot.app))


async def test_what_is_old_says_so() -> None:
    """Without a connection the last state stays, under a line that says how old it is and why."""
    gone = Link(synced=True, silent=12.0, trouble="127.0.0.1:6443 does not answer")
    async with opened(Feed(state=gone), size=(80, 24)) as pilot:
        await same("disconnected-80x24", text(pilot.app))


async def test_what_may_not_be_read_is_named() -> None:
    """Whoever may not read pods sees the rest, and which right is missing."""
    limited = Link(synced=True, missing={"pods": "you may not list pods in all namespaces"})
    async with opened(Feed(state=limited), size=(80, 24)) as pilot:
        await same("forbidden-80x24", text(pilot.app))


async def same(name: str, found: str) -> None:
    """Compare what is seen with what was."""
    path = GOLDENS / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDENS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(found)
    assert found == path.read_text()
