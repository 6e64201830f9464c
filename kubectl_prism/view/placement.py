"""Where the pods of a stack run, beside where they are wished: zone by zone, node by node. Pure.

What is wished is read from the Deployment's pod template, which is what the scheduler was asked for, and from the
strategy in the spec behind it. `lines` draws it; a pod's mark tells its state by shape, so that no colour is needed.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Key, Manifest
from kubectl_prism.view import deployments, fitting, lenient, pods, wishes
from kubectl_prism.view.health import Severity, worst
from kubectl_prism.view.objects import Objects
from kubectl_prism.view.pieces import Pieces, in_pieces
from kubectl_prism.view.stack import ComponentKind, programs, runner
from kubectl_prism.view.verdict import Case, Verdict, node_of, verdict

MARKS = {Severity.OK: "●", Severity.UNKNOWN: "○", Severity.WAITING: "◐", Severity.BAD: "✗"}
_MEANINGS = {Severity.OK: "ready", Severity.WAITING: "waits", Severity.UNKNOWN: "unknown", Severity.BAD: "wrong"}
NO_NODE, NO_ZONE = "(no node)", "(no zone)"
MISSING = Verdict("not created yet", Severity.WAITING)
NARROWEST = 40
MARGIN = 4
MANY = 16
"""More pods on one node than this are counted, not drawn one by one."""

Line = tuple[str, Severity]


@dataclass(frozen=True, slots=True)
class PodSpot:
    """A pod where it runs."""

    name: str
    severity: Severity
    word: str
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class NodeSpot:
    """A node with the pods of one component."""

    name: str
    pods: tuple[PodSpot, ...]
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class ZoneSpot:
    """A zone with its nodes that hold pods of one component; a zone that is wished and holds none has no nodes."""

    name: str
    nodes: tuple[NodeSpot, ...] = ()

    @property
    def severity(self) -> Severity:
        """The worst of its pods."""
        return worst(*(pod.severity for node in self.nodes for pod in node.pods))


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One component: what is wished of its place, where it runs, and whether the two agree."""

    kind: ComponentKind
    name: str
    ready: str = ""
    strategy: str = ""
    wishes: tuple[str, ...] = ()
    zones: tuple[ZoneSpot, ...] = ()
    unscheduled: tuple[PodSpot, ...] = ()
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Placement:
    """A stack's components, the proxies first."""

    key: Key
    components: tuple[Placed, ...]

    @property
    def severity(self) -> Severity:
        """The worst verdict."""
        return worst(*(component.verdict.severity for component in self.components))


@in_pieces
def placement(stack: Manifest, objects: Objects) -> Pieces[Placement]:
    """Return where the components of one stack run, and where they are wished."""
    nodes = {meta.key(node).name: node for node in objects.nodes}
    spec, key = lenient.mapping(stack.get("spec")), meta.key(stack)
    found: list[Placed] = []
    for kind, made in programs(stack, objects):
        wished = lenient.mapping(lenient.mapping(spec.get(kind)).get("placement"))
        found += [_placed(kind, deployment, wished, objects, nodes) for deployment in made]
        if not made:
            found.append(_unmade(kind, f"{key.name}-{kind}", wished, objects))
    for pattern in sorted(objects.owned(stack, "patterns"), key=meta.key):
        yield
        wished = lenient.mapping(lenient.mapping(pattern.get("spec")).get("placement"))
        runs, name = runner(pattern, objects), meta.key(pattern).name
        if runs is None:
            found.append(_unmade("pattern", name, wished, objects))
        else:
            found.append(_placed("pattern", runs, wished, objects, nodes))
    return Placement(key, tuple(found))


def _unmade(kind: ComponentKind, name: str, wished: Manifest, objects: Objects) -> Placed:
    verdict = _unread("Deployment") if "Deployment" in objects.unread else MISSING
    return Placed(kind=kind, name=name, strategy=_strategy(wished), verdict=verdict)


def _placed(
    kind: ComponentKind, deployment: Manifest, wished: Manifest, objects: Objects, nodes: Mapping[str, Manifest]
) -> Placed:
    template = lenient.mapping(lenient.mapping(deployment.get("spec")).get("template"))
    spec, strategy = lenient.mapping(template.get("spec")), _strategy(wished)
    spreads = wishes.spreads(spec, strategy, wished)
    found = deployments.selected(deployment, objects)
    case = Case(spec=spec, spreads=spreads, strategy=strategy, pods=found, nodes=nodes)
    return Placed(
        kind=kind,
        name=meta.key(deployment).name,
        ready=deployments.counts(deployment),
        strategy=strategy,
        wishes=wishes.words(spec, spreads),
        zones=_zones(case, objects.simulated_nodes),
        unscheduled=_spots((pod for pod in found if not node_of(pod)), simulated=False),
        verdict=_unread("Pod") if "Pod" in objects.unread else _verdict(case, deployment),
    )


def _verdict(case: Case, deployment: Manifest) -> Verdict:
    if not case.pods and deployments.numbers(deployment)[1] == 0:
        return Verdict("scaled to zero", Severity.OK)
    return verdict(case)


def _strategy(wished: Manifest) -> str:
    return str(wished.get("strategy") or "")


def _unread(kind: str) -> Verdict:
    return Verdict(f"{kind}s may not be read: nobody can tell", Severity.UNKNOWN)


