"""Where pods run is drawn beside where they are wished, and whether the two agree is said in words."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_prism.model.meta import Manifest
from kubectl_prism.view.health import Severity
from kubectl_prism.view.objects import Objects
from kubectl_prism.view.placement import MARKS, Placed, lines, placement
from tests.view.objects import conditions, deployment, named, pod, unschedulable
from tests.view.odd import worlds

OK, UNKNOWN, WAITING, BAD = Severity.OK, Severity.UNKNOWN, Severity.WAITING, Severity.BAD
ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"


def stack(**proxy: Any) -> Manifest:  # noqa: ANN401 - JSON
    return named("PrismStack", "demo", spec={"proxy": {"placement": proxy}, "admin": {"enabled": False}})


def node(name: str, zone: str = "", *, taints: list[Manifest] | None = None, **labels: str) -> Manifest:
    places = {ZONE: zone} if zone else {}
    if labels.pop("simulated", ""):
        places["prism.io/simulated"] = "true"
    metadata = {"name": name, "labels": {HOST: name, **places, **labels}}
    return {"kind": "Node", "metadata": metadata, "spec": {"taints": taints or []}}


def spread(label: str = ZONE, *, strict: bool = True) -> Manifest:
    return {
        "maxSkew": 1,
        "topologyKey": label,
        "whenUnsatisfiable": "DoNotSchedule" if strict else "ScheduleAnyway",
        "matchLabelKeys": ["pod-template-hash"],
        "nodeTaintsPolicy": "Honor",
    }


def on(name: str, *, number: int = 0, revision: str = "1") -> Manifest:
    """Return a running pod of the proxies on a node; an empty name for one that no node takes."""
    status = {} if name else unschedulable()
    found = pod(f"demo-proxy-{name or 'none'}-{number}", "demo-proxy", **status)
    found["metadata"]["labels"]["pod-template-hash"] = revision
    return {**found, "spec": {"nodeName": name} if name else {}}


NODES = tuple(node(f"{zone}-{number}", zone) for zone in ("a", "b", "c") for number in (1, 2))


def world(
    pods: tuple[Manifest, ...],
    *,
    nodes: tuple[Manifest, ...] = NODES,
    owner: Manifest | None = None,
    **spec: Any,  # noqa: ANN401
) -> Objects:
    owner = owner or stack(strategy="MultiZone")
    proxy = deployment("demo-proxy", owner, "prism-proxy", wanted=len(pods), available=len(pods))
    proxy["spec"]["template"]["spec"] = spec
    return Objects(stacks=(owner,), deployments=(proxy,), pods=pods, nodes=nodes)


def proxies(objects: Objects) -> Placed:
    (found,) = placement(objects.stacks[0], objects).components
    return found


def several(*names: str, revision: str = "1") -> tuple[Manifest, ...]:
    return tuple(on(name, number=number, revision=revision) for number, name in enumerate(names))


SPREAD: Manifest = {"topologySpreadConstraints": [spread(), spread(HOST, strict=False)]}
GPU: Manifest = {"nodeSelector": {"role": "gpu"}}
TAINT = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("pods", "spec", "words", "severity"),
    [
        ((), SPREAD, "scaled to zero", OK),
        (
            several("a-1", "a-2", "b-1", "b-2", "c-1"),
            SPREAD,
            "spread over 3 zones: 2/2/1, at most 1 apart as wished",
            OK,
        ),
        (several("a-1"), SPREAD, "one pod in zone a as wished", OK),
        (several("a-1", "a-1"), SPREAD, "all on one node though MultiZone is wished", WAITING),
        (several("a-1", "a-2"), SPREAD, "all in one zone though MultiZone is wished", WAITING),
        (
            several("a-1", "a-2", "b-1"),
            SPREAD,
            "spread over 2 zones: 2/1/0, 2 apart though at most 1 is wished",
            WAITING,
        ),
        (several("a-1", "b-1", ""), SPREAD, "1 of 3 pods without a node", BAD),
        (several("a-1", "x"), SPREAD, "2 pods on 2 nodes, of which not all may be read: nobody can tell", UNKNOWN),
        (several("a-1", "a-1"), {}, "all on one node though MultiZone is wished", WAITING),
        (several("a-1", "a-1"), GPU, "2 of 2 pods not on nodes with role=gpu though wished", WAITING),
        (
            (*several("a-1", "b-1"), *several("a-2", "b-2", "c-2", revision="2")),
            SPREAD,
            "spread over 3 zones: 2/2/1, at most 1 apart as wished",
            OK,
        ),
    ],
)
def test_wish_and_reality_are_compared_in_words(
    pods: tuple[Manifest, ...], spec: Manifest, words: str, severity: Severity
) -> None:
    """Evenness counts zones that could hold pods and hold none, and each revision by itself."""
    assert proxies(world(pods, **spec)).verdict == (words, severity)


def test_nodes_that_keep_pods_off_are_no_place_for_them() -> None:
    """A zone whose nodes have another label, or a taint that is not tolerated, need not hold any pod."""
    nodes = (node("a-1", "a", role="gpu"), node("b-1", "b", role="gpu"), node("c-1", "c"))
    tainted = node("d-1", "d", taints=[TAINT], role="gpu")
    spec: Manifest = {**SPREAD, **GPU}
    pods = several("a-1", "a-1", "b-1", "b-1")
    assert proxies(world(pods, nodes=(*nodes, tainted), **spec)).verdict.words == (
        "on nodes with role=gpu; spread over 2 zones: 2/2, at most 1 apart as wished"
    )
    tolerant: Manifest = {**spec, "tolerations": [{"key": "dedicated", "operator": "Equal", "value": "db"}]}
    assert proxies(world(pods, nodes=(*nodes, tainted), **tolerant)).verdict.severity is WAITING
    only = proxies(world(several("a-1", "a-1"), nodes=(node("a-1", "a"), tainted), **SPREAD))
    assert only.verdict.words == "all in the only zone that has nodes for them though MultiZone is wished"


def test_a_spread_of_ones_own_wins_over_the_strategy() -> None:
    """An empty list wishes for nothing, however the strategy is called."""
    free = world(several("a-1", "a-1"), owner=stack(strategy="MultiZone", topologySpreadConstraints=[]))
    assert (proxies(free).wishes, proxies(free).verdict) == ((), ("2 pods on 1 node; nothing is wished", OK))
    hosts = world(several("a-1", "a-1"), owner=stack(), topologySpreadConstraints=[spread(HOST)])
    assert proxies(hosts).verdict.words == "all on one node though a spread over nodes is wished"


def test_nodes_without_a_zone_cannot_be_spread_over() -> None:
    """Pods that were there before somebody wished for zones are named."""
    objects = world(several("a", "b"), nodes=(node("a"), node("b", "b")), **SPREAD)
    assert proxies(objects).verdict.words == "1 of 2 pods on nodes without a zone though MultiZone is wished"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"nodeName": "a-1"}, "on node a-1 as wished"),
        ({"affinity": {"podAntiAffinity": {}}}, "2 pods on 1 node as its affinity allows"),
        ({"topologySpreadConstraints": [spread(strict=False)]}, "2 pods on 1 node as wished"),
    ],
)
def test_what_the_scheduler_alone_can_judge_is_not_judged_here(spec: Manifest, words: str) -> None:
    """A preference is met by whatever came of it."""
    assert proxies(world(several("a-1", "a-1"), owner=stack(), **spec)).verdict == (words, OK)


def test_wishes_are_a_few_words_each() -> None:
    """Everything in a pod's spec that says where it runs is told."""
    gpu = {
        "matchExpressions": [{"key": "gpu", "operator": "Exists"}, {"key": "zone", "operator": "In", "values": ["a"]}]
    }
    slow = {"matchExpressions": [{"key": "disk", "operator": "NotIn", "values": ["hdd", "tape"]}]}
    proxy = {"topologyKey": HOST, "labelSelector": {"matchLabels": {"component": "prism-proxy"}}}
    spec: Manifest = {
        **GPU,
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [gpu]},
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": slow}],
            },
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [proxy],
                "preferredDuringSchedulingIgnoredDuringExecution": [{"podAffinityTerm": {"topologyKey": ZONE}}],
            },
        },
        **SPREAD,
        "tolerations": [{"key": "dedicated"}, {"operator": "Exists"}],
        "priorityClassName": "high",
    }
    assert proxies(world((), **spec)).wishes == (
        "nodes with role=gpu",
        "nodes with gpu, zone=a",
        "rather nodes with disk not in hdd, tape",
        "spread over zones, at most 1 apart",
        "over nodes where possible",
        "never beside component=prism-proxy (node)",
        "rather not beside any pod (zone)",
        "tolerates any taint, dedicated",
        "priority high",
    )


