"""Driven for real: what happens in a cluster is on the screen within a second, and a key does what was confirmed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from tests.reconcile.kinds.world import WITHIN, World, eventually, is_judged, is_ready
from tests.tui.live.terminal import LARGE, SMALL, Terminal

LONGEST = 1.0
"""Seconds after which a change is late."""


class Screens(NamedTuple):
    """The overview in a small terminal, and the page of the stack in a large one."""

    small: Terminal
    large: Terminal


@pytest.fixture(scope="module")
def screens(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screens]:
    """Return two screens of one namespace in which nothing is yet."""
    words = ("tui", f"--kubeconfig={world.cluster.kubeconfig}", f"--namespace={world.namespace}")
    home = tmp_path_factory.mktemp("home")
    with ExitStack() as stack:
        found = Screens(*(stack.enter_context(Terminal(home, *words, size=size)) for size in (SMALL, LARGE)))
        found.small.seen("no stacks here", without=("reading",))
        found.large.press("2")
        found.large.seen("no stack here", without=("reading",))
        yield found


class Measured:
    """Measures how long after the official client a screen shows a change."""

    def __init__(self) -> None:
        self.figures: dict[str, float] = {}

    def follows(self, what: str, look: Callable[[], object], terminal: Terminal, *row: str, without: str = "") -> None:
        """Wait until `look` finds a change, and then until a row of the screen holds these words.

        Seconds in which the screen could have gone on, had other programs left it a processor, are not its own.
        """
        began = _first(look)
        waited = terminal.waited()
        shown = terminal.row(*row, without=[without] if without else [])
        self.figures[what] = round(shown - began - (terminal.waited() - waited), 3)


def _first(look: Callable[[], object]) -> float:
    """Return the monotonic second at which the first look began that found something."""
    deadline = time.monotonic() + WITHIN
    while not (began := time.monotonic(), look())[1]:
        assert began < deadline, "the API server never showed it"
    return began


def is_unschedulable(world: World) -> bool:
    """Tell whether some pod fits no node."""
    told = [c for pod in world.all("Pod") for c in (pod.get("status") or {}).get("conditions") or []]
    return any(one["type"] == "PodScheduled" and one.get("reason") == "Unschedulable" for one in told)


def proxies(world: World) -> int:
    """Return how many proxies are available."""
    return int((world.get("Deployment", "demo-proxy").get("status") or {}).get("availableReplicas") or 0)


def is_well(world: World) -> bool:
    """Tell whether the stack is Ready as it is now, and no pod is in the way."""
    stack = world.get("PrismStack", "demo")
    return is_judged(stack) and is_ready(stack) and not is_unschedulable(world)


def test_a_change_is_on_the_screen_within_a_second(
    world: World, screens: Screens, record_property: Callable[[str, object], None]
) -> None:
    """A stack that is made, ready, scaled, broken and healed: on both pages, each time, without a key."""
    small, large = screens
    measured = Measured()
    world.stack("demo", patterns=[{"name": "kv", "type": "keyvalue", "backend": "memstore"}])
    measured.follows("made", lambda: world.find("PrismStack", "demo"), small, "/demo")
    measured.follows("ready", lambda: is_well(world), small, "● ", "/demo", "Ready 3/3")
    large.row("● demo ", "Ready")
    large.row("pattern kv", "Ready 1/1")
    world.specify("PrismStack", "demo", proxy={"replicas": 3})
    measured.follows("scaled", lambda: proxies(world) == 3, small, "/demo", "5/5")
    large.row("● proxy demo-proxy", "3/3")
    eventually(lambda: is_well(world))
    world.specify("PrismStack", "demo", proxy={"placement": {"nodeSelector": {"role": "no-node-has-this"}}})
    measured.follows("broken", lambda: is_unschedulable(world), large, "✗ pod demo-proxy", "Unschedulable")
    large.row("✗ proxy demo-proxy", "no node fits")
    large.seen("wished: nodes with role=no-node-has-this")
    small.row("/demo", without=["Ready"])
    world.specify("PrismStack", "demo", proxy={"placement": {"nodeSelector": None}})
    measured.follows("healed", lambda: is_well(world), small, "● ", "/demo", "Ready 5/5")
    large.seen("● demo ", "wished: nothing", without=("Unschedulable", "role=no-node-has-this"))
    record_property("seconds until shown", measured.figures)
    sys.stdout.write(f"seconds until shown: {measured.figures}\n")
    assert {what: late for what, late in measured.figures.items() if late > LONGEST} == {}


def test_a_key_changes_the_cluster_once_it_is_confirmed(world: World, screens: Screens) -> None:
    """The question names context, object, difference and command; yes does it, and the screen shows what came of it."""
    large = screens.large
    before = world.get("PrismStack", "demo")["spec"]["proxy"]["replicas"]
    large.press("j")
    large.press("s")
    large.seen("Replicas of demo-proxy")
    large.press("2", "Enter")
    large.seen(
        "Scale its proxies to 2 replicas?",
        f"context    {world.cluster.context}",
        f"namespace  {world.namespace}",
        "object     PrismStack demo",
        f"- spec.proxy.replicas: {before}",
        "+ spec.proxy.replicas: 2",
        f"$ kubectl patch prismstack demo -n {world.namespace}",
    )
    assert world.get("PrismStack", "demo")["spec"]["proxy"]["replicas"] == before
    large.press("y")
    eventually(lambda: world.get("PrismStack", "demo")["spec"]["proxy"]["replicas"] == 2)
    eventually(lambda: proxies(world) == 2)
    large.row("● proxy demo-proxy", "2/2")
    screens.small.row("/demo", "Ready 4/4")


def test_enter_answers_a_question_with_no(world: World, screens: Screens) -> None:
    """Who presses Enter at the question whether to delete keeps what is there; who says yes sees it go."""
    small = screens.small
    small.press("C-d")
    small.seen("Delete?", "object     PrismStack demo")
    small.press("Enter")
    small.seen("Overview", without=("Delete?",))
    assert "deletionTimestamp" not in world.get("PrismStack", "demo")["metadata"]
    small.press("C-d")
    small.seen("Delete?")
    small.press("y")
    world.gone("PrismStack", "demo")
    small.gone("/demo")
    screens.large.seen("no stack here")
