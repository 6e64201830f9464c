"""Programs are taken from the first place that has them, and got where none has."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from kubectl_prism.errors import PrismError, UsageError
from kubectl_prism.sandbox import download
from kubectl_prism.sandbox.binaries import Sources, binaries_folder, ensure_binaries
from kubectl_prism.sandbox.download import Patience
from kubectl_prism.sandbox.programs import CLIENT, FAMILIES, SERVERS, Mirror
from kubectl_prism.sandbox.programs import releases as files_of
from tests.sandbox.machine import PROGRAMS, Machine
from tests.sandbox.releases import Releases

OFFLINE = Sources(downloads=None)
QUICK = Patience(answer=2.0, bytes=2.0)


def publish_all(releases: Releases, machine: str = "amd64") -> None:
    """Offer everything that a Linux machine downloads, each program saying Kubernetes v1.36.3."""
    program = b"#!/bin/sh\necho Kubernetes v1.36.3\n"
    for name in PROGRAMS[1:5]:
        releases.publish(f"/release/v1.36.3/bin/linux/{machine}/{name}", program)
    kwok = {f"{name}-linux-{machine}": program for name in ("kwok", "kwokctl")}
    releases.list_assets("/repos/kubernetes-sigs/kwok/releases/tags/v0.8.0", kwok)


@pytest.fixture(autouse=True)
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every machine here says that it is Linux on amd64."""
    monkeypatch.setattr("kubectl_prism.sandbox.binaries._platform", lambda: ("linux", "amd64"))


def test_a_given_folder_wins_over_everything(machine: Machine, tmp_path: Path) -> None:
    """Programs of the folder that was given are used even where PATH has them all."""
    machine.install_all()
    machine.install_all(folder=tmp_path / "mine")
    found = ensure_binaries(Sources(folder=tmp_path / "mine", downloads=None, building=False))
    assert found.paths == {name: tmp_path / "mine" / name for name in PROGRAMS}


