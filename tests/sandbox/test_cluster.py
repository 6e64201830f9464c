"""The sandbox is a real Kubernetes, started once, found again, restarted with its data, and gone without a trace."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubectl_prism.errors import PrismError
from kubectl_prism.sandbox import cluster, processes
from kubectl_prism.sandbox.binaries import ensure_binaries
from kubectl_prism.sandbox.ports import becomes_free
from kubectl_prism.sandbox.programs import KUBERNETES, Binaries

NAME = "prism-room"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home whose sandboxes and kubeconfig are this module's."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder / "data"))
        patch.setenv("KUBECONFIG", str(folder / "config"))
        yield folder
        cluster.down(NAME)


@pytest.fixture(scope="module")
def binaries() -> Binaries:
    """The real programs."""
    return ensure_binaries()


@pytest.fixture
def sandbox(home: Path, binaries: Binaries) -> cluster.Sandbox:
    """The running sandbox of this module."""
    assert home.exists()
    return cluster.up(binaries, name=NAME)


def kubectl(sandbox: cluster.Sandbox, binaries: Binaries, *arguments: str) -> str:
    """Ask the API server through kubectl, which knows nothing of our code."""
    command = [str(binaries["kubectl"]), f"--kubeconfig={sandbox.kubeconfig}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def pids(sandbox: cluster.Sandbox) -> dict[str, int | None]:
    """The pid of every server."""
    return {component.name: component.pid for component in sandbox.components}


def end(*killed: int | None) -> None:
    """Kill servers the way a power cut does, and wait until they are gone."""
    for pid in killed:
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(pid in processes.running(cluster.status(NAME).folder).values() for pid in killed):
        assert time.monotonic() < deadline


def test_up_gives_a_real_kubernetes(sandbox: cluster.Sandbox, binaries: Binaries) -> None:
    """Five servers run, all simulated nodes are ready, and the context is ours."""
    assert sandbox.state == "running"
    assert sandbox.context == f"kwok-{NAME}"
    assert None not in pids(sandbox).values()
    assert sandbox.nodes == 130
    assert kubectl(sandbox, binaries, "config", "current-context").strip() == sandbox.context
    assert json.loads(kubectl(sandbox, binaries, "get", "--raw=/version"))["gitVersion"] == sandbox.version
    ready = 'jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}'
    assert kubectl(sandbox, binaries, "get", "nodes", "-o", ready).split() == ["True"] * 130


def test_what_we_build_says_its_version(sandbox: cluster.Sandbox, binaries: Binaries) -> None:
    """A server from our cache is of the version that the sandbox promises."""
    if "PATH" not in binaries.origins["Kubernetes"] and "folder" not in binaries.origins["Kubernetes"]:
        assert sandbox.version == KUBERNETES


def test_pods_become_ready_and_go(sandbox: cluster.Sandbox, binaries: Binaries) -> None:
    """A Deployment becomes Available away from tainted machines and can be deleted with its pods."""
    kubectl(sandbox, binaries, "create", "deployment", "web", "--image=web", "--replicas=20")
    kubectl(sandbox, binaries, "wait", "--for=condition=Available", "deployment/web", "--timeout=60s")
    names = kubectl(sandbox, binaries, "get", "pods", "-o", "jsonpath={.items[*].spec.nodeName}").split()
    addresses = kubectl(sandbox, binaries, "get", "pods", "-o", "jsonpath={.items[*].status.podIP}").split()
    assert [name for name in names if name.startswith(("data-plane-", "dedicated-", "spot-"))] == []
    assert len(set(addresses)) == 20
    kubectl(sandbox, binaries, "delete", "deployment", "web", "--cascade=foreground", "--wait", "--timeout=60s")
    assert kubectl(sandbox, binaries, "get", "pods", "-o", "name") == ""


def test_access_is_controlled(sandbox: cluster.Sandbox, binaries: Binaries) -> None:
    """RBAC decides: a service account without a role may not read Secrets."""
    subject = "--as=system:serviceaccount:default:default"
    command = [
        str(binaries["kubectl"]),
        f"--kubeconfig={sandbox.kubeconfig}",
        "auth",
        "can-i",
        "get",
        "secrets",
        subject,
    ]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stdout == "no\n"


def test_services_have_room(sandbox: cluster.Sandbox, binaries: Binaries) -> None:
    """The Service network is a /12, not kwokctl's 254 addresses."""
    cidrs = kubectl(sandbox, binaries, "get", "servicecidr", "-o", "jsonpath={.items[*].spec.cidrs[*]}")
    assert cidrs == "10.96.0.0/12"


