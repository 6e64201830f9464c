"""Pods that no node takes: the rule that keeps them off, judged by the nodes, and what would let them in."""

from __future__ import annotations

from typing import Any

import pytest

from kubectl_prism.model.meta import Manifest
from tests.view.objects import conditions, named
from tests.view.scenes import PATTERN, STACK, chain, found, node, only, pod, program, running, seen, unplaced

MISMATCH = "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector."
ROLE = {"role": "prism-proxy"}
DEDICATED = {"key": "dedicated", "value": "prism", "effect": "NoSchedule"}


def world(message: str, *nodes: Manifest, count: int = 1, **pod_spec: Any) -> Any:  # noqa: ANN401 - JSON
    proxies = program("demo-proxy", STACK, "prism-proxy", pod_spec=pod_spec)
    pods = [pod(f"demo-proxy-{number}", "demo-proxy", unplaced(message), nodeName="") for number in range(count)]
    return seen(deployments=(proxies,), pods=tuple(pods), nodes=nodes)


def test_a_label_that_no_node_has_can_be_set() -> None:
    """Ten pods are one finding; the change labels the first node that could take them at once."""
    nodes = (node("a", cordoned=True), node("b", taints=[DEDICATED]), node("c", role="other"), node("d"))
    one = only(world(MISMATCH.replace("2", "4"), *nodes, count=10, nodeSelector=ROLE))
    assert (one.code, one.title) == ("PRISM301", "No node has the label role=prism-proxy (10 pods)")
    assert chain(one) == ["PrismStack demo", "Deployment demo-proxy", "Pod demo-proxy-0", "Deployment demo-proxy"]
    assert one.change is not None
    assert (one.change.ref.name, one.change.patch) == ("d", {"metadata": {"labels": ROLE}})
    assert one.command == one.change.command == "kubectl label node d role=prism-proxy"
    assert one.otherwise == (
        "change the placement in spec.proxy of PrismStack shop/demo: kubectl edit prismstack demo -n shop"
    )
    assert one.evidence[1] == "labels of 4 nodes: role is other"


def test_labels_that_no_node_has_together_are_added_where_least_is_lacking() -> None:
    """The node that has one of them already needs only the other."""
    selector = {"role": "prism-proxy", "tier": "data"}
    one = only(world(MISMATCH, node("a"), node("b", tier="data"), nodeSelector=selector))
    assert one.title == "No node has all of the labels role=prism-proxy, tier=data"
    assert one.command == "kubectl label node b role=prism-proxy"


@pytest.mark.parametrize(
    ("selector", "nodes", "command"),
    [
        ({"topology.kubernetes.io/zone": "eu-1a"}, (node("a"), node("b")), "kubectl edit prismstack demo -n shop"),
        (ROLE, (node("a", role="x"), node("b", role="y")), "kubectl label node NODE role=prism-proxy"),
        (ROLE, (), "kubectl label node NODE role=prism-proxy"),
        (ROLE, (node("a"),), "kubectl label node NODE role=prism-proxy"),
    ],
    ids=["a zone is no choice", "other values are relied on", "nodes were not read", "not all nodes were read"],
)
def test_where_a_person_must_decide_nothing_is_labelled(
    selector: dict[str, str], nodes: tuple[Manifest, ...], command: str
) -> None:
    """A label that says where a node is, or that has another value, is left alone."""
    one = only(world(MISMATCH, *nodes, nodeSelector=selector))
    assert (one.code, one.change, one.command) == ("PRISM301", None, command)


def test_a_taint_can_be_tolerated() -> None:
    """The nodes that fit carry one taint: the change adds the toleration to those that the pods have."""
    message = "0/2 nodes are available: 1 node(s) had untolerated taint {dedicated: prism}, 1 node(s) didn't match."
    held = [{"key": "spot", "operator": "Exists"}]
    nodes = (node("a", taints=[DEDICATED, {"key": "spot", "effect": "NoSchedule"}], role=ROLE["role"]), node("b"))
    one = only(world(message, *nodes, nodeSelector=ROLE, tolerations=held))
    assert (one.code, one.title) == ("PRISM302", "The nodes that fit carry the taint dedicated=prism:NoSchedule")
    assert chain(one)[-1] == "Node a"
    assert one.change is not None
    wanted = [*held, {"key": "dedicated", "operator": "Equal", "value": "prism", "effect": "NoSchedule"}]
    assert one.change.patch == {"spec": {"proxy": {"placement": {"tolerations": wanted}}}}
    assert one.otherwise == "take the taint away: kubectl taint node a dedicated=prism:NoSchedule-"