@pytest.mark.parametrize("variable", ["KUBEBUILDER_ASSETS", "KUBECTL_PRISM_BINARIES_DIR"])
def test_a_variable_names_a_folder(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """What envtest's variable or our own points at is used before PATH."""
    machine.install_all()
    monkeypatch.setenv(variable, str(tmp_path / "assets"))
    machine.install("etcd", folder=tmp_path / "assets")
    found = ensure_binaries(OFFLINE)
    assert found["etcd"] == tmp_path / "assets" / "etcd"
    assert found["kubectl"] == machine.path / "kubectl"


def test_servers_are_never_mixed(machine: Machine, tmp_path: Path) -> None:
    """A folder with an API server only lends none: its controllers and scheduler would be of another version."""
    machine.install_all()
    machine.install("kube-apiserver", "#!/bin/sh\necho Kubernetes v1.31.0\n", folder=tmp_path / "assets")
    found = ensure_binaries(Sources(folder=tmp_path / "assets", downloads=None))
    assert {found[name].parent for name in SERVERS.names} == {machine.path}


def test_a_given_folder_that_is_none_is_wrong_usage(machine: Machine, tmp_path: Path) -> None:
    """A mistyped --binaries-dir is said, not passed over."""
    with pytest.raises(UsageError, match="no-such-folder is no folder"):
        ensure_binaries(Sources(folder=tmp_path / "no-such-folder"))
    assert not machine.cache.exists()


def test_servers_that_are_too_old_are_passed_over(machine: Machine) -> None:
    """An old Kubernetes on PATH is left alone, with a word about it, and the rest of PATH is used."""
    machine.install_all(version="v1.27.4")
    machine.install_go()
    said: list[str] = []
    found = ensure_binaries(OFFLINE, said.append)
    assert found["kube-apiserver"] == binaries_folder() / "kube-apiserver"
    assert found["etcd"] == machine.path / "etcd"
    assert said[0] == "PATH holds a Kubernetes that is older than 1.30 or does not start: not used"


def test_what_was_built_once_is_in_the_cache(machine: Machine) -> None:
    """The second run builds nothing and takes the cache's."""
    machine.install_go()
    first = ensure_binaries(OFFLINE)
    assert machine.go_calls("build") == 2
    second = ensure_binaries(OFFLINE)
    assert machine.go_calls("build") == 2
    assert first.paths == second.paths == {name: binaries_folder() / name for name in PROGRAMS}


def test_each_program_is_decided_on_its_own(machine: Machine) -> None:
    """With kwok on PATH only the control plane is built."""
    for name in ("kwok", "kwokctl"):
        machine.install(name)
    machine.install_go()
    found = ensure_binaries(OFFLINE)
    assert machine.go_calls("build") == 1
    assert found.origins["kwok"] == "PATH"
    assert found.origins["Kubernetes"] == f"built with {machine.path / 'go'}"


def test_official_releases_are_downloaded_before_anything_is_built(machine: Machine, releases: Releases) -> None:
    """With a mirror that answers, only etcd, which it lacks here, is left to Go."""
    publish_all(releases)
    machine.install_go()
    found = ensure_binaries(Sources(downloads=releases.mirror, patience=QUICK))
    assert {title for title, origin in found.origins.items() if origin == "official releases"} == {
        "Kubernetes",
        "kubectl",
        "kwok",
    }
    assert found.origins["etcd"].startswith("built with")
    assert found["kube-apiserver"].read_text() == "#!/bin/sh\necho Kubernetes v1.36.3\n"
    assert os.access(found["kube-apiserver"], os.X_OK)


def test_a_wrong_checksum_falls_through_to_the_build(machine: Machine, releases: Releases) -> None:
    """A file that is not what its publisher says never gets its name; Go builds it instead."""
    publish_all(releases)
    releases.publish("/release/v1.36.3/bin/linux/amd64/kube-scheduler", b"evil", digest="0" * 64)
    machine.install_go()
    found = ensure_binaries(Sources(downloads=releases.mirror, patience=QUICK))
    assert found["kube-scheduler"].read_text() == "#!/bin/sh\necho Kubernetes v1.36.3\n"
    assert "publisher says 0000" in (machine.cache / "sandbox-programs.log").read_text()


def test_no_network_is_noticed_once_for_each_server(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that cannot be reached cost one short wait each, then Go builds."""
    asked: list[str] = []

    def unreachable(address: str, _patience: Patience) -> bool:
        asked.append(address.split("/")[2])
        return False

    monkeypatch.setattr(download, "reachable", unreachable)
    machine.install_go()
    ensure_binaries(Sources())
    assert sorted(asked) == ["api.github.com", "dl.k8s.io"]


def test_nothing_anywhere_is_one_error_that_says_what_was_tried(machine: Machine, releases: Releases) -> None:
    """No programs, no network, no Go: the error names each way and the hint says what to do."""
    address = releases.address.replace("127.0.0.1", "127.0.0.2")
    nowhere = Mirror(kubernetes=f"{address.rsplit(':', 1)[0]}:9/release", github=f"{address.rsplit(':', 1)[0]}:9/repos")
    with pytest.raises(PrismError) as caught:
        ensure_binaries(Sources(downloads=nowhere, patience=QUICK))
    assert caught.value.message == (
        "no etcd and Kubernetes and kubectl and kwok for the sandbox: not in a given folder, on PATH or in the cache; "
        "download of etcd: 127.0.0.2:9 cannot be reached; "
        "download of Kubernetes: 127.0.0.2:9 cannot be reached; "
        "download of kubectl: 127.0.0.2:9 cannot be reached; "
        "download of kwok: 127.0.0.2:9 cannot be reached; "
        "build from source: Go is not installed"
    )
    assert "install Go 1.21 or newer" in (caught.value.hint or "")
    assert "--binaries-dir" in (caught.value.hint or "")


def test_macos_is_told_that_there_are_no_servers_to_download(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody publishes Kubernetes servers for macOS: kubectl and kwok may be downloaded, the rest needs Go."""
    assert [len(files_of(family, "darwin", "arm64", Mirror())) for family in FAMILIES] == [0, 0, 1, 2]
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(PrismError) as caught:
        ensure_binaries(OFFLINE)
    assert "no official Kubernetes servers" in (caught.value.hint or "")


def test_what_a_kill_left_behind_is_cleared_away(machine: Machine) -> None:
    """Half a download and half a build of a run that was killed are gone after the next one."""
    binaries_folder().mkdir(parents=True)
    leftovers = [binaries_folder() / ".kube-apiserver.part", binaries_folder() / ".controlplane.tmp"]
    for leftover in leftovers:
        leftover.write_text("half")
    machine.install_go()
    ensure_binaries(OFFLINE)
    assert not any(leftover.exists() for leftover in leftovers)


def test_a_full_disk_is_said_so(machine: Machine, releases: Releases, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that fills the disk ends with an error that says so, and leaves nothing half there."""
    publish_all(releases)

    def full(_temporary: Path, _final: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(download, "settle", full)
    with pytest.raises(PrismError, match="No space left on device") as caught:
        ensure_binaries(Sources(downloads=releases.mirror, patience=QUICK))
    assert "free some space and run this again" in (caught.value.hint or "")
    assert list(binaries_folder().iterdir()) == []
    assert CLIENT.names == ("kubectl",)
