"""Several reconcilers of one namespace: one acts, the others say which and stand by, and take over in time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import yaml

from kubectl_prism import manifests
from tests.cli.terminal import said
from tests.cluster import Cluster

CRDS = Path(manifests.__file__).parent / "crds"
PROGRAM = Path(sys.executable).with_name("kubectl-prism")
STACK = yaml.safe_dump(
    {"apiVersion": "prism.io/v1alpha1", "kind": "PrismStack", "metadata": {"name": "demo"}, "spec": {}}
)


class Candidates:
    """Reconcilers of one namespace, each a process of its own."""

    def __init__(self, cluster: Cluster, namespace: str, processes: ExitStack) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.processes = processes

    def kubectl(self, *words: str) -> str:
        command = [str(self.cluster.kubectl), f"--kubeconfig={self.cluster.kubeconfig}", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def start(self, verb: str, *words: str) -> subprocess.Popen[str]:
        command = [str(PROGRAM), verb, f"--kubeconfig={self.cluster.kubeconfig}", f"--watch-namespace={self.namespace}"]
        return self.processes.enter_context(_process([*command, *words]))

    def operator(self, *words: str) -> subprocess.Popen[str]:
        return self.start("operator", "--probes=127.0.0.1:0", *words)

    def holder(self) -> str:
        path = "jsonpath={.spec.holderIdentity}"
        return self.kubectl("get", "lease", "prism-operator", "-n", self.namespace, "-o", path)


@contextmanager
def _process(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def candidates(cluster: Cluster) -> Iterator[Candidates]:
    """Nobody yet, in a namespace of their own."""
    with ExitStack() as processes:
        made = Candidates(cluster, f"standby-{uuid.uuid4().hex[:8]}", processes)
        made.kubectl("apply", "--server-side", "-f", str(CRDS))
        made.kubectl("create", "namespace", made.namespace)
        yield made
    made.kubectl("delete", "namespace", made.namespace, "--wait=false")


def test_one_acts_and_the_other_takes_over_from_a_clean_end_within_3_seconds(candidates: Candidates) -> None:
    """The second says who holds the Lease and since when; told to end, the first gives it back."""
    first = candidates.operator()
    said(first, "holding the Lease")
    holder = candidates.holder()
    second = candidates.operator()
    assert f"{holder} since 20" in said(second, "standing by: ")
    ended = time.monotonic()
    first.send_signal(signal.SIGTERM)
    said(second, "holding the Lease")
    assert time.monotonic() - ended <= 3
    assert first.wait(30) == 0
    assert candidates.holder() not in ("", holder)


def test_a_leader_that_is_killed_is_followed_within_17_seconds(candidates: Candidates) -> None:
    """Nobody gives the Lease back, so it has to run out."""
    first = candidates.operator()
    said(first, "holding the Lease")
    second = candidates.operator()
    said(second, "standing by: ")
    first.kill()
    ended = time.monotonic()
    said(second, "holding the Lease")
    assert 12 <= time.monotonic() - ended <= 17


def test_a_leader_that_was_paused_finds_another_and_stands_by(candidates: Candidates) -> None:
    """After SIGSTOP for longer than the Lease lasts, SIGCONT lets it stand by instead of going on."""
    first = candidates.operator()
    said(first, "holding the Lease")
    second = candidates.operator()
    said(second, "standing by: ")
    first.send_signal(signal.SIGSTOP)
    said(second, "holding the Lease")
    first.send_signal(signal.SIGCONT)
    said(first, "no longer the holder of the Lease")
    assert candidates.holder() in said(first, "standing by: operator@")


def test_up_stands_by_and_shows_what_the_other_one_does_and_steals_on_request(
    candidates: Candidates, tmp_path: Path
) -> None:
    """`up` names who reconciles, sees the stack become Ready, and with --steal takes over; the other one stands by."""
    file = tmp_path / "stack.yaml"
    file.write_text(STACK)
    operator = candidates.operator()
    said(operator, "holding the Lease")
    here = ["-f", str(file), "-n", candidates.namespace]
    waiting = candidates.start("up", "--wait", "--timeout=60s", *here)
    assert candidates.holder() in said(waiting, "Standing by: operator@")
    assert waiting.wait(60) == 0
    thief = candidates.start("up", "--steal", *here)
    said(thief, "The other reconciler has stopped: this one reconciles now.")
    assert "asked for it; standing by" in said(operator, "no longer the holder")
    assert candidates.holder().startswith("up@")
    thief.send_signal(signal.SIGINT)
    assert thief.wait(30) == 130
    said(operator, "holding the Lease")
