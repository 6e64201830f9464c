"""`logs` and `port-forward` on simulated pods, as a person uses them."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.reconcile.kinds.answers import Answers
from tests.reconcile.kinds.world import World, eventually

PATTERNS = [
    {"name": "kv", "type": "keyvalue", "backend": "memstore", "service": {"port": 8080}},
    {"name": "events", "type": "pubsub", "backend": "nats"},
]


@pytest.fixture
def stack(world: World, answers: Answers) -> World:
    """Return a world with a stack whose pods have logs."""
    world.stack("dev", proxy={"replicas": 2}, patterns=PATTERNS)
    world.ready("PrismStack", "dev")
    eventually(lambda: world.prism("logs", "dev").count("\n") == 5)
    return world


@contextmanager
def running(world: World, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command that goes on; its output can be read."""
    flags = [f"--kubeconfig={world.cluster.kubeconfig}", f"--namespace={world.namespace}"]
    command = [sys.executable, "-m", "kubectl_prism", *words, *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_logs_of_a_stack_are_read_together(stack: World) -> None:
    """Each line names its pod, components can be chosen, and lines are readable where --raw does not forbid it."""
    lines = stack.prism("logs", "dev").splitlines()
    pods = stack.names("Pod")
    assert {line.split()[0] for line in lines} == pods
    assert all("simulated=true" in line for line in lines)
    assert sum("nothing runs in this pod" in line for line in lines) == 1
    proxies = stack.prism("logs", "dev", "--component", "proxy", "--raw").splitlines()
    assert [line.startswith('{"ts"') for line in proxies] == [True, True]
    assert stack.prism("logs", "none") == ""


def test_a_followed_log_shows_what_comes_and_new_pods(stack: World) -> None:
    """What a proxy says from now on is printed at once, and what a new pod says."""
    with running(stack, "logs", "dev", "-f", "--tail=1", "--component=proxy") as process:
        assert process.stdout is not None
        assert all("proxy serves" in process.stdout.readline() for _ in range(2))
        stack.create("PrismNamespace", "acme", spec={"proxyRef": {"name": "dev-proxy"}})
        assert "holds a namespace to its limits namespace=acme" in process.stdout.readline()
        stack.specify("PrismStack", "dev", proxy={"replicas": 3})
        assert "proxy serves on port 9090" in process.stdout.readline()


def test_a_forwarded_port_outlives_its_pod(stack: World) -> None:
    """The port leads to a ready pod of the pattern, and to the next one when that is deleted."""
    with running(stack, "port-forward", "kv", "--local=0") as process:
        assert process.stderr is not None
        found = re.search(r"Forwarding (127\.0\.0\.1:\d+) to port 8080", process.stderr.readline())
        assert found is not None

        def is_healthy() -> bool:
            try:
                with urllib.request.urlopen(f"http://{found[1]}/health", timeout=5) as answer:
                    return b'"healthy"' in answer.read()
            except OSError:
                return False

        eventually(is_healthy)
        (pod,) = stack.names("Pod", "runner=kv")
        stack.delete("Pod", pod)
        eventually(lambda: stack.names("Pod", "runner=kv").isdisjoint({pod}))
        eventually(is_healthy)
