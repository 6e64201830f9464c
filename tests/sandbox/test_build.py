"""A build is whole or not there, says how far it is, and stops when it is told to."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kubectl_prism.errors import PrismError
from kubectl_prism.sandbox import build
from kubectl_prism.sandbox.binaries import Sources, binaries_folder, ensure_binaries
from kubectl_prism.sandbox.build import GO_SOURCES, BuildFailed, Fetching, Progress
from kubectl_prism.sandbox.programs import CONTROL_PLANE, ETCD, KUBERNETES, KWOK, KWOK_SOURCE
from tests.sandbox.machine import Machine

OFFLINE = Sources(downloads=None)


def run(machine: Machine, go: Path, said: list[str] | None = None) -> Path:
    """Build the control plane with a pretended Go."""
    folder = machine.home / "built"
    folder.mkdir(exist_ok=True)
    build.build(
        CONTROL_PLANE, folder, go=go, report=(said if said is not None else []).append, log=machine.home / "the.log"
    )
    return folder


def test_one_file_answers_to_all_names(machine: Machine) -> None:
    """Five programs are one file and its links."""
    folder = run(machine, machine.install_go())
    real = [path.name for path in folder.iterdir() if not path.is_symlink()]
    assert real == ["controlplane"]
    assert sorted(path.name for path in folder.iterdir()) == ["controlplane", *sorted(CONTROL_PLANE.names)]
    assert subprocess.run([folder / "etcd"], capture_output=True, check=True).stdout == b"Kubernetes v1.36.3\n"


def test_go_is_told_to_build_what_can_be_moved_and_says_its_version(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No C, no paths, for this machine and no other, and the version that a server must say of itself."""
    monkeypatch.setenv("GOOS", "plan9")
    monkeypatch.setenv("GOFLAGS", "-mod=vendor")
    run(machine, machine.install_go(building='echo "$CGO_ENABLED|$GOFLAGS|$GOWORK|$GOOS" > "$HOME/env"'))
    call = next(line for line in (machine.home / "go-calls").read_text().splitlines() if line.startswith("build"))
    assert "-trimpath -buildvcs=false" in call
    assert "-X k8s.io/component-base/version.gitVersion=v1.36.3" in call
    assert "-X k8s.io/component-base/version.gitMinor=36" in call
    assert (machine.home / "env").read_text() == "0|-mod=readonly|off|\n"


