"""What of a node decides whether it takes a pod: its labels, its taints, and whether it works at all."""

from __future__ import annotations

from typing import NamedTuple

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest
from kubectl_prism.view import lenient

_STATES = ("node.kubernetes.io/unschedulable", "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
"""Taints that only repeat that a node is cordoned or not ready."""

OWNED_DOMAINS = ("kubernetes.io", "k8s.io")
"""Labels of these domains say what a node is and where; to invent one would be a lie that others act on."""


class Taint(NamedTuple):
    """What keeps pods off a node that do not tolerate it."""

    key: str
    value: str
    effect: str

    def __str__(self) -> str:
        return f"{self.key}{'=' if self.value else ''}{self.value}:{self.effect}"


class Node(NamedTuple):
    """A node as the scheduler looks at it."""

    name: str
    obj: Manifest
    labels: dict[str, str]
    taints: tuple[Taint, ...]
    is_cordoned: bool
    is_ready: bool

    def has(self, selector: dict[str, str]) -> bool:
        """Tell whether the node has all of these labels."""
        return selector.items() <= self.labels.items()

    def untolerated(self, tolerations: list[Manifest]) -> list[Taint]:
        """Return the taints that keep a pod with these tolerations off."""
        return [taint for taint in self.taints if not any(_tolerates(one, taint) for one in tolerations)]


def node(obj: Manifest) -> Node:
    """Read a node; one that does not say whether it is ready counts as ready."""
    spec, status = lenient.mapping(obj.get("spec")), lenient.mapping(obj.get("status"))
    states = {str(one.get("type")): one.get("status") for one in lenient.mappings(status.get("conditions"))}
    taints = [_taint(one) for one in lenient.mappings(spec.get("taints"))]
    return Node(
        lenient.text(lenient.mapping(obj.get("metadata")).get("name")),
        obj,
        texts(meta.labels(obj)),
        tuple(one for one in taints if one.effect in ("NoSchedule", "NoExecute") and one.key not in _STATES),
        is_cordoned=spec.get("unschedulable") is True,
        is_ready=states.get("Ready", "True") == "True",
    )


def texts(found: object) -> dict[str, str]:
    """Return those entries of a mapping that are text, in the order of their names."""
    held = lenient.mapping(found)
    return {key: held[key] for key in sorted(key for key in held if isinstance(key, str)) if isinstance(held[key], str)}


def is_owned(label: str) -> bool:
    """Tell whether a label is Kubernetes' own, or a cloud's."""
    domain = label.rpartition("/")[0]
    return any(domain == owned or domain.endswith(f".{owned}") for owned in OWNED_DOMAINS)


def _taint(one: Manifest) -> Taint:
    return Taint(*(lenient.text(one.get(field)) for field in ("key", "value", "effect")))


def _tolerates(toleration: Manifest, taint: Taint) -> bool:
    if toleration.get("effect") not in (None, "", taint.effect):
        return False
    exists = toleration.get("operator") == "Exists"
    if not toleration.get("key"):
        return exists
    return toleration.get("key") == taint.key and (exists or (toleration.get("value") or "") == taint.value)
