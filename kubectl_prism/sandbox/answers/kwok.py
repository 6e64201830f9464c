"""How KWOK is told what a simulated pod answers: objects of its own, named as the pod, that the pod owns. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.resource import resource

MANAGER = "kubectl-prism-sandbox"


def port_forward(pod: Manifest, ports: Mapping[int, int]) -> Manifest:
    """Have ports of a pod answered by ports of this machine."""
    forwards = [{"ports": [port], "target": {"port": here, "address": "127.0.0.1"}} for port, here in ports.items()]
    return _of(pod, "PortForward", {"forwards": forwards})


def logs(pod: Manifest, file: Path) -> Manifest:
    """Have what stands in a file be the log of every container of a pod."""
    return _of(pod, "Logs", {"logs": [{"logsFile": str(file), "follow": True}]})


def _of(pod: Manifest, kind: str, spec: Manifest) -> Manifest:
    key = meta.key(pod)
    owner = {"apiVersion": "v1", "kind": "Pod", "name": key.name, "uid": meta.uid(pod)}
    return {
        "apiVersion": resource(kind).api_version,
        "kind": kind,
        "metadata": {"name": key.name, "namespace": key.namespace, "ownerReferences": [owner]},
        "spec": spec,
    }
