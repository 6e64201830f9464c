"""Where pods run, read from the pods and from the labels of their nodes."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.reconcile.kinds.world import World, eventually

ZONE = "topology.kubernetes.io/zone"
REGION = "topology.kubernetes.io/region"
HOST = "kubernetes.io/hostname"


class Places:
    """The nodes of the cluster by name, with their labels."""

    def __init__(self, world: World) -> None:
        found = world.client.resources.get(api_version="v1", kind="Node").get().to_dict()["items"]
        self.labels: dict[str, dict[str, str]] = {
            node["metadata"]["name"]: node["metadata"]["labels"] for node in found
        }

    def of(self, world: World, selector: str, pods: int) -> list[dict[str, str]]:
        """Return the labels of the node of each of so many pods, once all of them have one."""

        def bound() -> list[str]:
            found = [pod for pod in world.all("Pod", selector) if not pod["metadata"].get("deletionTimestamp")]
            nodes = [str(pod["spec"]["nodeName"]) for pod in found if pod["spec"].get("nodeName")]
            assert (len(found), len(nodes)) == (pods, pods), f"{selector}: {len(nodes)} of {len(found)} have a node"
            return nodes

        return [self.labels[node] for node in eventually(bound)]


def count(nodes: list[dict[str, str]], label: str) -> Counter[Any]:
    """Count pods by a label of their nodes."""
    return Counter(node.get(label) for node in nodes)
