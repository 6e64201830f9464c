"""The sandbox stands in for a cluster where none is configured or its context is named, and never otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kubectl_prism.cli import connect
from kubectl_prism.cli.options import Options
from kubectl_prism.errors import PrismError
from kubectl_prism.kube.errors import NoCluster

SANDBOX = "https://127.0.0.1:20001"
OWN = "https://cluster.example.com"


def kubeconfig(path: Path, context: str, server: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        "clusters": [{"name": context, "cluster": {"server": server}}],
        "users": [{"name": context, "user": {"token": "x"}}],
    }
    path.write_text(yaml.safe_dump(config))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    return tmp_path


@pytest.fixture
def sandbox(home: Path) -> None:
    """A sandbox that was started in that home."""
    kubeconfig(home / "data/kubectl-prism/sandbox/prism.kubeconfig", "kwok-prism", SANDBOX)


@pytest.mark.usefixtures("home")
def test_nothing_configured_and_no_sandbox_is_no_cluster() -> None:
    """Where there is neither, the error says so."""
    assert connect.means_sandbox(Options()) is False
    with pytest.raises(NoCluster):
        connect.cluster(Options())


@pytest.mark.usefixtures("sandbox")
def test_the_sandbox_stands_in_where_nothing_is_configured(capsys: pytest.CaptureFixture[str]) -> None:
    """A running sandbox is used without flags, and that is said on stderr."""
    assert connect.means_sandbox(Options()) is True
    assert connect.cluster(Options(namespace="team")).server == SANDBOX
    assert capsys.readouterr().err == "No cluster is configured: using the sandbox.\n"


@pytest.mark.usefixtures("sandbox")
def test_a_configured_cluster_comes_first(home: Path) -> None:
    """A person's own cluster is never replaced by the sandbox; the sandbox's context names it."""
    kubeconfig(home / ".kube/config", "own", OWN)
    assert (connect.means_sandbox(Options()), connect.cluster(Options()).server) == (False, OWN)
    named = Options(context="kwok-prism")
    assert (connect.means_sandbox(named), connect.cluster(named).server) == (True, SANDBOX)


@pytest.mark.usefixtures("sandbox")
def test_a_named_kubeconfig_or_an_unknown_context_is_taken_at_its_word(home: Path) -> None:
    """--kubeconfig and other contexts mean what they say, whether they exist or not."""
    kubeconfig(home / "own.yaml", "own", OWN)
    assert connect.cluster(Options(kubeconfig=str(home / "own.yaml"))).server == OWN
    with pytest.raises(PrismError, match="kwok-other"):
        connect.cluster(Options(context="kwok-other"))
