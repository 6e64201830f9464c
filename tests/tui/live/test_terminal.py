"""The terminal itself: none at all, and one that changes its size."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.cli.terminal import environment
from tests.reconcile.kinds.world import World
from tests.tui.live.terminal import Terminal


def test_without_a_terminal_it_says_what_to_do(world: World, tmp_path: Path) -> None:
    """Through pipes: exit code 2, one error, and a hint at what follows changes anywhere."""
    done = subprocess.run(
        [sys.executable, "-m", "kubectl_prism", "tui", f"--kubeconfig={world.cluster.kubeconfig}"],
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    error, hint = done.stderr.splitlines()
    assert error == "error: the dashboard needs a terminal"
    assert hint.startswith("hint: ")
    assert "kubectl prism status -w" in hint


def test_another_size_is_drawn_anew(world: World, tmp_path: Path) -> None:
    """From 80x24 to 20x5 and back it goes on, on every page, and shows what it did, and what came meanwhile."""
    words = ("tui", f"--kubeconfig={world.cluster.kubeconfig}", f"--namespace={world.namespace}")
    world.stack("demo")
    with Terminal(tmp_path, *words) as terminal:
        terminal.row("● ", "/demo", "Ready 2/2")
        terminal.resize(20, 5)
        terminal.until(lambda text: max(map(len, text.splitlines())) <= 20 and "Prism" in text, what="a small screen")
        for page in "2345671":
            terminal.press(page)
        world.specify("PrismStack", "demo", proxy={"replicas": 2})
        world.ready("PrismStack", "demo")
        assert len(terminal.text.splitlines()) == 5
        terminal.resize(80, 24)
        terminal.row("● ", "/demo", "Ready 3/3")
        terminal.row("1 Overview 2 Stack 3 Namespaces 4 Leader 5 Backends 6 Troubleshoot 7 Reconciler")
        terminal.row("⏎ Open / Filter d Describe y YAML l Logs ? Keys q Quit")
        terminal.press("2")
        terminal.row("● proxy demo-pro", "2/2")
        terminal.press("q")
        assert terminal.ended() == 0
