"""Which cluster a person means, and one clear error for each way in which a kubeconfig can be wrong."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubectl_prism.errors import PrismError, UsageError
from kubectl_prism.kube import config
from kubectl_prism.kube.config import Connection, contexts, load
from kubectl_prism.kube.errors import NoCluster

GOOD: dict[str, Any] = {
    "current-context": "one",
    "contexts": [
        {"name": "one", "context": {"cluster": "c1", "user": "u1", "namespace": "team"}},
        {"name": "two", "context": {"cluster": "c2", "user": "u1"}},
    ],
    "clusters": [
        {"name": "c1", "cluster": {"server": "https://one.test:6443/"}},
        {"name": "c2", "cluster": {"server": "https://two.test"}},
    ],
    "users": [{"name": "u1", "user": {"token": "secret-token"}}],
}


def written(path: Path, body: object) -> dict[str, str]:
    """Write a kubeconfig and return an environment that names it."""
    path.write_text(body if isinstance(body, str) else yaml.safe_dump(body))
    return {"KUBECONFIG": str(path), "HOME": str(path.parent)}


def test_the_current_context_is_meant(tmp_path: Path) -> None:
    """With no flag, the current context, its server and its namespace."""
    cluster = load(Connection(), written(tmp_path / "c", GOOD))
    assert (cluster.context, cluster.server, cluster.namespace) == ("one", "https://one.test:6443", "team")
    assert cluster.address == "one.test:6443"
    assert not cluster.inside


def test_flags_win(tmp_path: Path) -> None:
    """Each flag replaces what the context says, as in kubectl."""
    environment = written(tmp_path / "c", GOOD)
    assert load(Connection(context="two"), environment).address == "two.test:443"
    assert load(Connection(cluster="c2"), environment).server == "https://two.test"
    assert load(Connection(server="http://x:1"), environment).server == "http://x:1"
    assert load(Connection(context="two", namespace="mine"), environment).namespace == "mine"
    assert load(Connection(context="two"), environment).namespace == "default"


def test_no_credential_shows_in_a_repr(tmp_path: Path) -> None:
    """A Cluster or the flags in a log line give no token away."""
    options = Connection(token="flag-token")
    cluster = load(options, written(tmp_path / "c", GOOD))
    assert "secret-token" not in repr(cluster)
    assert "flag-token" not in repr(options)


def test_the_first_file_that_names_something_wins(tmp_path: Path) -> None:
    """KUBECONFIG is a list: missing files are skipped, the first mention of a name and of current-context counts."""
    first = {"current-context": "two", "clusters": [{"name": "c2", "cluster": {"server": "https://first.test"}}]}
    written(tmp_path / "a", first)
    written(tmp_path / "b", GOOD)
    listed = os.pathsep.join(str(tmp_path / name) for name in ("missing", "a", "b"))
    assert load(Connection(), {"KUBECONFIG": listed}).server == "https://first.test"


def test_contexts_are_listed_for_completion(tmp_path: Path) -> None:
    """Names only, sorted; and none where there is no file."""
    assert contexts(Connection(), written(tmp_path / "c", GOOD)) == ["one", "two"]
    assert contexts(Connection(), {"HOME": str(tmp_path / "empty")}) == []


def test_a_server_alone_is_enough(tmp_path: Path) -> None:
    """--server needs no kubeconfig."""
    cluster = load(Connection(server="http://127.0.0.1:8001"), {"HOME": str(tmp_path)})
    assert (cluster.context, cluster.server) == (None, "http://127.0.0.1:8001")


@pytest.mark.parametrize("body", [None, "", "apiVersion: v1\nkind: Config\ncontexts: null\ncurrent-context: ''\n"])
def test_nothing_configured_is_told_apart(tmp_path: Path, body: str | None) -> None:
    """No file, an empty one, or what `kind delete cluster` leaves: there is no cluster, and nothing is broken."""
    environment = {"HOME": str(tmp_path)}
    if body is not None:
        (tmp_path / ".kube").mkdir()
        (tmp_path / ".kube" / "config").write_text(body)
    with pytest.raises(NoCluster) as caught:
        load(Connection(), environment)
    assert "--sandbox" in (caught.value.hint or "")


def test_a_pod_uses_its_service_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside a pod there is no kubeconfig: server and namespace come from what is mounted."""
    (tmp_path / "token").write_text("t")
    (tmp_path / "namespace").write_text("prism-system\n")
    monkeypatch.setattr(config, "SERVICE_ACCOUNT", tmp_path)
    environment = {"HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    cluster = load(Connection(), environment)
    assert (cluster.inside, cluster.server, cluster.namespace) == (True, "https://[fd00::1]:443", "prism-system")
    assert cluster.address == "[fd00::1]:443"


def changed(**fields: object) -> dict[str, Any]:
    return GOOD | fields


@pytest.mark.parametrize(
    ("body", "options", "says", "hints"),
    [
        ("contexts: [\n", Connection(), ":2 is not YAML", "kubectl config view"),
        ("\x00", Connection(), "is not YAML", "kubectl config view"),
        ("just text", Connection(), "a mapping is expected", "kubectl config view"),
        (changed(contexts="x"), Connection(), "contexts must be a list", ""),
        (changed(contexts=[{"context": {}}]), Connection(), "contexts[0].name is missing", ""),
        (changed(users=[{"name": "u1", "user": "x"}]), Connection(), "users[0].user must be a mapping", ""),
        (changed(**{"current-context": ""}), Connection(), "current-context is not set", "one, two"),
        (changed(**{"current-context": "on"}), Connection(), "context on is not in", "did you mean one?"),
        (GOOD, Connection(context="zzz"), "context zzz is not in", "there are: one, two"),
        (GOOD, Connection(cluster="c3"), "cluster c3 is not in", "there are: c1, c2"),
        (GOOD, Connection(user="nobody"), "user nobody is not in", "there are: u1"),
        (
            changed(clusters=[{"name": "c1", "cluster": {}}]),
            Connection(),
            "clusters[name=c1].cluster.server is missing",
            "--server",
        ),
        (
            changed(clusters=[{"name": "c1", "cluster": {"server": "one.test:6443"}}]),
            Connection(),
            "clusters[name=c1].cluster.server is not a URL: one.test:6443",
            "https://HOST:PORT",
        ),
        (GOOD, Connection(server="https://x:port"), "--server", "https://HOST:PORT"),
        (
            changed(contexts=[{"name": "one", "context": {"user": "u1"}}]),
            Connection(),
            "contexts[name=one].context.cluster is missing",
            "",
        ),
    ],
)
def test_a_fault_is_named_with_its_file_and_field(
    tmp_path: Path, body: object, options: Connection, says: str, hints: str
) -> None:
    """One sentence says which file and which field, and the hint what to do."""
    with pytest.raises(PrismError) as caught:
        load(options, written(tmp_path / "broken", body))
    assert not isinstance(caught.value, NoCluster)
    assert says in caught.value.message
    assert options.server or str(tmp_path / "broken") in caught.value.message
    assert hints in (caught.value.hint or "")


@pytest.mark.parametrize("source", ["--kubeconfig", "KUBECONFIG"])
def test_a_file_that_was_named_must_exist(tmp_path: Path, source: str) -> None:
    """A name that leads nowhere is a slip, not a wish for a sandbox."""
    missing = str(tmp_path / "missing")
    options = Connection(kubeconfig=missing) if source == "--kubeconfig" else Connection()
    with pytest.raises(PrismError, match="missing does not exist") as caught:
        load(options, {"KUBECONFIG": missing})
    assert not isinstance(caught.value, NoCluster)
    assert source in (caught.value.hint or "")


def test_an_unreadable_file_is_an_error(tmp_path: Path) -> None:
    """A folder in place of the file is said in words."""
    with pytest.raises(PrismError, match="cannot be read: Is a directory"):
        load(Connection(kubeconfig=str(tmp_path)), {})


def test_groups_without_a_user_are_refused(tmp_path: Path) -> None:
    """--as-group alone would silently act as oneself."""
    with pytest.raises(UsageError, match="--as"):
        load(Connection(as_groups=("g",)), written(tmp_path / "c", GOOD))
