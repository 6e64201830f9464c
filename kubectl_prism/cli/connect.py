"""From kubectl's connection flags to a cluster: the one place where the command line meets `kube`.

Called by verbs that need a cluster, inside their functions, since `kube.client` brings aiohttp. Decides nothing itself.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from kubectl_prism.cli.options import Options

if TYPE_CHECKING:
    from kubectl_prism.kube.client import Client
    from kubectl_prism.kube.config import Cluster, Connection


def connection(options: Options) -> Connection:
    """Return the flags as `kube` takes them; loads no network library."""
    from kubectl_prism.kube.config import Connection

    names = [field.name for field in dataclasses.fields(Connection)]
    return Connection(**{name: getattr(options, name) for name in names})


def cluster(options: Options) -> Cluster:
    """Return the cluster that the flags, the kubeconfig or the pod we run in mean; NoCluster where nothing does."""
    from kubectl_prism.kube.config import load

    return load(connection(options))


def client(options: Options) -> Client:
    """Return a client, to be entered with `async with`, of the cluster that the flags mean."""
    from kubectl_prism.kube.client import Client

    return Client(cluster(options))
