"""A cluster of its own whose API server and etcd may be killed, frozen and started again, or set up otherwise.

The shared cluster is never touched by these; whatever is started here is ended here, by its pid.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from kubectl_prism.model.meta import Manifest
from kubectl_prism.sandbox import binaries, processes
from kubectl_prism.sandbox import cluster as sandbox
from kubectl_prism.sandbox.configuration import configuration
from kubectl_prism.sandbox.ports import Ports
from tests.cluster import Cluster
from tests.faults.etcd import Etcd, Valve, address
from tests.reconcile.kinds.world import eventually

API = "kube-apiserver"
ETCD = "etcd"


@dataclass
class Server:
    """One program of the cluster, with the command that starts it."""

    folder: Path
    program: str
    command: list[str] = field(default_factory=list)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def pid(self) -> int | None:
        """Its process, None where it does not run."""
        return processes.running(self.folder).get(self.program)

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it and wait until it is gone."""
        if (pid := self.pid) is None:
            return
        self.command = _command(pid)
        os.kill(pid, number)
        for process in self.started:
            if process.pid == pid:
                process.wait(30)
        eventually(lambda: self.pid is None)

    def start(self) -> None:
        """Start it as it was started before, and do not wait."""
        with (self.folder / "logs" / f"{self.program}.log").open("ab") as log:
            self.started.append(
                subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
            )

    def freeze(self) -> None:
        """Stop it where it stands; connections stay open and nobody answers."""
        assert self.pid is not None
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        if (pid := self.pid) is not None:
            os.kill(pid, signal.SIGCONT)

    def reap(self) -> None:
        """Wait for what was started here, once the cluster has ended it."""
        for process in self.started:
            process.wait(30)


def _command(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode().rstrip("\0").split("\0")


@dataclass
class Servers:
    """The cluster with its two servers."""

    cluster: Cluster
    certificates: Path
    api: Server
    etcd: Server

    @property
    def store(self) -> Etcd:
        """The etcd, to be written to past the API server."""
        return Etcd(address(self.etcd.folder))

    def is_ready(self, server: str = "") -> bool:
        """Tell whether the API server, or another one at the URL `server`, says that it is."""
        command = [str(self.cluster.kubectl), f"--kubeconfig={self.cluster.kubeconfig}", "get", "--raw", "/readyz"]
        command += ["--request-timeout=2s", *([f"--server={server}"] if server else [])]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def mend(self) -> None:
        """Thaw and start whatever does not run, and wait until the API server is ready."""
        for server in (self.etcd, self.api):
            server.thaw()
            if server.pid is None:
                server.start()
        self.returns()

    def returns(self) -> None:
        """Wait until the API server is ready."""
        eventually(self.is_ready, within=60)

    @contextmanager
    def another(self) -> Iterator[tuple[str, Valve]]:
        """Start a second API server of the same etcd; yield its URL and the valve through which it reaches etcd."""
        assert self.api.pid is not None
        port = _free_port()
        with Valve(self.store.address) as valve:
            other = {"--secure-port": str(port), "--etcd-servers": valve.address}
            flags = [word.partition("=") for word in _command(self.api.pid)]
            command = [f"{name}{equals}{other.get(name, value)}" for name, equals, value in flags]
            with (self.api.folder / "logs" / "another.log").open("ab") as log:
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                server = f"https://127.0.0.1:{port}"
                eventually(lambda: self.is_ready(server), within=60)
                yield server, valve
            finally:
                process.kill()
                process.wait(30)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def _set_up(flags: Mapping[str, str]) -> Any:  # noqa: ANN401 - a patch
    """Return a patch by which a sandbox's API server is started with these flags, too."""

    def configured(paths: Mapping[str, Path], ports: Ports) -> Manifest:
        found = configuration(paths, ports)
        more = {"name": API, "extraArgs": [{"key": key, "value": value} for key, value in flags.items()]}
        return {**found, "componentsPatches": [*found["componentsPatches"], more]}

    return mock.patch.object(sandbox, "configuration", configured)


@contextmanager
def servers(home: Path, flags: Mapping[str, str] | None = None) -> Iterator[Servers]:
    """Start a cluster below `home`, and remove it with everything in it in the end.

    `flags` are the API server's, without their dashes, in place of the sandbox's own.
    """
    programs = binaries.ensure_binaries(report=lambda line: None)
    name = f"prism-faults-{os.getpid()}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(home))
        with _set_up(flags) if flags else nullcontext():
            made = sandbox.up(programs, name=name)
        found = Servers(
            Cluster(name, made.kubeconfig, made.context, made.server, programs["kubectl"]),
            made.folder / "pki",
            Server(made.folder, API),
            Server(made.folder, ETCD),
        )
        try:
            yield found
        finally:
            for server in (found.etcd, found.api):
                server.thaw()
            sandbox.down(name)
            for server in (found.etcd, found.api):
                server.reap()
