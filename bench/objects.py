"""What the workloads are made of: patterns, the children that we would make of them, and bare pods."""

from __future__ import annotations

from collections.abc import Iterator

from bench.arena import NAMESPACE
from kubectl_prism.model import documents
from kubectl_prism.model.meta import FIELD_MANAGER, Manifest
from kubectl_prism.model.pattern import Pattern
from kubectl_prism.render import pattern as render
from kubectl_prism.sandbox.nodes import nodes

IMAGE = "ghcr.io/prism/keyvalue-runner:v1"
FLOOR_KINDS = ("Deployment", "Service")


def pattern(name: str) -> Manifest:
    """Return one PrismPattern: a runner with a Service and a setting."""
    return {
        "apiVersion": "prism.io/v1alpha1",
        "kind": "PrismPattern",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "pattern": "keyvalue",
            "backend": "memstore",
            "image": IMAGE,
            "replicas": 1,
            "config": {"ttl": "1h"},
            "service": {"port": 8080},
        },
    }


def names(count: int) -> list[str]:
    """Return the names of so many patterns."""
    return [f"p-{number:05}" for number in range(count)]


def children(name: str) -> Iterator[Manifest]:
    """Yield the Deployment and the Service that we would make of a pattern, for the floor."""
    for child in render.objects(documents.load_as(Pattern, pattern(name))):
        if child["kind"] in FLOOR_KINDS:
            yield child


def pods(count: int) -> Iterator[Manifest]:
    """Yield bare pods under our label, spread over the simulated nodes."""
    machines = [node["metadata"]["name"] for node in nodes()]
    for number in range(count):
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"bare-{number:05}",
                "namespace": NAMESPACE,
                "labels": {"app.kubernetes.io/managed-by": FIELD_MANAGER, "app.kubernetes.io/name": "bare"},
            },
            "spec": {
                "nodeName": machines[number % len(machines)],
                "tolerations": [{"operator": "Exists"}],
                "terminationGracePeriodSeconds": 0,
                "automountServiceAccountToken": False,
                "containers": [{"name": "main", "image": IMAGE}],
            },
        }
