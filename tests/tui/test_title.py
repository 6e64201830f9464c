"""The line that says what is wrong with what is shown."""

from __future__ import annotations

from kubectl_prism.store import Store
from kubectl_prism.tui.snapshot import look
from kubectl_prism.tui.source import Link
from kubectl_prism.tui.widgets.title import spoken
from kubectl_prism.view.health import Severity
from kubectl_prism.view.spark import History
from tests.tui import world
from tests.tui.feed import PLACE


def banner(link: Link) -> tuple[str, Severity]:
    return spoken(look(Store(), now=world.NOW, place=PLACE, link=link, history=History()))


def test_every_kind_that_is_not_shown_is_named_before_the_reasons() -> None:
    """Two lines hold no more than that; a reason that several kinds share is said once."""
    missing = {"pods": "no right", "deployments": "no right", "events": "no such kind"}
    assert banner(Link(synced=True, missing=missing)) == (
        "◐ not shown: deployments, events, pods: no right; no such kind",
        Severity.WAITING,
    )
