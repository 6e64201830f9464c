"""Whether pods run where they are wished, said in one sentence. Pure.

Unevenness is told as a wait, not as a failure: pods that run stay where they are when the cluster changes around them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest
from kubectl_prism.view import fitting, lenient, wishes
from kubectl_prism.view.health import Severity
from kubectl_prism.view.wishes import HOST, Spread

REVISION = "pod-template-hash"


class Verdict(NamedTuple):
    """A sentence, and how bad it is."""

    words: str
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is judged: the spec of the pods wished, the spreads and strategy behind it, the pods, and all nodes."""

    spec: Manifest
    spreads: Sequence[Spread]
    strategy: str
    pods: Sequence[Manifest]
    nodes: Mapping[str, Manifest]


def verdict(case: Case) -> Verdict:
    """Return what is to be said of the pods that are to stay; the worst that is wrong, or all that is right."""
    staying = [pod for pod in case.pods if _stays(pod)]
    if not staying:
        return Verdict("no pods yet", Severity.WAITING)
    placed = [pod for pod in staying if node_of(pod)]
    if len(placed) < len(staying):
        return Verdict(f"{len(staying) - len(placed)} of {_pods(len(staying))} without a node", Severity.BAD)
    used = {node_of(pod) for pod in placed}
    where = f"{_pods(len(placed))} on {_count(len(used), 'node')}"
    if not case.spreads and not wishes.asked(case.spec):
        rest = " as its affinity allows" if case.spec.get("affinity") else "; nothing is wished"
        return Verdict(f"{where}{rest}", Severity.OK)
    if not used <= case.nodes.keys():
        return Verdict(f"{where}, of which not all may be read: nobody can tell", Severity.UNKNOWN)
    found = [*_strays(case, placed), *(_spread(case, spread, placed) for spread in case.spreads if spread.is_strict)]
    wrong = [one for one in found if one.severity is not Severity.OK]
    if wrong:
        return wrong[0]
    told = "; ".join(one.words for one in found) or where
    return Verdict(f"{told} as wished", Severity.OK)


def node_of(pod: Manifest) -> str:
    """Return the node of a pod, an empty string before it has one."""
    return str(lenient.mapping(pod.get("spec")).get("nodeName") or "")


def _stays(pod: Manifest) -> bool:
    return not meta.is_deleting(pod) and lenient.mapping(pod.get("status")).get("phase") not in ("Succeeded", "Failed")


def _strays(case: Case, placed: Sequence[Manifest]) -> Iterator[Verdict]:
    """Say whether the nodes are those that are asked for, where any are."""
    asked = wishes.asked(case.spec)
    if not asked:
        return
    astray = sum(not fitting.is_wished(case.nodes[node_of(pod)], case.spec) for pod in placed)
    if astray:
        yield Verdict(f"{astray} of {_pods(len(placed))} not on {asked} though wished", Severity.WAITING)
    else:
        yield Verdict(f"on {asked}", Severity.OK)


def _spread(case: Case, spread: Spread, placed: Sequence[Manifest]) -> Verdict:
    """Say how even one spread is; places that could hold pods and hold none count too."""
    wish = case.strategy or f"a spread over {spread.place}s"
    places = [_place(case.nodes[node_of(pod)], spread) for pod in placed]
    if lost := places.count(""):
        words = f"{lost} of {_pods(len(placed))} on nodes without a {spread.place} though {wish} is wished"
        return Verdict(words, Severity.WAITING)
    if len(placed) == 1:
        return Verdict(f"one pod in {spread.place} {places[0]}", Severity.OK)
    counts, open = Counter(places), {*_open(case, spread), *places}
    if len(counts) == 1:
        return Verdict(f"{_together(spread, placed, len(open))} though {wish} is wished", Severity.WAITING)
    told = "/".join(str(number) for number in sorted((counts[place] for place in open), reverse=True))
    said = f"spread over {_count(len(counts), spread.place)}: {told}"
    apart = max(_apart(group, open) for group in _revisions(spread, placed, places))
    if apart > spread.apart:
        return Verdict(f"{said}, {apart} apart though at most {spread.apart} is wished", Severity.WAITING)
    return Verdict(f"{said}, at most {spread.apart} apart", Severity.OK)


def _together(spread: Spread, placed: Sequence[Manifest], places: int) -> str:
    if places == 1:
        return f"all in the only {spread.place} that has nodes for them"
    if spread.label != HOST and len({node_of(pod) for pod in placed}) == 1:
        return "all on one node"
    return f"all {'on' if spread.label == HOST else 'in'} one {spread.place}"


def _open(case: Case, spread: Spread) -> set[str]:
    fit = [
        node
        for node in case.nodes.values()
        if fitting.is_wished(node, case.spec) and (not spread.honours_taints or fitting.is_tolerated(node, case.spec))
    ]
    return {place for node in fit if (place := _place(node, spread))}


def _revisions(spread: Spread, placed: Sequence[Manifest], places: Sequence[str]) -> list[Counter[str]]:
    """Count the places of each revision by itself where the spread does, of all pods where it does not."""
    groups: dict[str, Counter[str]] = {}
    for pod, place in zip(placed, places, strict=True):
        revision = str(meta.labels(pod).get(REVISION)) if spread.is_by_revision else ""
        groups.setdefault(revision, Counter())[place] += 1
    return list(groups.values())


def _apart(counts: Counter[str], places: set[str]) -> int:
    return max(counts[place] for place in places) - min(counts[place] for place in places)


def _place(node: Manifest, spread: Spread) -> str:
    return str(meta.labels(node).get(spread.label) or "")


def _pods(number: int) -> str:
    return _count(number, "pod")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
