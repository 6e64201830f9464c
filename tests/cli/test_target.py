"""`up` asks before it starts a sandbox or changes a cluster far away, and only where somebody can answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubectl_prism.cli import ask, target
from kubectl_prism.cli.options import Options
from kubectl_prism.cli.target import Target
from kubectl_prism.errors import PrismError
from kubectl_prism.kube.config import Cluster, Connection, load


def at(server: str) -> Cluster:
    return load(Connection(server=server, token="x"), {"HOME": "/nowhere"})


@pytest.mark.parametrize(
    ("server", "is_local"),
    [
        ("https://127.0.0.1:6443", True),
        ("https://localhost:6443", True),
        ("https://[::1]:6443", True),
        ("https://kubernetes.docker.internal:6443", True),
        ("https://10.0.0.1:6443", False),
        ("https://localhost.example.com", False),
        ("https://127.example.com", False),
        ("https://abc.eks.amazonaws.com", False),
    ],
)
def test_only_this_machine_is_local(server: str, is_local: bool) -> None:
    """A server is local by its whole address, not by how its name begins."""
    assert Target(at(server)).is_local is is_local


def test_a_sandbox_is_local_and_simulated() -> None:
    """The sandbox is never asked about."""
    sandbox = Target(at("https://127.0.0.1:1"), Path("kubeconfig"))
    assert (sandbox.is_local, sandbox.is_sandbox) == (True, True)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A terminal in a home without kubeconfig."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)


@pytest.mark.usefixtures("terminal")
def test_no_cluster_on_a_terminal_asks_and_takes_no_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who says no gets no sandbox, and the command that would start one."""
    questions: list[str] = []
    monkeypatch.setattr(ask, "confirmed", lambda question: questions.append(question))
    with pytest.raises(PrismError) as refused:
        target.choose(Options(), sandbox=False, binaries=None)
    assert questions == ["Start a local sandbox instead, with simulated nodes and pods?"]
    assert "up --sandbox" in (refused.value.hint or "")


@pytest.mark.usefixtures("terminal")
def test_a_cluster_that_was_named_is_never_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who names a server that is dead meant that server: no question, the error."""
    monkeypatch.setattr(ask, "confirmed", lambda question: pytest.fail(f"asked: {question}"))
    with pytest.raises(PrismError, match="cannot reach the API server"):
        target.choose(Options(server="https://127.0.0.1:1"), sandbox=False, binaries=None)
