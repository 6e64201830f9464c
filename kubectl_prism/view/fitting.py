"""Which nodes a pod may run on: by its selector, its required node affinity and the taints that it tolerates. Pure.

Only what a person wished is compared; room on a node is the scheduler's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest
from kubectl_prism.view import lenient

_BARS = ("NoSchedule", "NoExecute")


def is_wished(node: Manifest, spec: Manifest) -> bool:
    """Tell whether the spec of a pod asks for a node like this one; one that asks for nothing takes any."""
    labels = meta.labels(node)
    if spec.get("nodeName") and spec["nodeName"] != meta.key(node).name:
        return False
    if any(labels.get(name) != value for name, value in lenient.mapping(spec.get("nodeSelector")).items()):
        return False
    terms = required(spec)
    return not terms or any(_holds(term, labels) for term in terms)


def is_tolerated(node: Manifest, spec: Manifest) -> bool:
    """Tell whether the spec of a pod puts up with everything that keeps pods off a node."""
    body = lenient.mapping(node.get("spec"))
    taints = [taint for taint in lenient.mappings(body.get("taints")) if taint.get("effect") in _BARS]
    tolerations = lenient.mappings(spec.get("tolerations"))
    is_open = all(any(_tolerates(one, taint) for one in tolerations) for taint in taints)
    return is_open and body.get("unschedulable") is not True


def required(spec: Manifest) -> list[Manifest]:
    """Return the terms of which a node must meet one; none where any node will do."""
    affinity = lenient.mapping(lenient.mapping(spec.get("affinity")).get("nodeAffinity"))
    wanted = lenient.mapping(affinity.get("requiredDuringSchedulingIgnoredDuringExecution"))
    return lenient.mappings(wanted.get("nodeSelectorTerms"))


def _tolerates(toleration: Manifest, taint: Manifest) -> bool:
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint.get("key"))
    return toleration.get("key") == taint.get("key") and (toleration.get("value") or "") == (taint.get("value") or "")


def _holds(term: Manifest, labels: Mapping[str, object]) -> bool:
    return all(_is_met(one, labels) for one in lenient.mappings(term.get("matchExpressions")))


def _is_met(requirement: Manifest, labels: Mapping[str, object]) -> bool:
    """Tell whether labels meet a requirement; one that is not known here is taken for met."""
    name, found = requirement.get("key"), requirement.get("values")
    value = labels.get(name) if isinstance(name, str) else None
    values: Iterable[object] = found if isinstance(found, list) else ()
    match requirement.get("operator"):
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    return True
