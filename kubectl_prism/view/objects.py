"""The objects that one view is made of: a frozen set of tuples, filled from a store or from a few lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest

SIMULATED_LABEL = "prism.io/simulated"
"""Marks the nodes of a sandbox, on which nothing runs."""

KINDS = {
    "stacks": "PrismStack",
    "patterns": "PrismPattern",
    "backends": "PrismBackend",
    "namespaces": "PrismNamespace",
    "deployments": "Deployment",
    "pods": "Pod",
    "nodes": "Node",
}
"""The kinds of which a view is made, by the field of Objects that holds them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """Everything that was seen, by kind; `nodes` may be empty where we may not read them."""

    stacks: tuple[Manifest, ...] = ()
    patterns: tuple[Manifest, ...] = ()
    backends: tuple[Manifest, ...] = ()
    namespaces: tuple[Manifest, ...] = ()
    deployments: tuple[Manifest, ...] = ()
    pods: tuple[Manifest, ...] = ()
    nodes: tuple[Manifest, ...] = ()

    @property
    def simulated_nodes(self) -> frozenset[str]:
        """The names of the nodes that are simulated."""
        return frozenset(meta.key(node).name for node in self.nodes if SIMULATED_LABEL in meta.labels(node))


def observed(listed: Callable[[str], Iterable[Manifest]]) -> Objects:
    """Return what `listed` (a store's `list`, say) holds of every kind that a view reads."""
    return Objects(**{field.name: tuple(listed(KINDS[field.name])) for field in fields(Objects)})
