"""What stands between the screen and the API server: an outage, a login that ends, rights that are missing."""

from __future__ import annotations

import re
import ssl
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.faults.plan import Cut, Rule
from tests.faults.proxy import Proxy
from tests.reconcile.kinds.world import World, eventually
from tests.tui.live.access import EVERYTHING, Access
from tests.tui.live.terminal import Terminal

STACKS = ({"apiGroups": ["prism.io"], "resources": ["prismstacks"], "verbs": ["get", "list", "watch"]},)
MISSING = ("deployments", "events", "leases", "nodes", "pods", "prismbackends", "prismnamespaces", "prismpatterns")
REVOKED_WITHIN = 30.0
"""Seconds in which the API server forgets that a token was good; it remembers for ten."""
PLUGIN = """#!/bin/sh
echo run >> {folder}/runs
cat <<END
{{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {{
"token": "$(cat {folder}/token)", "expirationTimestamp": "$(date -u -d '+11 seconds' +%Y-%m-%dT%H:%M:%SZ)"}}}}
END
"""
"""A login that counts as ended a second after it was read."""


@dataclass(frozen=True)
class Renewed:
    """A screen whose login is a plugin; the API server forgets `first`, the token that it was opened with."""

    terminal: Terminal
    first: str
    runs: Path

    @property
    def logins(self) -> int:
        """How often the plugin was run."""
        return len(self.runs.read_text().splitlines())


@pytest.fixture(scope="module")
def demo(world: World) -> World:
    """Return the namespace with a stack in it."""
    world.stack("demo", admin={"enabled": False})
    return world


@pytest.fixture(scope="module")
def renewed(demo: World, access: Access, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Renewed]:
    """Return a screen that shows the stack, and whose first token is worth nothing soon."""
    home = tmp_path_factory.mktemp("home")
    access.account("renewed", EVERYTHING)
    demo.secret("session")
    first = access.token("renewed", "--bound-object-kind=Secret", "--bound-object-name=session")
    plugin, token = home / "plugin", home / "token"
    token.write_text(first)
    plugin.write_text(PLUGIN.format(folder=home))
    plugin.chmod(0o755)
    version = "client.authentication.k8s.io/v1"
    user = {"exec": {"apiVersion": version, "command": str(plugin), "interactiveMode": "Never"}}
    with Terminal(home, "tui", f"--kubeconfig={access.kubeconfig('plugin', user)}") as terminal:
        terminal.row("● ", "/demo", "Ready 1/1", without=["disconnected"])
        token.write_text(access.token("renewed"))
        demo.delete("Secret", "session")
        yield Renewed(terminal, first, home / "runs")


def age(text: str) -> int:
    """Return how old the screen says that it is, in seconds; 0 where it does not."""
    found = re.search(r"(\d+) s old", " ".join(text.split()))
    return int(found[1]) if found else 0


def test_an_api_server_that_was_away_comes_back_by_itself(demo: World, renewed: Renewed, proxy: Proxy) -> None:
    """The banner says so with an age that grows; it goes without a key, and what changed meanwhile is shown."""
    terminal = renewed.terminal
    with proxy.down():
        terminal.seen("✗ disconnected", "s old", "goes on by")
        first = age(terminal.text)
        demo.specify("PrismStack", "demo", proxy={"replicas": 2})
        demo.stack("meanwhile", admin={"enabled": False})
        demo.ready("PrismStack", "demo")
        demo.ready("PrismStack", "meanwhile")
        terminal.until(lambda text: age(text) > first + 1, what="an age that grows")
        assert "1/1" in terminal.text
        assert "/meanwhile" not in terminal.text
    terminal.row("● ", "/demo", "Ready 2/2")
    terminal.row("● ", "/meanwhile", "Ready 1/1")
    terminal.seen("Overview", without=("disconnected", "s old"))
    demo.delete("PrismStack", "meanwhile")
    terminal.gone("/meanwhile")


def test_a_login_that_ends_is_renewed_under_the_open_screen(demo: World, renewed: Renewed, proxy: Proxy) -> None:
    """Once its first token is refused, what the screen asks, and each watch that ends, goes on with the next one."""
    terminal = renewed.terminal
    eventually(lambda: _status(demo, renewed.first) == 401, within=REVOKED_WITHIN)
    before, began = renewed.logins, time.monotonic()
    cut = [Rule(Cut(clean=True), verb=("watch",), resource=(kind,), event=0) for kind in ("prismstacks", "deployments")]
    with proxy.rules(*cut):
        demo.specify("PrismStack", "demo", proxy={"replicas": 3})
        terminal.row("● ", "/demo", "Ready 3/3")
    terminal.press("y")
    terminal.seen("apiVersion: prism.io/v1alpha1")
    asked = proxy.since(began)
    assert {"prismstacks", "deployments"} <= {one.resource for one in asked if one.verb == "watch"}
    assert {one.status for one in asked if one.resource.startswith("prism")} == {200}
    assert renewed.logins > before


def _status(world: World, token: str) -> int:
    """Return what the API server answers to a token."""
    trusted = ssl.create_default_context(
        cafile=str(world.cluster.kubeconfig.parent / "clusters" / world.cluster.name / "pki" / "ca.crt")
    )
    path = f"/apis/prism.io/v1alpha1/namespaces/{world.namespace}/prismstacks"
    request = urllib.request.Request(world.cluster.server + path, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, context=trusted, timeout=10) as answer:
            return int(answer.status)
    except HTTPError as refused:
        refused.close()
        return refused.code


def test_who_may_read_stacks_only_sees_them_and_what_is_missing(demo: World, access: Access, tmp_path: Path) -> None:
    """Each kind that may not be read is named, the stacks are there, and what happens to them is shown."""
    with Terminal(tmp_path, "tui", f"--kubeconfig={access.user('stacks', STACKS)}") as terminal:
        terminal.row("/demo")
        terminal.row("/demo", "Ready", "unknown", without=("Degraded", "missing"))
        terminal.seen("◐ not shown: ", "deployments.apps is forbidden", *MISSING, without=("reading", "disconnected"))
        demo.stack("another")
        terminal.row("/another")
