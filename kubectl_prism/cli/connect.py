"""From kubectl's connection flags to a cluster: the one place where the command line meets `kube`.

Called by verbs that need a cluster, inside their functions, since `kube.client` brings aiohttp. Decides nothing itself.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from kubectl_prism.cli.options import Options
from kubectl_prism.cli.output import note

if TYPE_CHECKING:
    from kubectl_prism.kube.client import Client
    from kubectl_prism.kube.config import Cluster, Connection


def connection(options: Options) -> Connection:
    """Return the flags as `kube` takes them; loads no network library."""
    from kubectl_prism.kube.config import Connection

    names = [field.name for field in dataclasses.fields(Connection)]
    return Connection(**{name: getattr(options, name) for name in names})


def cluster(options: Options) -> Cluster:
    """Return the cluster that the flags, the kubeconfig or the pod we run in mean.

    The sandbox stands in where nothing is configured or its context is named; NoCluster where there is none either.
    """
    from kubectl_prism.kube.config import load
    from kubectl_prism.kube.errors import NoCluster

    if (sandbox := _named_sandbox(options)) is not None:
        return load(sandbox)
    try:
        return load(connection(options))
    except NoCluster:
        if (sandbox := _sandbox(options)) is None:
            raise
        note("No cluster is configured: using the sandbox.")
        return load(sandbox)


def means_sandbox(options: Options) -> bool:
    """Tell whether `cluster` would stand the sandbox in, running or stopped."""
    from kubectl_prism.kube.config import load
    from kubectl_prism.kube.errors import NoCluster

    if _named_sandbox(options) is not None:
        return True
    try:
        load(connection(options))
    except NoCluster:
        return _sandbox(options) is not None
    return False


def _named_sandbox(options: Options) -> Connection | None:
    """Return the sandbox where its context is named and the person's own kubeconfig does not have it."""
    if options.kubeconfig or not (options.context or "").startswith("kwok-"):
        return None
    from kubectl_prism.kube.config import contexts

    sandbox = _sandbox(options)
    is_other = sandbox is None or options.context in contexts(connection(options))
    return None if is_other or sandbox is None or options.context not in contexts(sandbox) else sandbox


def _sandbox(options: Options) -> Connection | None:
    """Return how to reach the sandbox of this machine, where there is one."""
    from kubectl_prism.sandbox.cluster import NAME
    from kubectl_prism.sandbox.place import place

    kubeconfig = place(NAME).kubeconfig
    if not kubeconfig.exists():
        return None
    return dataclasses.replace(connection(options), kubeconfig=str(kubeconfig), context=None)


def client(options: Options) -> Client:
    """Return a client, to be entered with `async with`, of the cluster that the flags mean."""
    from kubectl_prism.kube.client import Client

    return Client(cluster(options))
