"""What a pod's spec wishes of the place where it runs, in a few words each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kubectl_prism.model.meta import Manifest
from kubectl_prism.view import lenient
from kubectl_prism.view.fitting import required

HOST, ZONE, REGION = "kubernetes.io/hostname", "topology.kubernetes.io/zone", "topology.kubernetes.io/region"
PLACES = {HOST: "node", ZONE: "zone", REGION: "region"}
_SHOULD = "preferredDuringSchedulingIgnoredDuringExecution"
_MUST = "requiredDuringSchedulingIgnoredDuringExecution"
_SIGNS = {"In": "in", "NotIn": "not in", "Gt": ">", "Lt": "<"}


@dataclass(frozen=True, slots=True)
class Spread:
    """A wish to run evenly over the places that one label of nodes tells apart."""

    label: str
    apart: int = 1
    is_strict: bool = True
    honours_taints: bool = True
    is_by_revision: bool = True

    @property
    def place(self) -> str:
        """What its label tells apart, in a word."""
        return PLACES.get(self.label, self.label)

    @property
    def words(self) -> str:
        """The wish in words."""
        if not self.is_strict:
            return f"over {self.place}s where possible"
        return f"spread over {self.place}s, at most {self.apart} apart"


_STRATEGIES = {"MultiZone": (Spread(ZONE),), "MultiRegion": (Spread(REGION), Spread(ZONE))}


def spreads(spec: Manifest, strategy: str, placement: Manifest) -> tuple[Spread, ...]:
    """Return the spreads that are wished: those of the pods that are there, or those that the strategy stands for.

    A placement that writes its own, even none, wins over its strategy.
    """
    found = tuple(_spread(one) for one in lenient.mappings(spec.get("topologySpreadConstraints")))
    if found or isinstance(placement.get("topologySpreadConstraints"), list):
        return found
    return _STRATEGIES.get(strategy, ())


def _spread(constraint: Manifest) -> Spread:
    keys = constraint.get("matchLabelKeys")
    return Spread(
        str(constraint.get("topologyKey")),
        lenient.number(constraint.get("maxSkew")) or 1,
        constraint.get("whenUnsatisfiable") != "ScheduleAnyway",
        constraint.get("nodeTaintsPolicy") == "Honor",
        isinstance(keys, list) and "pod-template-hash" in keys,
    )


def words(spec: Manifest, wished: Iterable[Spread]) -> tuple[str, ...]:
    """Return everything that is wished, a few words each."""
    return (*_nodes(spec), *(spread.words for spread in wished), *_near(spec), *_manner(spec))


def selector(spec: Manifest) -> str:
    """Return the labels that nodes must have, in words; an empty string for none."""
    return ", ".join(f"{name}={value}" for name, value in sorted(lenient.mapping(spec.get("nodeSelector")).items()))


def asked(spec: Manifest) -> str:
    """Return the nodes that are asked for in a word or two; an empty string where any node will do."""
    if name := spec.get("nodeName"):
        return f"node {name}"
    labels = selector(spec)
    return f"nodes with {labels}" if labels else "nodes of its affinity" if required(spec) else ""


def _nodes(spec: Manifest) -> Iterator[str]:
    if name := spec.get("nodeName"):
        yield f"node {name} only"
    if labels := selector(spec):
        yield f"nodes with {labels}"
    terms = [found for term in required(spec) if (found := _term(term))]
    if terms:
        yield f"nodes with {' or '.join(terms)}"
    affinity = lenient.mapping(lenient.mapping(spec.get("affinity")).get("nodeAffinity"))
    for one in lenient.mappings(affinity.get(_SHOULD)):
        if found := _term(lenient.mapping(one.get("preference"))):
            yield f"rather nodes with {found}"


def _near(spec: Manifest) -> Iterator[str]:
    affinity = lenient.mapping(spec.get("affinity"))
    for field, must, should in (
        ("podAffinity", "near", "rather near"),
        ("podAntiAffinity", "never beside", "rather not beside"),
    ):
        wished = lenient.mapping(affinity.get(field))
        for term in lenient.mappings(wished.get(_MUST)):
            yield _beside(must, term)
        for one in lenient.mappings(wished.get(_SHOULD)):
            yield _beside(should, lenient.mapping(one.get("podAffinityTerm")))


def _beside(word: str, term: Manifest) -> str:
    found = lenient.mapping(term.get("labelSelector"))
    labels = [f"{name}={value}" for name, value in sorted(lenient.mapping(found.get("matchLabels")).items())]
    pods = ", ".join([*labels, *_expressions(found)]) or "any pod"
    key = str(term.get("topologyKey"))
    return f"{word} {pods} ({PLACES.get(key, key)})"


def _manner(spec: Manifest) -> Iterator[str]:
    keys = sorted({str(one.get("key") or "any taint") for one in lenient.mappings(spec.get("tolerations"))})
    if keys:
        yield f"tolerates {', '.join(keys)}"
    for field, word in (("priorityClassName", "priority"), ("runtimeClassName", "runtime")):
        if spec.get(field):
            yield f"{word} {spec[field]}"


def _term(term: Manifest) -> str:
    return ", ".join(_expressions(term))


def _expressions(term: Manifest) -> Iterator[str]:
    for one in lenient.mappings(term.get("matchExpressions")):
        key, operator, values = str(one.get("key")), str(one.get("operator")), one.get("values")
        listed = ", ".join(map(str, values)) if isinstance(values, list) else ""
        match operator:
            case "Exists":
                yield key
            case "DoesNotExist":
                yield f"no {key}"
            case "In" if isinstance(values, list) and len(values) == 1:
                yield f"{key}={listed}"
            case _:
                yield f"{key} {_SIGNS.get(operator, operator)} {listed}"