def _zones(case: Case, simulated: frozenset[str]) -> tuple[ZoneSpot, ...]:
    """Return the zones that hold pods and, where a spread over zones is wished, those that could."""
    by_node: dict[str, list[Manifest]] = {}
    for pod in case.pods:
        if name := node_of(pod):
            by_node.setdefault(name, []).append(pod)
    zones: dict[str, list[NodeSpot]] = {}
    if any(spread.label == wishes.ZONE for spread in case.spreads):
        zones |= {_zone(node): [] for node in case.nodes.values() if _zone(node) and _fits(node, case.spec)}
    for name, found in sorted(by_node.items()):
        is_simulated = name in simulated
        spot = NodeSpot(name, _spots(found, simulated=is_simulated), is_simulated)
        zones.setdefault(_zone(case.nodes.get(name, {})), []).append(spot)
    return tuple(ZoneSpot(name, tuple(nodes)) for name, nodes in sorted(zones.items()))


def _fits(node: Manifest, spec: Manifest) -> bool:
    return fitting.is_wished(node, spec) and fitting.is_tolerated(node, spec)


def _zone(node: Manifest) -> str:
    return str(meta.labels(node).get(wishes.ZONE) or "")


def _spots(found: Iterable[Manifest], *, simulated: bool) -> tuple[PodSpot, ...]:
    judged = [(meta.key(pod).name, pods.judged(pod)) for pod in found]
    spots = [PodSpot(name, health.severity, health.word, simulated) for name, health in judged]
    return tuple(sorted(spots, key=lambda spot: (-spot.severity, spot.name)))


@in_pieces
def lines(placement: Placement, width: int) -> Pieces[list[Line]]:
    """Return the whole as lines of at most `width` columns, each with its severity; the last one sums it up."""
    width = max(NARROWEST, width)
    found: list[Line] = [(line, Severity.OK) for line in textwrap.wrap(_legend(placement), width)]
    for component in placement.components:
        found += [("", Severity.OK), *_component(component, width)]
        yield
    return [*found, ("", Severity.OK), *_wrapped(_summary(placement), placement.severity, width)]


def _legend(placement: Placement) -> str:
    marks = "   ".join(f"{MARKS[severity]} {meaning}" for severity, meaning in _MEANINGS.items())
    nodes = [node for component in placement.components for zone in component.zones for node in zone.nodes]
    return f"{marks}   ~ simulated" if any(node.simulated for node in nodes) else marks


def _component(component: Placed, width: int) -> Iterator[Line]:
    head = "  ".join(
        part for part in (f"{component.kind} {component.name}", component.ready, component.strategy) if part
    )
    yield _cut(head, width), component.verdict.severity
    if component.ready:  # the wishes are read from what was made
        wished = "; ".join(component.wishes) or "nothing"
        yield from _wrapped(f"wished: {wished}", Severity.OK, width, indent="  ")
    names = [zone.name or NO_ZONE for zone in component.zones] + [NO_NODE] * bool(component.unscheduled)
    column = min(max(map(len, names), default=0), width // 3)
    for zone in component.zones:
        cells = [_node(node, width - column - MARGIN) for node in zone.nodes]
        yield from _block(zone.name or NO_ZONE, cells or ["no pods"], zone.severity, column=column, width=width)
    if component.unscheduled:
        severity, marks = worst(*(pod.severity for pod in component.unscheduled)), _marks(component.unscheduled)
        yield from _block(NO_NODE, [marks], severity, column=column, width=width)
    yield from _wrapped(f"→ {component.verdict.words}", component.verdict.severity, width, indent="  ")


def _block(name: str, cells: Sequence[str], severity: Severity, *, column: int, width: int) -> Iterator[Line]:
    """Draw a zone: its name once, its nodes beside it, as many in a line as there is room for."""
    label, room = _cut(name, column).ljust(column), width - column - MARGIN
    line = ""
    for cell in cells:
        longer = f"{line}   {cell}" if line else cell
        if len(longer) > room:
            yield f"  {label}  {line}", severity
            label, longer = " " * column, cell
        line = longer
    yield f"  {label}  {line}", severity


def _node(node: NodeSpot, room: int) -> str:
    """Draw a node in the room there is: a long name is cut, never the marks."""
    marks = _marks(node.pods)
    return f"{_cut('~' * node.simulated + node.name, room - len(marks) - 1)} {marks}"


def _marks(spots: Sequence[PodSpot]) -> str:
    if len(spots) <= MANY:
        return "".join(MARKS[spot.severity] for spot in spots)
    counted = sorted(Counter(spot.severity for spot in spots).items(), reverse=True)
    return " ".join(f"{MARKS[severity]}×{count}" for severity, count in counted)


def _summary(placement: Placement) -> str:
    wrong = [component for component in placement.components if component.verdict.severity is not Severity.OK]
    if not wrong:
        return "all components run where they are wished"
    first = max(wrong, key=lambda component: component.verdict.severity)
    if len(placement.components) == 1:
        return first.verdict.words
    counted = [component for component in wrong if component.verdict.severity > Severity.UNKNOWN]
    said = f"{len(counted)} of {len(placement.components)} components do not run as wished: " if counted else ""
    return f"{said}{first.kind} {first.name}: {first.verdict.words}"


def _wrapped(text: str, severity: Severity, width: int, *, indent: str = "") -> list[Line]:
    wrapped = textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=f"{indent}  ")
    return [(line, severity) for line in wrapped]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: max(0, width - 1)]}…"
