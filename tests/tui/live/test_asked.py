"""What the screen asks of the API server, as a proxy records it: one watch for each kind, and no write unasked."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.plan import READS, Asked
from tests.faults.proxy import Proxy
from tests.reconcile.kinds.world import World, eventually
from tests.tui.live.access import Access
from tests.tui.live.terminal import LARGE, Terminal
from tests.tui.live.walking import DELETE, PAUSE, RESTART, SCALE, WRITES, Where, answer, go, read, refused

WATCHED = {
    "deployments",
    "events",
    "leases",
    "nodes",
    "pods",
    "prismbackends",
    "prismnamespaces",
    "prismpatterns",
    "prismstacks",
}
STACK = ("PrismStack", "demo")


class Recorded(NamedTuple):
    """A screen, and what it asked since it was opened."""

    terminal: Terminal
    proxy: Proxy
    began: float

    @property
    def asked(self) -> list[Asked]:
        """Everything, in order."""
        return self.proxy.since(self.began)

    @property
    def writes(self) -> list[str]:
        """Whatever was no read, as verb and object."""
        return [f"{one.verb} {one.object}" for one in self.asked if one.verb not in READS]


@pytest.fixture(scope="module")
def kubeconfig(world: World, access: Access) -> Path:
    """Return the login of somebody who may do everything, where every page has an object to show."""
    _left_behind(world)
    world.backend("cache")
    world.create("PrismNamespace", "team", spec={"proxyRef": {"name": "demo-proxy"}})
    world.stack("demo", proxy={"placement": {"nodeSelector": {"role": "no-node-has-this"}}})
    return access.user("everything")


def _left_behind(world: World) -> None:
    """Leave a Lease of the reconciler's name that nobody holds, as one does that ended well."""
    world.create("Lease", "prism-operator", spec={"holderIdentity": "", "leaseDurationSeconds": 15})


@pytest.fixture(scope="module")
def screen(kubeconfig: Path, proxy: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Return a screen on which everything may be done."""
    began = time.monotonic()
    home = tmp_path_factory.mktemp("home")
    with Terminal(home, "tui", "--all-namespaces", f"--kubeconfig={kubeconfig}", size=LARGE) as found:
        found.row("/demo", "no node fits")
        found.seen("Overview", without=("reading",))
        yield Recorded(found, proxy, began)


def places(world: World) -> list[Where]:
    """Return where on each page keys are pressed, and what the keys that may write lead to there."""
    here, no_pods = world.namespace, "has no"
    stands = {SCALE: "", RESTART: "", PAUSE: "", DELETE: ""}
    return [
        Where("overview", here, "/demo", stands, is_read=True),
        Where("stack", "demo-proxy", "proxy demo-proxy", {**stands, PAUSE: "only Prism"}, is_read=True),
        Where("namespaces", here, "/team", {**stands, SCALE: no_pods, RESTART: no_pods}),
        Where(
            "leader",
            "prism-operator",
            "prism-operator",
            {**stands, SCALE: no_pods, RESTART: no_pods, PAUSE: "only Prism"},
        ),
        Where("backends", here, "/cache", {**stands, SCALE: no_pods, RESTART: no_pods}),
        Where("troubleshoot", "no-node-has-this", "PrismStack demo", stands),
    ]


def test_a_walk_through_everything_writes_nothing(world: World, screen: Recorded) -> None:
    """Pages, filters, describe, YAML, logs, palette, choices, and every key that may write, each answered with no."""
    terminal = screen.terminal
    for where in places(world):
        go(terminal, where)
        if where.is_read:
            read(terminal)
        for key in WRITES:
            answer(terminal, where, key, "no")
    terminal.press("a")
    terminal.seen("Label", "No (n)")
    terminal.press("n")
    terminal.seen("Overview", without=("No (n)",))
    terminal.press("7")
    eventually(lambda: any(one.subresource == "proxy" for one in screen.asked))
    for key, words in (("n", "│ Namespace │"), ("x", "│ Context │")):
        terminal.press(key)
        terminal.row(words)
        terminal.press("Escape")
        terminal.seen("Overview", without=("▔▔▔",))
    terminal.press("1", ":")
    terminal.seen("Search for commands")
    terminal.type("Pause demo")
    terminal.seen("Have the reconciler leave it")
    terminal.press("Enter")
    terminal.seen("Pause: leave it as it is?", "No (n)")
    terminal.press("Escape")
    terminal.seen("Overview", without=("No (n)",))
    assert screen.writes == []
    assert {"", "log", "proxy"} <= {one.subresource for one in screen.asked if one.verb == "get"}


def test_each_kind_is_watched_once_and_never_listed_again(screen: Recorded) -> None:
    """Whatever pages were gone through: one watch that begins with the list for each kind, and no list besides."""
    opened = Counter(one.resource for one in screen.asked if one.verb == "watch")
    assert opened == dict.fromkeys(WATCHED, 1)
    assert {one.resource for one in screen.asked if one.is_listing} == WATCHED
    assert [one.resource for one in screen.asked if one.verb == "list"] == []


def test_a_confirmed_write_is_the_only_one(world: World, screen: Recorded) -> None:
    """Pausing a stack and saying yes is one request, which does what it says."""
    overview = places(world)[0]
    screen.terminal.press("1", "g")
    answer(screen.terminal, overview, PAUSE, "yes")
    eventually(lambda: world.get(*STACK)["metadata"].get("annotations", {}).get("prism.io/paused") == "true")
    screen.terminal.seen("asked to pause")
    assert screen.writes == ["patch prismstacks/demo"]


def test_a_screen_that_only_looks_cannot_write(world: World, kubeconfig: Path, proxy: Proxy, tmp_path: Path) -> None:
    """With --readonly every key that may write says why it does not, and a yes after it changes nothing."""
    began = time.monotonic()
    words = ("tui", "--readonly", "--all-namespaces", f"--kubeconfig={kubeconfig}")
    with Terminal(tmp_path, *words, size=LARGE) as terminal:
        screen = Recorded(terminal, proxy, began)
        terminal.seen("/demo", "read-only", without=("reading",))
        for where in (places(world)[0], places(world)[-1]):
            go(terminal, where)
            for key in WRITES:
                refused(terminal, key)
        terminal.press("a")
        terminal.seen("cannot label")
        assert screen.writes == []


def test_a_reconciler_outside_the_cluster_is_no_error(screen: Recorded) -> None:
    """Its Lease names a pod that is not there: the page says where to look instead."""
    screen.terminal.press("7")
    screen.terminal.seen("the reconciler runs where nobody can ask it", without=("cannot be asked",))
