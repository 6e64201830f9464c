"""kind is given the right command, and a machine without it one clear error."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubectl_prism.errors import PrismError
from kubectl_prism.sandbox import kind
from tests.sandbox.machine import Machine

KIND = """#!/bin/sh
echo "$KIND_EXPERIMENTAL_PROVIDER: $*" >> "$HOME/kind-calls"
case "$1 $2" in
  "get clusters") cat "$HOME/kind-clusters" 2>/dev/null; exit 0 ;;
  "create cluster") echo " * Preparing nodes" >&2; {create} ;;
esac
"""


def install_kind(machine: Machine, *, create: str = "true") -> None:
    """Put a kind on PATH that notes what it is asked."""
    machine.install("kind", KIND.format(create=create))


def calls(machine: Machine) -> list[str]:
    """What kind was asked."""
    return (machine.home / "kind-calls").read_text().splitlines()


@pytest.fixture(autouse=True)
def own_path(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only the machine's own programs are found, and a shell to run them."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "cat"):
        (tools / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", f"{machine.path}:{tools}")
    monkeypatch.delenv("KIND_EXPERIMENTAL_PROVIDER", raising=False)


def test_kind_makes_the_cluster_with_a_kubeconfig_of_ours(machine: Machine) -> None:
    """The cluster is called prism, its kubeconfig is apart, and kind's progress is passed on."""
    install_kind(machine)
    machine.install("podman")
    said: list[str] = []
    file = kind.up(report=said.append)
    assert file == machine.home / ".local/share/kubectl-prism/sandbox/kind-prism.kubeconfig"
    assert calls(machine) == [
        "podman: get clusters",
        f"podman: create cluster --name prism --kubeconfig {file} --wait 120s",
    ]
    assert said == [" * Preparing nodes"]


def test_a_cluster_that_is_there_is_kept(machine: Machine) -> None:
    """A second time only its kubeconfig is written again; with `use` into the person's own."""
    install_kind(machine)
    machine.install("docker")
    (machine.home / "kind-clusters").write_text("other\nprism\n")
    file = kind.up(use=True)
    assert file == machine.home / ".kube" / "config"
    assert calls(machine)[-1] == f"docker: export kubeconfig --name prism --kubeconfig {file}"


def test_down_removes_it_once(machine: Machine) -> None:
    """Removing what is not there asks kind for nothing."""
    install_kind(machine)
    machine.install("docker")
    assert not kind.down()
    (machine.home / "kind-clusters").write_text("prism\n")
    assert kind.down()
    file = kind.kubeconfig_file()
    assert calls(machine)[-1] == f"docker: delete cluster --name prism --kubeconfig {file}"


def test_without_kind_or_an_engine_the_error_says_so(machine: Machine) -> None:
    """Both are named, with the sandbox that needs neither."""
    with pytest.raises(PrismError, match="kind is not on PATH") as caught:
        kind.up()
    assert "leave out --runtime" in (caught.value.hint or "")
    install_kind(machine)
    with pytest.raises(PrismError, match="no container engine on PATH"):
        kind.up()


def test_a_failure_of_kind_is_passed_on(machine: Machine) -> None:
    """Kind's last word is in the error."""
    install_kind(machine, create='echo "ERROR: failed to create cluster: boom" >&2; exit 1')
    machine.install("docker")
    with pytest.raises(PrismError, match="failed to create cluster: boom"):
        kind.up()
