"""A start that is cut short leaves nothing that the next command cannot deal with: shown with a pretended kwokctl."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubectl_prism.errors import PrismError, TimedOut, UsageError
from kubectl_prism.sandbox import cluster, processes
from kubectl_prism.sandbox.binaries import Sources, ensure_binaries
from kubectl_prism.sandbox.programs import Binaries
from tests.sandbox.machine import Machine

NAME = "halfway"
# Starts a pretended etcd out of the cluster's folder, as kwokctl does, says so, and then does what the test wants.
KWOKCTL = """#!/bin/sh
folder="$KWOK_WORKDIR/clusters/halfway"
mkdir -p "$folder/bin" "$folder/pids" "$folder/logs"
ln -s "$(command -v sleep)" "$folder/bin/etcd"
setsid "$folder/bin/etcd" 600 &
until tr '\\0' ' ' < /proc/$!/cmdline | grep -q "^$folder/bin/etcd "; do :; done
echo $! > "$folder/pids/etcd.pid"
[ -p "$HOME/started" ] && echo go > "$HOME/started"
{then}
"""


@pytest.fixture
def started(machine: Machine) -> Iterator[Path]:
    """Where the pretended kwokctl says that it has started its etcd."""
    machine.install_all()
    path = machine.home / "started"
    os.mkfifo(path)
    yield path
    cluster.down(NAME)


def folder(machine: Machine) -> Path:
    """The folder of the cluster."""
    return machine.home / ".local/share/kubectl-prism/sandbox/clusters" / NAME


def start_up(machine: Machine, *, then: str) -> subprocess.Popen[bytes]:
    """Start an `up` in a process of its own."""
    machine.install("kwokctl", KWOKCTL.format(then=then))
    script = (
        "import sys; from pathlib import Path; from kubectl_prism.sandbox import binaries, cluster;"
        "found = binaries.ensure_binaries(binaries.Sources(folder=Path(sys.argv[1]), downloads=None));"
        f"cluster.up(found, name={NAME!r})"
    )
    return subprocess.Popen([sys.executable, "-c", script, str(machine.path)], stderr=subprocess.DEVNULL)


def test_an_interrupt_while_the_cluster_is_made_leaves_nothing(machine: Machine, started: Path) -> None:
    """Ctrl-C ends kwokctl and the servers that it has started, and removes the folder."""
    victim = start_up(machine, then="wait")
    started.read_text()
    assert processes.running(folder(machine)).keys() == {"etcd"}
    victim.send_signal(signal.SIGINT)
    assert victim.wait(20) != 0
    assert processes.running(folder(machine)) == {}
    assert not folder(machine).exists()


def test_a_killed_up_is_cleared_away_by_down(machine: Machine, started: Path) -> None:
    """After a kill the half-made cluster counts as absent; `down` ends its servers and the kwokctl that lives on."""
    victim = start_up(machine, then="wait")
    started.read_text()
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    assert cluster.status(NAME).state == "absent"
    assert processes.running(folder(machine)).keys() == {"etcd"}
    assert cluster.down(NAME)
    assert processes.running(folder(machine)) == {}
    assert not folder(machine).exists()
    assert kwokctls(machine) == []


def test_a_killed_up_is_cleared_away_by_the_next_up(machine: Machine, started: Path) -> None:
    """The next `up` starts from nothing: the half-made cluster's folder and servers are gone before kwokctl runs."""
    victim = start_up(machine, then="wait")
    started.read_text()
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    machine.install("kwokctl", '#!/bin/sh\nls "$KWOK_WORKDIR/clusters/halfway" > "$HOME/found"; exit 3\n')
    with pytest.raises(PrismError, match="kwokctl could not start the sandbox"):
        cluster.up(programs(machine), name=NAME)
    assert (machine.home / "found").read_text() == ""
    assert processes.running(folder(machine)) == {}


def test_a_server_that_ends_is_named_with_its_last_words(machine: Machine) -> None:
    """An etcd that dies ends the wait at once, and its log is there to be read."""
    machine.install_all()
    then = (
        'echo "panic: no etcd today\\n\\tmain.go:3 +0x7e" > "$folder/logs/etcd.log"; kill $!; wait $!; sleep 600 & wait'
    )
    machine.install("kwokctl", KWOKCTL.format(then=then))
    with pytest.raises(PrismError, match=r"etcd of the sandbox ended: panic: no etcd today$") as caught:
        cluster.up(programs(machine), name=NAME)
    assert Path((caught.value.hint or "").removeprefix("see ")).read_text().startswith("panic: no etcd today\n")
    assert cluster.down(NAME)


def test_what_kwokctl_says_is_in_the_error(machine: Machine) -> None:
    """The reason that kwokctl gives reaches the person."""
    machine.install_all()
    machine.install("kwokctl", """#!/bin/sh\necho '{"level":"ERROR","msg":"x","err":"no room"}' >&2; exit 1\n""")
    with pytest.raises(PrismError, match="kwokctl could not start the sandbox: no room"):
        cluster.up(programs(machine), name=NAME)


def test_a_start_that_takes_too_long_is_given_up(machine: Machine) -> None:
    """After the timeout the error is TimedOut and nothing runs on."""
    machine.install_all()
    machine.install("kwokctl", KWOKCTL.format(then="wait"))
    with pytest.raises(TimedOut):
        cluster.up(programs(machine), name=NAME, timeout=0.5)
    assert processes.running(folder(machine)) == {}
    assert kwokctls(machine) == []


@pytest.mark.parametrize("name", ["", "Prism", "a/b", "..", "x" * 41, "-"])
def test_a_name_that_cannot_be_one_is_wrong_usage(name: str) -> None:
    """A name becomes a folder and a context, so only plain names are taken."""
    with pytest.raises(UsageError, match="cannot name a sandbox"):
        cluster.status(name)


def programs(machine: Machine) -> Binaries:
    """The machine's pretended programs."""
    return ensure_binaries(Sources(folder=machine.path, downloads=None))


def kwokctls(machine: Machine) -> list[str]:
    """Every kwokctl of this machine that runs."""
    listed = subprocess.run(["ps", "-axww", "-o", "args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(machine.path / "kwokctl") in line]
