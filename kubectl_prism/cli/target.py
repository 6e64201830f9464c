"""Which cluster `up` works on: the one that the flags mean, or a sandbox where none can be reached.

Says what it found; asks before it starts a sandbox, and only on a terminal.
"""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_prism.cli import ask, connect
from kubectl_prism.cli.options import Options
from kubectl_prism.cli.output import note
from kubectl_prism.errors import PrismError

if TYPE_CHECKING:
    from kubectl_prism.kube.config import Cluster

REACHED_WITHIN = 10.0
SANDBOX_HINT = "`kubectl prism up --sandbox` starts a local one"
LOCAL_HOSTS = ("localhost", "kubernetes.docker.internal")


@dataclass(frozen=True, slots=True)
class Target:
    """The cluster to work on; `kubeconfig` is the sandbox's own where it is one."""

    cluster: Cluster
    kubeconfig: Path | None = None

    @property
    def is_sandbox(self) -> bool:
        """Whether everything in the cluster is simulated."""
        return self.kubeconfig is not None

    @property
    def is_local(self) -> bool:
        """Whether the API server runs on this machine."""
        host = self.cluster.address.rpartition(":")[0].strip("[]")
        return self.is_sandbox or host in LOCAL_HOSTS or _is_loopback(host)


def _is_loopback(host: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def choose(options: Options, *, sandbox: bool, binaries: Path | None) -> Target:
    """Return the cluster to work on; starts the sandbox where `sandbox` says so, or a person on a terminal does."""
    if sandbox or connect.means_sandbox(options):
        return _sandbox(options, binaries)
    from kubectl_prism.kube.errors import NoCluster, Unreachable

    try:
        cluster = connect.cluster(options)
        _reach(cluster)
    except (NoCluster, Unreachable) as error:
        if options.kubeconfig or options.context or options.server or options.cluster:
            raise
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            hint = SANDBOX_HINT if isinstance(error, NoCluster) else f"{error.hint}; {SANDBOX_HINT}"
            raise PrismError(error.message, hint=hint) from None
        note(error.message)
        if not ask.confirmed("Start a local sandbox instead, with simulated nodes and pods?"):
            raise PrismError("there is no cluster to work on", hint=SANDBOX_HINT) from None
        return _sandbox(options, binaries)
    return Target(cluster)


def _reach(cluster: Cluster) -> None:
    from kubectl_prism.cli.loop import run
    from kubectl_prism.kube.client import Client

    async def ask_version() -> None:
        quick = min(cluster.request_timeout or REACHED_WITHIN, REACHED_WITHIN)
        async with Client(dataclasses.replace(cluster, request_timeout=quick)) as client:
            await client.version()

    run(ask_version())


def _sandbox(options: Options, binaries: Path | None) -> Target:
    from kubectl_prism.kube.config import Connection, load
    from kubectl_prism.sandbox import cluster
    from kubectl_prism.sandbox.binaries import Sources, ensure_binaries

    found = ensure_binaries(Sources(folder=binaries), note)
    started = cluster.up(found, report=note)
    connection = Connection(
        kubeconfig=str(started.kubeconfig), namespace=options.namespace, request_timeout=options.request_timeout
    )
    return Target(load(connection), started.kubeconfig)
