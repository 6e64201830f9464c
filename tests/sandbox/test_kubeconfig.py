"""The person's kubeconfig is touched on request only, and keeps all that is theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kubectl_prism.errors import PrismError
from kubectl_prism.model.meta import Manifest
from kubectl_prism.sandbox.kubeconfig import adopt, disown, kubeconfig, persons_file
from tests.sandbox.machine import Machine

SERVER = "https://127.0.0.1:20001"
THEIRS = """\
apiVersion: v1
kind: Config
clusters:
- {name: work, cluster: {server: "https://work.example"}}
users:
- {name: me, user: {token: secret}}
contexts:
- {name: work, context: {cluster: work, user: me}}
current-context: work
preferences: {colors: true}
"""


@pytest.fixture
def own(tmp_path: Path) -> Manifest:
    """The kubeconfig of a sandbox."""
    for name in ("ca.crt", "admin.crt", "admin.key"):
        (tmp_path / name).write_text(name)
    return kubeconfig("kwok-prism", server=SERVER, certificates=tmp_path)


def test_our_kubeconfig_needs_no_other_file(own: Manifest) -> None:
    """Certificates are inside, so it can be copied and merged."""
    assert own == {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "kwok-prism", "cluster": {"certificate-authority-data": "Y2EuY3J0", "server": SERVER}},
        ],
        "users": [
            {
                "name": "kwok-prism",
                "user": {"client-certificate-data": "YWRtaW4uY3J0", "client-key-data": "YWRtaW4ua2V5"},
            },
        ],
        "contexts": [{"name": "kwok-prism", "context": {"cluster": "kwok-prism", "user": "kwok-prism"}}],
        "current-context": "kwok-prism",
    }


def test_adopting_keeps_what_is_theirs_and_disowning_gives_it_back(own: Manifest, tmp_path: Path) -> None:
    """Their clusters, users, contexts and preferences survive both; twice is the same as once."""
    path = tmp_path / "config"
    path.write_text(THEIRS)
    adopt(path, own)
    adopt(path, own)
    merged = yaml.safe_load(path.read_text())
    assert [entry["name"] for entry in merged["contexts"]] == ["work", "kwok-prism"]
    assert merged["current-context"] == "kwok-prism"
    assert path.stat().st_mode & 0o077 == 0
    assert disown(path, "kwok-prism", SERVER)
    assert yaml.safe_load(path.read_text()) == {**yaml.safe_load(THEIRS), "current-context": ""}
    assert not disown(path, "kwok-prism", SERVER)


def test_a_context_of_our_name_that_is_not_ours_is_left(own: Manifest, tmp_path: Path) -> None:
    """Somebody else's cluster of that name stays when the sandbox goes."""
    path = tmp_path / "config"
    adopt(path, own)
    before = path.read_text()
    assert not disown(path, "kwok-prism", "https://127.0.0.1:1")
    assert path.read_text() == before


def test_a_link_stays_a_link(own: Manifest, tmp_path: Path) -> None:
    """A kubeconfig that is a link into a folder of dotfiles is written where it points."""
    (tmp_path / "real").write_text(THEIRS)
    (tmp_path / "config").symlink_to("real")
    adopt(tmp_path / "config", own)
    assert (tmp_path / "config").is_symlink()
    assert "kwok-prism" in (tmp_path / "real").read_text()


@pytest.mark.parametrize("content", ["a: [", "just text", "- a\n- list\n"])
def test_a_broken_kubeconfig_is_never_overwritten(own: Manifest, tmp_path: Path, content: str) -> None:
    """What cannot be read as a kubeconfig is an error, and stays byte for byte."""
    path = tmp_path / "config"
    path.write_text(content)
    with pytest.raises(PrismError, match="kubeconfig"):
        adopt(path, own)
    assert path.read_text() == content


def test_the_persons_file_is_the_one_that_kubectl_writes(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """KUBECONFIG's first file, else ~/.kube/config."""
    assert persons_file() == machine.home / ".kube" / "config"
    monkeypatch.setenv("KUBECONFIG", "/one:/two")
    assert persons_file() == Path("/one")