def test_a_stack_is_drawn_zone_by_zone() -> None:
    """Zones, nodes and marks; what has no node; what was wished; a legend first and the sum of it all last."""
    owner = named("PrismStack", "demo", spec={"proxy": {"placement": {"strategy": "MultiZone"}}})
    kv = named("PrismPattern", "kv", owner=owner, spec={}, status=conditions())
    nodes = (*NODES[:2], node("b-1", "b", simulated="true"), node("c-1", "c"))
    seen = world(several("a-1", "a-1", "a-2", "b-1", ""), nodes=nodes, owner=owner, **SPREAD)
    objects = Objects(
        stacks=(owner,),
        patterns=(kv,),
        deployments=(*seen.deployments, deployment("kv", kv, "prism-pattern", wanted=0, available=0)),
        pods=seen.pods,
        nodes=nodes,
    )
    drawn = lines(placement(owner, objects), 60)
    assert "\n".join(text for text, _ in drawn) == textwrap.dedent(
        """\
        ● ready   ◐ waits   ○ unknown   ✗ wrong   ~ simulated

        proxy demo-proxy  5/5  MultiZone
          wished: spread over zones, at most 1 apart; over nodes
            where possible
          a          a-1 ●●   a-2 ●
          b          ~b-1 ●
          c          no pods
          (no node)  ✗
          → 1 of 5 pods without a node

        admin demo-admin
          → not created yet

        pattern kv  0/0
          wished: nodes with role=gpu
          → scaled to zero

        2 of 3 components do not run as wished: proxy demo-proxy: 1
          of 5 pods without a node"""
    )
    assert [severity for text, severity in drawn if text.startswith(("  a ", "  (no", "2 of"))] == [OK, BAD, BAD]


