"""What keys do: they show, find, order and ask, and nothing is written that was not confirmed."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubectl_prism.tui.app import PrismApp
from kubectl_prism.tui.settings import Settings, load
from kubectl_prism.tui.source import Link, Place
from kubectl_prism.tui.widgets.table import Table
from tests.tui.feed import Feed
from tests.tui.screen import opened, press, seen, text
from tests.tui.world import HOME, judged, obj, tenant


def current(app: object) -> str:
    """Return the key of the row under the cursor."""
    assert isinstance(app, PrismApp)
    row = app.screen.query_one("#main", Table).row
    return row.key if row is not None else ""


async def test_pages_have_numbers_and_esc_goes_back() -> None:
    """Each number is a page; Esc leads back over those that were seen."""
    async with opened() as pilot:
        for key, page in (("2", "stack"), ("6", "troubleshoot"), ("3", "namespaces")):
            await press(pilot, key)
            assert pilot.app.current_mode == page
        await press(pilot, "escape")
        assert pilot.app.current_mode == "troubleshoot"
        await press(pilot, "escape", "escape", "escape")
        assert pilot.app.current_mode == "overview"


async def test_a_click_on_the_last_line_presses_a_key() -> None:
    """The keys that are named there can be pointed at."""
    async with opened() as pilot:
        line = text(pilot.app).splitlines()[-1]
        await pilot.click("#keys", offset=(line.index("Quit") - 6, 0))
        await press(pilot)
        assert pilot.app.screen.query("HelpPanel")


async def test_arrows_and_letters_move() -> None:
    """J and down, k and up, G and end, g and home are the same."""
    async with opened() as pilot:
        first = current(pilot.app)
        await press(pilot, "j")
        second = current(pilot.app)
        await press(pilot, "k", "down")
        assert current(pilot.app) == second != first
        await press(pilot, "G", "up", "g")
        assert current(pilot.app) == first


async def test_the_cursor_stays_on_its_row() -> None:
    """Whatever comes above it, the row under the cursor is the same object."""
    feed = Feed()
    async with opened(feed, page="namespaces") as pilot:
        await press(pilot, "j")
        before = current(pilot.app)
        feed.store.put("PrismNamespace", tenant("aaa-worst", keys=1000, rate=100))
        await press(pilot)
        assert "aaa-worst" in text(pilot.app)
        assert current(pilot.app) == before


async def test_what_changed_is_painted_where_it_stands() -> None:
    """Only lines that differ are painted anew, and each of them is."""
    feed = Feed()
    async with opened(feed, page="namespaces") as pilot:
        before = text(pilot.app).splitlines()
        feed.store.put("PrismNamespace", tenant("gamma-dev", keys=333, rate=0))
        await press(pilot)
        after = text(pilot.app).splitlines()
        changed = [line for old, line in zip(before, after, strict=True) if old != line]
        assert [("gamma-dev" in line, "333/1000" in line) for line in changed] == [(True, True)]


async def test_a_row_that_is_no_object_says_so() -> None:
    """Where a row only counts what belongs to no stack, keys about an object tell why nothing happens."""
    feed = Feed()
    feed.store.put("PrismBackend", obj("PrismBackend", "alone", status=judged()))
    async with opened(feed) as pilot:
        await press(pilot, "G")
        assert "(no stack)" in text(pilot.app)
        await press(pilot, "d")
        assert "no object is under the cursor" in text(pilot.app)


async def test_no_credentials_are_shown_with_the_yaml() -> None:
    """A connection that stands in the spec is shown without its password, and wherever else it is repeated."""
    feed = Feed()
    url = "redis://me:hunter2@cache:6379/0"
    backend = obj("PrismBackend", "aaa", spec={"connection": {"url": url}}, status=judged(message=f"no answer: {url}"))
    backend["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": f'{{"url":"{url}"}}'}
    feed.store.put("PrismBackend", backend)
    async with opened(feed, page="backends", size=(200, 60)) as pilot:
        await press(pilot, "slash", *"aaa", "enter", "y")
        assert text(pilot.app).count("redis://…@cache:6379/0") == 4
        assert "hunter2" not in text(pilot.app)


async def test_a_filter_chooses_rows_while_it_is_typed() -> None:
    """A slash asks for words; Enter keeps them, Esc ends them."""
    async with opened(page="namespaces") as pilot:
        await press(pilot, "slash", *"beta")
        assert "acme-prod" not in text(pilot.app)
        assert "beta-staging" in text(pilot.app)
        await press(pilot, "enter", "escape")
        assert "acme-prod" in text(pilot.app)


async def test_a_tag_can_be_asked_for() -> None:
    """`team=acme` shows only what carries that tag."""
    async with opened(page="namespaces") as pilot:
        await press(pilot, "slash", *"team=acme", "enter")
        assert "gamma-dev" not in text(pilot.app)
        assert "acme-prod" in text(pilot.app)


async def test_an_order_is_remembered(tmp_path: Path) -> None:
    """The column that a table is sorted by, and which way, stays for the next time."""
    path = tmp_path / "config" / "tui.json"
    async with opened(settings=Settings(path), page="namespaces") as pilot:
        await press(pilot, "o", "O")
        assert "NAME ↓" in text(pilot.app)
    assert load(path).sorts == {"namespaces": "-NAME"}
    async with opened(settings=load(path), page="namespaces") as pilot:
        assert "NAME ↓" in text(pilot.app)


async def test_a_theme_is_remembered(tmp_path: Path) -> None:
    """Each theme can be set, and stays."""
    path = tmp_path / "tui.json"
    async with opened(settings=Settings(path)) as pilot:
        pilot.app.theme = "prism-light"
        await press(pilot)
    assert load(path).theme == "prism-light"


async def test_a_change_is_made_once_it_is_confirmed() -> None:
    """The question names context, namespace and object, what differs and the command; only yes is an answer."""
    feed = Feed()
    async with opened(feed, page="stack") as pilot:
        await press(pilot, "slash", *"shop-kv", "enter")
        await press(pilot, "s")
        await seen(pilot, "Replicas of")
        await press(pilot, "backspace", "5", "enter")
        await seen(pilot, "to 5 replicas?")
        shown = text(pilot.app)
        for words in ("kwok-prism", HOME, "+ spec.replicas: 5", "kubectl scale prismpattern"):
            assert words in shown
        await press(pilot, "escape")
        assert feed.changes == []
        await press(pilot, "s")
        await seen(pilot, "Replicas of")
        await press(pilot, "backspace", "5", "enter")
        await seen(pilot, "to 5 replicas?")
        await press(pilot, "enter")  # what Enter means is no
        assert feed.changes == []
        await press(pilot, "s")
        await seen(pilot, "Replicas of")
        await press(pilot, "backspace", "5", "enter")
        await seen(pilot, "to 5 replicas?")
        await press(pilot, "y")
        assert [(change.verb, change.ref.kind, change.patch) for change in feed.changes] == [
            ("patch", "PrismPattern", {"spec": {"replicas": 5}})
        ]


async def test_a_deletion_is_asked_about() -> None:
    """It names what goes with the object."""
    feed = Feed()
    async with opened(feed, page="namespaces") as pilot:
        await press(pilot, "slash", *"gamma", "enter", "ctrl+d")
        await seen(pilot, "Delete?")
        assert "PrismNamespace gamma-dev" in text(pilot.app)
        await press(pilot, "y")
        assert [(change.verb, change.ref.name, change.uid) for change in feed.changes] == [
            ("delete", "gamma-dev", "uid-PrismNamespace-gamma-dev")
        ]


@pytest.mark.parametrize("key", ["s", "r", "ctrl+d"])
async def test_nothing_is_asked_where_nothing_may_be_written(key: str) -> None:
    """A read-only context says so, and has no question to confirm."""
    feed = Feed(place=Place("prod-eks", "https://eks", None, readonly="--readonly is given"))
    async with opened(feed, page="stack") as pilot:
        assert "read-only" in text(pilot.app)
        await press(pilot, "slash", *"shop-kv", "enter", key)
        await seen(pilot, "nothing is written here")
        await press(pilot, "y")
        assert feed.changes == []


async def test_what_the_cluster_refuses_is_told() -> None:
    """The screen goes on, with the server's words."""
    feed = Feed(refuses="you may not delete prismnamespaces in namespace prism-system")
    async with opened(feed, page="namespaces") as pilot:
        await press(pilot, "ctrl+d")
        await seen(pilot, "Delete?")
        await press(pilot, "y")
        await seen(pilot, "you may not delete prismnamespaces")


