"""Pods that would fit but for a taint: who keeps them off, and the toleration that would let them in."""

from __future__ import annotations

import shlex

from kubectl_prism.model.change import Change
from kubectl_prism.model.finding import Link
from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.view import lenient
from kubectl_prism.view import scheduling as words
from kubectl_prism.view.findings.case import Case, quoted
from kubectl_prism.view.findings.nodes import Taint, is_owned
from kubectl_prism.view.findings.scene import condition
from kubectl_prism.view.findings.sick import Sick


def tainted(sick: Sick, taints: list[Taint], nodes: list[str]) -> Case:
    """Return the case of pods whose nodes all carry taints that they do not tolerate."""
    said = ", ".join(str(taint) for taint in taints)
    found = condition(sick.pod.obj, "PodScheduled")
    message = found.message if found else ""
    change = _tolerating(sick, taints)
    away = f"kubectl taint node {shlex.quote(nodes[0])} {shlex.quote(f'{taints[0]}-')}"
    return sick.case(
        "PRISM302",
        f"The nodes that fit carry the taint {said}",
        f"no node fits: {words.sentence(message)}",
        Link(Ref("Node", "", nodes[0]), f"carries the taint {said}, which the pods do not tolerate"),
        key=(said,),
        command=change.command if change else sick.spot.edit,
        evidence=(quoted(f"condition PodScheduled of {sick.pod.ref}", message),),
        change=change,
        otherwise=f"take the taint away: {away}",
    )


def _tolerating(sick: Sick, taints: list[Taint]) -> Change | None:
    """Return the Change that lets the pods put up with one taint that somebody set; what a kubelet set is no place."""
    if len(taints) != 1 or is_owned(taints[0].key):
        return None
    taint = taints[0]
    match = {"operator": "Equal", "value": taint.value} if taint.value else {"operator": "Exists"}
    held = [*lenient.mappings(sick.spec.get("tolerations"))]
    wanted: Manifest = {"key": taint.key, **match, "effect": taint.effect}
    return sick.spot.change({"placement": {"tolerations": [*held, wanted]}}, f"tolerate the taint {taint}")