@pytest.mark.parametrize(("unread", "words"), [("Deployment", "Deployments may not"), ("Pod", "Pods may not")])
def test_where_something_may_not_be_read_nobody_can_tell(unread: str, words: str) -> None:
    """Neither that nothing was created, nor that it does not run as wished."""
    seen = world(())
    objects = Objects(stacks=seen.stacks, deployments=() if unread == "Deployment" else seen.deployments)
    found = placement(seen.stacks[0], replace(objects, unread=frozenset({unread})))
    first = found.components[0]
    assert (first.verdict.words, first.verdict.severity) == (f"{words} be read: nobody can tell", Severity.UNKNOWN)
    last = [text for text, _ in lines(replace(found, components=(first, first)), 80)][-1]
    assert last == f"proxy {first.name}: {words} be read: nobody can tell"


def test_marks_differ_by_shape() -> None:
    """Who sees no colours sees the same."""
    assert (len(set(MARKS.values())), set(MARKS)) == (len(Severity), set(Severity))


def test_a_crowded_node_is_counted() -> None:
    """Forty marks in a row would tell nothing; the worst is named first, and a long name gives way to the marks."""
    crowd = (*several(*["a-1"] * 40), on("a-1", number=99))
    crowd[-1]["status"]["conditions"] = []
    long = {**node("a-1", "a")}
    text = [line for line, _ in lines(placement(stack(), world(crowd, nodes=(long,), owner=stack())), 60)]
    assert "  a  a-1 ◐×1 ●×40" in text
    name = "node-" + "x" * 70
    found = lines(placement(stack(), world(several(name), nodes=(node(name, "a"),), owner=stack())), 60)
    assert [line[-3:] for line, _ in found if line.startswith("  a  node-x")] == ["… ●"]


@given(worlds(), st.integers(60, 120))
def test_odd_objects_do_not_stop_the_page(objects: Objects, width: int) -> None:
    """Whatever somebody stored, it is drawn in the room there is."""
    for one in objects.stacks:
        drawn = lines(placement(one, objects), width)
        assert [line for line, _ in drawn if len(line) > width] == []
        assert drawn[-1][0]