async def test_an_object_is_read_whole() -> None:
    """D describes it, y shows it as the API server has it, and both can be looked through."""
    async with opened(page="namespaces") as pilot:
        await press(pilot, "y")
        await seen(pilot, "namespaceId: acme-prod")
        await press(pilot, "slash", *"maxkeys", "enter")
        assert "maxKeys: 1000" in text(pilot.app)
        assert "proxyRef" not in text(pilot.app)
        await press(pilot, "escape", "escape", "d")
        await seen(pilot, "QuotasEnforced" if "QuotasEnforced" in text(pilot.app) else "Conditions")


async def test_logs_are_followed_filtered_and_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown of a log is what a filter leaves, and that is what is saved."""
    monkeypatch.chdir(tmp_path)
    feed = Feed(lines=['{"ts":"2030-01-01T12:00:00Z","level":"info","msg":"serves"}', "plain words"])
    async with opened(feed, page="stack") as pilot:
        await press(pilot, "slash", *"shop-admin-0", "enter", "l")
        await seen(pilot, "12:00:00 INFO  serves")
        await press(pilot, "slash", *"plain", "enter")
        assert "serves" not in text(pilot.app)
        await press(pilot, "ctrl+s")
        await seen(pilot, "saved")
    assert (tmp_path / "prism-shop-admin-0.log").read_text() == "plain words\n"


async def test_another_namespace_and_another_cluster_can_be_chosen() -> None:
    """What is chosen is opened in place of what was."""
    feed = Feed()
    async with opened(feed) as pilot:
        await press(pilot, "n")
        await seen(pilot, "all namespaces")
        await press(pilot, *"prism-s", "enter")
        await press(pilot, "x")
        await seen(pilot, "prod-eks")
        await press(pilot, *"eks", "enter")
        assert feed.visited == [(None, None), ("kwok-prism", "prism-system"), ("prod-eks", None)]


async def test_the_palette_knows_the_pages() -> None:
    """A colon opens it."""
    async with opened() as pilot:
        await press(pilot, "colon", *"leader")
        await seen(pilot, "Go to Leader")
        await press(pilot, "enter")
        await pilot.pause(0.3)
        assert pilot.app.current_mode == "leader"


async def test_keys_are_shown_and_put_away() -> None:
    """A question mark shows what can be pressed."""
    async with opened() as pilot:
        await press(pilot, "question_mark")
        await seen(pilot, "Sort")
        await press(pilot, "question_mark")
        assert "Reverse" not in text(pilot.app)


async def test_a_mouse_does_as_well() -> None:
    """A click on a row moves there, two open it, and one on a head sorts."""
    async with opened() as pilot:
        await pilot.click("#main", offset=(5, 2))
        assert current(pilot.app) == f"PrismStack {HOME}/prod"
        await pilot.click("#main", offset=(5, 0))
        assert "NAME ↑" in text(pilot.app)
        await pilot.click("#main", offset=(5, 3), times=2)
        await pilot.pause(0.1)
        assert pilot.app.current_mode == "stack"


async def test_a_screen_that_is_too_small_is_none_for_long() -> None:
    """At 20 by 5 nothing breaks, and what was there is there again."""
    async with opened(page="stack", size=(80, 24)) as pilot:
        before = text(pilot.app)
        await pilot.resize_terminal(20, 5)
        await press(pilot, "j", "v", "1", "3", "2", "v", "v", "k")
        await pilot.resize_terminal(80, 24)
        await press(pilot)
        assert text(pilot.app) == before


async def test_it_goes_on_by_itself() -> None:
    """When the cluster is back the banner goes without a key, and what came meanwhile is there."""
    feed = Feed(state=Link(synced=True, silent=3.0, trouble="it does not answer"))
    async with opened(feed) as pilot:
        assert "disconnected" in text(pilot.app)
        feed.state = Link(synced=True)
        feed.store.put("PrismStack", obj("PrismStack", "newcomer", spec={}, status=judged()))
        await seen(pilot, "newcomer")
        assert "disconnected" not in text(pilot.app)


async def test_an_unreadable_settings_file_costs_nothing(tmp_path: Path) -> None:
    """Whatever stands in it, the screen starts."""
    for content in ("", "[]", '{"theme": 3, "sorts": [1], "readonly": "x"}', "\x00"):
        path = tmp_path / "tui.json"
        path.write_text(content)
        assert load(path).sorts == {}
    (tmp_path / "tui.json").write_text('{"theme": "no-such-theme"}')
    async with opened(settings=load(tmp_path / "tui.json")) as pilot:
        assert "Overview" in text(pilot.app)