def test_servers_listen_on_the_loopback_only(sandbox: cluster.Sandbox) -> None:
    """Nobody on the network can reach the sandbox's etcd, which asks for no password."""
    servers = {name: pid for name, pid in pids(sandbox).items() if name != "answers"}
    commands = [Path(f"/proc/{pid}/cmdline").read_text() for pid in servers.values()]
    assert all("127.0.0.1" in command for command in commands)
    assert [command for command in commands if "=0.0.0.0" in command or "//0.0.0.0" in command] == []


def test_a_second_up_changes_nothing(sandbox: cluster.Sandbox, binaries: Binaries) -> None:
    """On a running sandbox `up` is done at once, with the same servers, and says nothing."""
    said: list[str] = []
    assert pids(cluster.up(binaries, name=NAME, report=said.append)) == pids(sandbox)
    assert said == []


def test_a_dead_server_is_started_again_alone(sandbox: cluster.Sandbox, binaries: Binaries) -> None:
    """With kwok killed, `up` starts kwok, and leaves the others running."""
    before = pids(sandbox)
    end(before["kwok-controller"])
    assert cluster.status(NAME).state == "stopped"
    after = pids(cluster.up(binaries, name=NAME))
    assert after["kwok-controller"] not in (None, before["kwok-controller"])
    assert {**after, "kwok-controller": 0} == {**before, "kwok-controller": 0}


def test_a_stopped_sandbox_comes_back_with_its_data(sandbox: cluster.Sandbox, binaries: Binaries) -> None:
    """After all servers died, as when the machine was switched off, `up` brings back what was in it, and it works."""
    kubectl(sandbox, binaries, "create", "deployment", "kept", "--image=kept", "--replicas=3")
    end(*pids(sandbox).values())
    # A pid that was noted before belongs to somebody else now: to this very process.
    (sandbox.folder / "pids" / "etcd.pid").write_text(str(os.getpid()))
    stopped = cluster.status(NAME)
    assert (stopped.state, stopped.version, stopped.nodes) == ("stopped", None, None)
    again = cluster.up(binaries, name=NAME)
    assert (again.state, again.server) == ("running", sandbox.server)
    kubectl(again, binaries, "wait", "--for=condition=Available", "deployment/kept", "--timeout=60s")
    kubectl(again, binaries, "scale", "deployment/kept", "--replicas=5")
    kubectl(again, binaries, "rollout", "status", "deployment/kept", "--timeout=60s")


def test_a_port_that_was_taken_meanwhile_is_named(sandbox: cluster.Sandbox, binaries: Binaries) -> None:
    """A stopped sandbox whose port somebody took is not started; the error names the port."""
    end(*pids(sandbox).values())
    port = int(sandbox.server.rsplit(":", 1)[1])
    assert becomes_free(port, within=10)
    with socket.create_server(("127.0.0.1", port)), pytest.raises(PrismError, match=f"port {port}, which the sandbox"):
        cluster.up(binaries, name=NAME)


def test_a_port_in_use_is_one_clear_error(home: Path, binaries: Binaries) -> None:
    """A port that was asked for and is taken is named, and nothing is left behind."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PrismError, match=f"^port {port} is in use$"):
            cluster.up(binaries, name="prism-port", port=port)
    assert not (home / "data/kubectl-prism/sandbox/clusters/prism-port").exists()


def test_use_makes_it_current_and_down_takes_it_back(home: Path, sandbox: cluster.Sandbox, binaries: Binaries) -> None:
    """The person's kubeconfig is touched only with `use`; `down` takes the context out and removes everything."""
    theirs = home / "config"
    assert not theirs.exists()
    assert cluster.up(binaries, name=NAME, use=True).state == "running"
    command = [str(binaries["kubectl"]), "config", "current-context"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == f"kwok-{NAME}"
    assert cluster.down(NAME)
    assert processes.running(sandbox.folder) == {}
    assert [path.name for path in (home / "data/kubectl-prism/sandbox").rglob("*") if NAME in path.name] == [
        f".{NAME}.lock"
    ]
    assert NAME not in theirs.read_text()
    assert not cluster.down(NAME)
    assert cluster.status(NAME).state == "absent"
