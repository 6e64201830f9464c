"""The objects that one view is made of: a frozen set of tuples, filled from a store or from a few lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest
from kubectl_prism.view import lenient

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


@dataclass(frozen=True, kw_only=True)
class Objects:
    """Everything that was seen, by kind; of the kinds in `unread`, which we may not read, nothing is known.

    Whose a child is and which pods a selector means is looked up once for all of them: there may be thousands.
    """

    stacks: tuple[Manifest, ...] = ()
    patterns: tuple[Manifest, ...] = ()
    backends: tuple[Manifest, ...] = ()
    namespaces: tuple[Manifest, ...] = ()
    deployments: tuple[Manifest, ...] = ()
    pods: tuple[Manifest, ...] = ()
    nodes: tuple[Manifest, ...] = ()
    unread: frozenset[str] = frozenset()

    def owned(self, owner: Manifest, field: str) -> list[Manifest]:
        """Return what the object `owner` controls of the kind that the field of this name holds."""
        if field not in self._children:
            self._children[field] = _by_owner(getattr(self, field))
        return self._children[field].get(meta.uid(owner), [])

    def matching(self, namespace: str, labels: Mapping[str, object]) -> list[Manifest]:
        """Return the pods of a namespace that have all of `labels`; none where there are no labels."""
        found = [
            self._pods.get((namespace, name, value), []) for name, value in labels.items() if isinstance(value, str)
        ]
        fewest = min(found, key=len, default=[])
        return [pod for pod in fewest if labels.items() <= meta.labels(pod).items()]

    @cached_property
    def _children(self) -> dict[str, Mapping[str, list[Manifest]]]:
        """The children by the uid of their owner, of every field that was asked for; pods, the many, never are."""
        return {}

    @cached_property
    def _pods(self) -> Mapping[tuple[str, str, str], list[Manifest]]:
        found: defaultdict[tuple[str, str, str], list[Manifest]] = defaultdict(list)
        for pod in self.pods:
            namespace = meta.key(pod).namespace
            for label, value in meta.labels(pod).items():
                if isinstance(value, str):
                    found[namespace, label, value].append(pod)
        return found

    @cached_property
    def simulated_nodes(self) -> frozenset[str]:
        """The names of the nodes that are simulated."""
        return frozenset(meta.key(node).name for node in self.nodes if SIMULATED_LABEL in meta.labels(node))


def _by_owner(objects: Iterable[Manifest]) -> Mapping[str, list[Manifest]]:
    found: defaultdict[str, list[Manifest]] = defaultdict(list)
    for obj in objects:
        if uid := meta.owner_uid(obj):
            found[uid].append(obj)
    return found


def named(objects: Iterable[Manifest], names: Container[str]) -> Iterator[Manifest]:
    """Yield the objects that have one of these names, in whatever namespace: of thousands, that costs one look."""
    return (obj for obj in objects if lenient.text(lenient.mapping(obj.get("metadata")).get("name")) in names)


def observed(listed: Callable[[str], Iterable[Manifest]], *, unread: Iterable[str] = ()) -> Objects:
    """Return what `listed` (a store's `list`, say) holds of every kind that a view reads, but for those we may not."""
    return Objects(**{field: tuple(listed(kind)) for field, kind in KINDS.items()}, unread=frozenset(unread))
