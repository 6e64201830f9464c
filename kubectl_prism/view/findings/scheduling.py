"""Pods that no node takes: which rule keeps them off, judged by the nodes themselves where they were seen.

The scheduler's sentence counts nodes and names none, so the nodes that have the labels are looked at in its order:
cordoned or not ready, tainted, full.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from kubectl_prism.model.change import Change, argument, label_node
from kubectl_prism.model.finding import Link
from kubectl_prism.model.meta import Ref
from kubectl_prism.view import lenient
from kubectl_prism.view import scheduling as words
from kubectl_prism.view.findings.case import Case, quoted
from kubectl_prism.view.findings.nodes import Node, is_owned, texts
from kubectl_prism.view.findings.scene import condition
from kubectl_prism.view.findings.sick import Sick, requested
from kubectl_prism.view.findings.tolerating import tainted

_TOTAL = re.compile(r"0/(\d{1,9}) nodes")
_SHORT = re.compile(r"Insufficient ([^\s,.]+(?:\.[^\s,]+)?)")
_FEW = 3


def case(sick: Sick) -> Case:
    """Return the case of pods that no node takes, by its cause."""
    message = _message(sick)
    if message.startswith("no nodes available") or "0/0 nodes" in message:
        return _none(sick)
    selector = texts(sick.spec.get("nodeSelector"))
    nodes = _seen(sick, message)
    pool = [node for node in nodes if node.has(selector)]
    if selector and (not pool if nodes else _is_mismatch(message)):
        return _unlabelled(sick, selector, nodes)
    usable = [node for node in pool if node.is_ready and not node.is_cordoned]
    if pool and not usable:
        return _unusable(sick, pool)
    tolerations = lenient.mappings(sick.spec.get("tolerations"))
    free = [node for node in usable if not node.untolerated(tolerations)]
    if usable and not free:
        closed = {taint for node in usable for taint in node.untolerated(tolerations)}
        return tainted(sick, sorted(closed), [node.name for node in usable])
    if shortages := sorted(set(_SHORT.findall(message.partition("preemption:")[0]))):
        return _full(sick, shortages, free)
    return _unfit(sick, message)


def node_case(sick: Sick) -> Case:
    """Return the case of pods on a node that is not ready."""
    ref = Ref("Node", "", sick.symptom.of)
    return sick.case(
        "PRISM307",
        f"Node {ref.name} is not ready",
        f"not ready, on node {ref.name}",
        Link(ref, "not ready: its kubelet reports nothing, or trouble"),
        key=(ref.name,),
        command=f"kubectl describe {argument(ref)}",
        evidence=(*_state(sick, ref.name), *sick.scene.heard(ref)),
        otherwise=f"to move its pods elsewhere: kubectl drain {shlex.quote(ref.name)} --ignore-daemonsets",
    )


def _message(sick: Sick) -> str:
    found = condition(sick.pod.obj, "PodScheduled")
    return found.message if found else ""


def _evidence(sick: Sick) -> tuple[str, ...]:
    return (quoted(f"condition PodScheduled of {sick.pod.ref}", _message(sick)),)


def _seen(sick: Sick, message: str) -> list[Node]:
    """Return the nodes; none where the scheduler knows of more than were seen."""
    total = _TOTAL.search(message)
    nodes = list(sick.scene.nodes.values())
    return [] if total and int(total[1]) > len(nodes) else nodes


def _is_mismatch(message: str) -> bool:
    return "node affinity/selector" in message and "Insufficient" not in message


def _unlabelled(sick: Sick, selector: dict[str, str], nodes: list[Node]) -> Case:
    said = ", ".join(f"{key}={value}" for key, value in selector.items())
    change = _labelling(nodes, selector, sick)
    change_spot = f"change the placement in {sick.spot.words}: {sick.spot.edit}"
    lacks = "No node has the label" if len(selector) == 1 else "No node has all of the labels"
    labels = shlex.join([f"{key}={value}" for key, value in selector.items() if not is_owned(key)] or [said])
    return sick.case(
        "PRISM301",
        f"{lacks} {said}",
        f"no node fits: {words.sentence(_message(sick))}",
        Link(sick.home.ref, f"asks for nodes with {said}, and there are none"),
        key=(said,),
        command=change.command if change else _label_command(selector, labels, sick),
        evidence=(*_evidence(sick), *_held(nodes, selector)),
        change=change,
        otherwise=change_spot,
    )


def _label_command(selector: dict[str, str], labels: str, sick: Sick) -> str:
    """Return the command to label a node that a person has to name; none invents where a node stands."""
    return sick.spot.edit if any(map(is_owned, selector)) else f"kubectl label node NODE {labels}"


def _labelling(nodes: list[Node], selector: dict[str, str], sick: Sick) -> Change | None:
    """Return the Change that labels the node that lacks least and could take the pods at once; None where none could.

    A label that has another value on a node is left alone: others may rely on it.
    """
    tolerations = lenient.mappings(sick.spec.get("tolerations"))
    found: list[tuple[int, str, dict[str, str], Node]] = []
    for node in nodes:
        missing = {key: value for key, value in selector.items() if node.labels.get(key) != value}
        is_free = node.is_ready and not node.is_cordoned and not node.untolerated(tolerations)
        if is_free and not any(key in node.labels or is_owned(key) for key in missing):
            found.append((len(missing), node.name, missing, node))
    if not found:
        return None
    _, _, missing, node = min(found, key=lambda one: one[:2])
    return label_node({**node.obj, "kind": "Node"}, missing)


def _held(nodes: list[Node], selector: dict[str, str]) -> list[str]:
    """Return what nodes carry of the labels that are asked for."""
    lines = []
    for key in selector if nodes else ():
        values = sorted({node.labels[key] for node in nodes if key in node.labels})
        said = ", ".join(values[:_FEW]) + (f" and {len(values) - _FEW} more" if len(values) > _FEW else "")
        lines.append(f"labels of {len(nodes)} nodes: {key} is {said}" if values else f"no node has the label {key}")
    return lines


def _unusable(sick: Sick, pool: list[Node]) -> Case:
    cordoned = [node.name for node in pool if node.is_cordoned]
    broken = [node.name for node in pool if not node.is_ready and not node.is_cordoned]
    parts = [f"{_few(cordoned)} cordoned" if cordoned else "", f"{_few(broken)} not ready" if broken else ""]
    said = ", ".join(part for part in parts if part)
    first = Ref("Node", "", (broken or cordoned)[0])
    undo = f"kubectl uncordon {shlex.quote(cordoned[0])}" if cordoned else ""
    look = f"kubectl describe {argument(first)}"
    return sick.case(
        "PRISM304",
        f"Every node that fits is cordoned or not ready: {said}",
        f"no node fits: {words.sentence(_message(sick))}",
        Link(first, said),
        key=(said,),
        command=undo or look,
        evidence=(*_evidence(sick), *_state(sick, first.name)),
        otherwise=look if undo and broken else "somebody cordoned it, perhaps for a reason" if undo else "",
    )


def _full(sick: Sick, shortages: list[str], free: list[Node]) -> Case:
    asked = requested(sick.spec)
    said = " and ".join(shortages)
    columns = "NAME:.metadata.name,CPU:.status.allocatable.cpu,MEMORY:.status.allocatable.memory"
    names = [node.name for node in free]
    selector = texts(sick.spec.get("nodeSelector"))
    return sick.case(
        "PRISM303",
        f"The nodes that fit have too little {said} left",
        f"no node fits: {words.sentence(_message(sick))}",
        Link(sick.home.ref, f"each pod asks for {asked}" if asked else f"each pod needs {said}"),
        key=(said, *(f"{key}={value}" for key, value in selector.items())),
        command=f"kubectl get nodes -o custom-columns={columns}",
        evidence=(*_evidence(sick), *([f"nodes that fit: {_few(names)}"] if names else [])),
        otherwise=f"ask for less, or for fewer pods, in {sick.spot.words}: {sick.spot.edit}; or add nodes",
    )


def _unfit(sick: Sick, message: str) -> Case:
    return sick.case(
        "PRISM305",
        f"No node fits: {words.reasons(message)}",
        "Unschedulable",
        Link(sick.home.ref, f"its placement: {words.sentence(message)}"),
        key=(words.reasons(message), *sick.home.ref),
        command=f"kubectl describe {argument(sick.pod.ref)}",
        evidence=_evidence(sick),
        otherwise=f"change the placement in {sick.spot.words}: {sick.spot.edit}",
    )


def _none(sick: Sick) -> Case:
    return sick.case(
        "PRISM306",
        "There are no nodes",
        "Unschedulable",
        Link(sick.pod.ref, "the cluster has no node"),
        key=(),
        command="kubectl get nodes",
        evidence=_evidence(sick),
    )


def _state(sick: Sick, name: str) -> list[str]:
    node = sick.scene.nodes.get(name)
    ready = condition(node.obj, "Ready") if node else None
    return [quoted(f"condition Ready of Node {name}", str(ready))] if ready and ready.status != "True" else []


def _few(names: Iterable[str]) -> str:
    found = sorted(names)
    return ", ".join(found[:_FEW]) + (f" and {len(found) - _FEW} more" if len(found) > _FEW else "")