def test_a_taint_of_a_kubelet_is_not_tolerated_away() -> None:
    """A node under disk pressure is no place, whoever asks."""
    pressed = {"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule"}
    one = only(world("0/1 nodes are available: 1 node(s) had untolerated taint(s).", node("a", taints=[pressed])))
    assert (one.code, one.change) == ("PRISM302", None)


def test_too_little_left_names_what_is_asked_for() -> None:
    """The scheduler says what is short; the template says how much each pod wants."""
    message = "0/2 nodes are available: 1 node(s) were unschedulable, 1 Insufficient cpu, 1 Insufficient memory."
    container = {"name": "main", "resources": {"requests": {"memory": "8Gi", "cpu": "4"}}}
    one = only(world(message, node("a"), node("b", cordoned=True), containers=[container]))
    assert (one.code, one.title) == ("PRISM303", "The nodes that fit have too little cpu and memory left")
    assert one.chain[-1].words == "each pod asks for cpu 4, memory 8Gi"
    assert one.evidence[1] == "nodes that fit: a"


def test_nodes_that_are_cordoned_or_not_ready_are_the_cause() -> None:
    """The right nodes are there, and none of them takes pods."""
    message = "0/3 nodes are available: 1 node(s) didn't match, 1 node(s) were unschedulable, 1 node(s) had taints."
    nodes = (node("a", cordoned=True, role=ROLE["role"]), node("b", ready=False, role=ROLE["role"]), node("c"))
    one = only(world(message, *nodes, nodeSelector=ROLE))
    assert (one.code, one.command) == ("PRISM304", "kubectl uncordon a")
    assert one.title == "Every node that fits is cordoned or not ready: a cordoned, b not ready"
    assert (chain(one)[-1], one.otherwise) == ("Node b", "kubectl describe node b")


def test_other_rules_are_told_in_words() -> None:
    """A spread or an affinity that no node satisfies."""
    message = "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules. preemption: 0/2 nodes."
    one = only(world(message, node("a"), node("b")))
    assert (one.code, one.title) == ("PRISM305", "No node fits: nodes run a pod that it must stay away from")


def test_a_cluster_without_nodes_is_one_finding() -> None:
    """Whatever the pods ask for."""
    one = only(world("no nodes available to schedule pods", count=3, nodeSelector=ROLE))
    assert (one.code, one.title) == ("PRISM306", "There are no nodes (3 pods)")


def test_the_same_label_is_one_cause_for_every_program() -> None:
    """Proxies and runners that wait for the same node are one finding, told from the first of them."""
    deployments = [
        program(name, owner, component, pod_spec={"nodeSelector": ROLE})
        for name, owner, component in (("demo-proxy", STACK, "prism-proxy"), ("kv", PATTERN, "prism-pattern"))
    ]
    pods = tuple(pod(f"{name}-1", name, unplaced(MISMATCH)) for name in ("demo-proxy", "kv"))
    one = only(seen(deployments=tuple(deployments), pods=pods))
    assert one.title == "No node has the label role=prism-proxy (2 pods)"
    assert one.evidence[-1] == "the same of Pod shop/kv-1"


def test_a_node_that_is_not_ready_explains_its_pods() -> None:
    """Ten pods on a dead node are a dead node."""
    pods = tuple(pod(f"kv-{number}", "kv", running(ready=False)) for number in range(10))
    pattern = {**PATTERN, "status": conditions("False", reason="DeploymentProgressing")}
    one = only(seen(patterns=(pattern,), pods=pods, nodes=(node("node-1", ready=False),)))
    assert (one.code, one.title) == ("PRISM307", "Node node-1 is not ready (10 pods)")
    assert one.evidence[0] == "condition Ready of Node node-1: False, Silent"
    assert one.command == "kubectl describe node node-1"


def test_a_pattern_of_its_own_is_patched_itself() -> None:
    """What no stack makes has its placement in its own spec."""
    alone = named("PrismPattern", "kv", spec={}, status=conditions())
    deployment = program("kv", alone, "prism-pattern")
    nodes = (node("a", taints=[DEDICATED]),)
    pods = (pod("kv-1", "kv", unplaced("0/1 nodes are available: 1 node(s) had untolerated taint(s).")),)
    one = only(seen(patterns=(alone,), deployments=(deployment,), pods=pods, nodes=nodes))
    assert one.change is not None
    assert (one.change.ref.kind, list(one.change.patch["spec"])) == ("PrismPattern", ["placement"])


def test_a_pod_that_waits_for_its_gates_is_no_finding() -> None:
    """Somebody will lift them."""
    gated = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}
    assert found(seen(pods=(pod("kv-1", "kv", {"phase": "Pending", "conditions": [gated]}, nodeName=""),))) == []