def test_an_older_go_may_fetch_a_newer_one(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Go below the one that Kubernetes asks for may get that one; a new enough Go keeps the person's choice."""
    monkeypatch.setenv("GOTOOLCHAIN", "local")
    assert build.environment(machine.install_go(version="go1.22.1"))["GOTOOLCHAIN"] == "auto"
    assert build.environment(machine.install_go(version="go1.26.0"))["GOTOOLCHAIN"] == "local"


def test_a_go_that_is_too_old_is_said(machine: Machine) -> None:
    """Before Go 1.21 no Go fetches another."""
    with pytest.raises(BuildFailed, match=r"is go1\.19\.2; Go 1\.21 or newer is needed"):
        run(machine, machine.install_go(version="go1.19.2"))


def test_a_failed_build_says_why_and_leaves_nothing(machine: Machine) -> None:
    """Go's last words are in the error, and no half program is left."""
    go = machine.install_go(building='echo "main.go:3: oh no" >&2; exit 1')
    with pytest.raises(BuildFailed, match=r"cannot build the Kubernetes v1\.36\.3 control plane: main\.go:3: oh no"):
        run(machine, go)
    assert list((machine.home / "built").iterdir()) == []


def test_modules_that_cannot_be_fetched_are_the_reason(machine: Machine) -> None:
    """With no network for Go's modules, the error is Go's own word about it."""
    go = machine.install_go(listing='echo "go: k8s.io/api@v0.36.3: dial tcp: lookup proxy: no such host" >&2; exit 1')
    with pytest.raises(BuildFailed, match="no such host"):
        run(machine, go)


def test_a_full_disk_is_said_and_the_next_run_recovers(machine: Machine) -> None:
    """Out of space is its own error with what to free; with space again, the same call builds."""
    go = machine.install_go(building='echo "write /x: no space left on device" >&2; exit 1')
    with pytest.raises(PrismError, match="the disk is full") as caught:
        run(machine, go)
    assert "go env GOCACHE" in (caught.value.hint or "")
    assert (run(machine, machine.install_go()) / "kube-apiserver").exists()


def test_a_kill_in_the_middle_is_recovered_from(machine: Machine) -> None:
    """A killed run leaves no program and no lock that holds; the next run builds all."""
    started = machine.home / "started"
    os.mkfifo(started)
    machine.install_go(building=f'echo go > "{started}"; sleep 60 & wait')
    victim = start_ensuring(machine)
    started.read_text()
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    assert not (binaries_folder() / "etcd").exists()
    machine.install_go()
    assert ensure_binaries(OFFLINE)["etcd"] == binaries_folder() / "etcd"


def test_an_interrupt_stops_go_and_what_go_started(machine: Machine) -> None:
    """Ctrl-C in a build ends every process of it and leaves nothing half built."""
    started = machine.home / "started"
    os.mkfifo(started)
    machine.install_go(building=f'sleep 600 & echo "$$ $!" > "{started}"; wait')
    victim = start_ensuring(machine)
    pids = [int(pid) for pid in started.read_text().split()]
    victim.send_signal(signal.SIGINT)
    assert victim.wait(20) != 0
    assert [pid for pid in pids if alive(pid)] == []
    assert [path.name for path in binaries_folder().iterdir()] == []


def test_two_runs_at_once_build_once(machine: Machine) -> None:
    """The second waits for the first, says so, and takes what the first has built."""
    gate, started = machine.home / "gate", machine.home / "started"
    os.mkfifo(gate)
    os.mkfifo(started)
    machine.install_go(
        building=f'[ -e "$HOME/once" ] || {{ touch "$HOME/once"; echo go > "{started}"; cat "{gate}"; }}'
    )
    first = start_ensuring(machine)
    started.read_text()
    waiting, found = threading.Event(), []
    second = threading.Thread(target=lambda: found.append(ensure_binaries(OFFLINE, lambda _line: waiting.set())))
    second.start()
    assert waiting.wait(20)
    gate.write_text("go on")
    assert first.wait(20) == 0
    second.join(20)
    assert found[0]["kwok"] == binaries_folder() / "kwok"
    assert machine.go_calls("build") == 2


def test_progress_counts_packages_and_the_time_left() -> None:
    """Half of the packages in a minute leave a little more than a minute, the link included."""
    progress = Progress("kwok", 100)
    for number in range(50):
        progress.hear(f"k8s.io/api/{number}")
    progress.hear("go: something else")
    assert progress.line(60) == "building kwok: 1 min 00 s so far, 50 of 100 packages, about 1 min 16 s left"
    progress.done = 100
    assert progress.line(125) == "building kwok: 2 min 05 s so far, linking"
    fetching = Fetching("kwok")
    fetching.hear("go: downloading k8s.io/api v0.36.3")
    assert fetching.line(3) == "building kwok: looking at what there is to do, 3 s so far, 1 Go modules fetched"


def test_a_build_reports_its_progress(machine: Machine) -> None:
    """The person hears what is built, what is fetched for it, and that it is being linked."""
    said: list[str] = []
    run(machine, machine.install_go(), said)
    assert said[0] == "building the Kubernetes v1.36.3 control plane: looking at what there is to do, 0 s so far"
    assert said[-1] == "building the Kubernetes v1.36.3 control plane: 0 s so far, 0 of 2 packages"


@pytest.mark.parametrize(
    ("source", "module", "version"),
    [
        (CONTROL_PLANE, "k8s.io/kubernetes", KUBERNETES),
        (CONTROL_PLANE, "go.etcd.io/etcd/server/v3", ETCD),
        (KWOK_SOURCE, "sigs.k8s.io/kwok", KWOK),
    ],
)
def test_the_go_modules_are_of_the_versions_that_are_promised(source: object, module: str, version: str) -> None:
    """What is built says the same version as what is downloaded."""
    folder = CONTROL_PLANE.folder if source is CONTROL_PLANE else KWOK_SOURCE.folder
    text = (GO_SOURCES / folder / "go.mod").read_text()
    assert re.search(rf"^\s+{re.escape(module)} {re.escape(version)}$", text, re.MULTILINE)
    assert f"{module} {version} h1:" in (GO_SOURCES / folder / "go.sum").read_text()


def test_every_staging_module_has_the_version_of_kubernetes() -> None:
    """Kubernetes names its own parts v0.0.0, so each is replaced by the part that was released with it."""
    text = (GO_SOURCES / "controlplane" / "go.mod").read_text()
    versions = set(re.findall(r"^\s+k8s\.io/\S+ => k8s\.io/\S+ (\S+)$", text, re.MULTILINE))
    assert versions == {f"v0.{KUBERNETES[3:]}"}


def start_ensuring(machine: Machine) -> subprocess.Popen[bytes]:
    """Start a run of its own that gets the programs with the machine's Go."""
    script = (
        "from pathlib import Path; from kubectl_prism.sandbox import binaries, build;"
        f"build.go_program = lambda: Path({str(machine.path / 'go')!r}); binaries._on_path = lambda name: None;"
        "binaries.ensure_binaries(binaries.Sources(downloads=None))"
    )
    return subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
