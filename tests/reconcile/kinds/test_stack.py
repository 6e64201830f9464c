"""A PrismStack on a real API server: the smallest and the longest-named, its parts, its phases, its scaling."""

from __future__ import annotations

from typing import Any

import pytest

from tests.reconcile.kinds.running import Running
from tests.reconcile.kinds.world import World, conditions, eventually, message

KV: dict[str, Any] = {"name": "kv", "type": "keyvalue", "backend": "memstore"}
NOWHERE = {"nodeSelector": {"example.com/no-such-node": "true"}}
ELECTED = {"leaderElection": {"enabled": True}}


def test_an_empty_spec_becomes_ready(world: World) -> None:
    """`spec: {}` is one proxy and one admin."""
    world.stack("s")
    judged = world.ready("PrismStack", "s")
    status = judged["status"]
    assert {part: status[part] for part in ("proxies", "admins", "patterns", "backends", "namespaces", "phase")} == {
        "proxies": "1/1",
        "admins": "1/1",
        "patterns": "0/0",
        "backends": "0/0",
        "namespaces": "0/0",
        "phase": "Running",
    }
    assert conditions(judged).keys() == {"AdminReady", "ProxyReady", "Ready", "Reconciling", "Stalled"}
    assert message(judged) == "proxy 1/1, admin 1/1"


@pytest.mark.parametrize("name", ["s" * 253, "7.starts.with-a-digit", "a" * 63 + "." + "b" * 63, "s" * 57])
def test_a_stack_of_any_name_works(world: World, name: str) -> None:
    """Names at the limit, with dots or a digit in front give children with valid names and labels."""
    world.stack(name, proxy={"replicas": 2}, admin=ELECTED, patterns=[KV])
    world.ready("PrismStack", name)
    children = world.names("Deployment") - {"kv"}
    assert children == world.names("Service") - {"kv"}
    assert len(children) == 2
    assert all(len(child) <= 63 for child in children)
    [label] = {pod["metadata"]["labels"]["stack"] for pod in world.all("Pod")}
    assert len(world.all("Pod", f"stack={label}")) == 4


def test_two_stacks_whose_names_look_alike_when_cut_live_side_by_side(world: World) -> None:
    """Long names that differ only at their end, and names that differ only in a dot, share nothing."""
    names = ["s" * 252 + "a", "s" * 252 + "b", "a.b", "a-b"]
    for name in names:
        world.stack(name)
    for name in names:
        world.ready("PrismStack", name)
    assert len(world.names("Deployment")) == 2 * len(names)
    assert len({found["metadata"]["labels"]["stack"] for found in world.all("Deployment")}) == len(names)


def test_an_even_number_of_admins_is_ready_with_a_warning(world: World) -> None:
    """Two electing admins are allowed; the condition says what they are not good for."""
    world.stack("s", admin={**ELECTED, "replicas": 2})
    judged = world.becomes("PrismStack", "s", "Ready=True", "AdminReady=True EvenReplicas")
    assert "survives no more failures than one fewer" in message(judged, "AdminReady")
    world.specify("PrismStack", "s", admin={"replicas": 3})
    world.becomes("PrismStack", "s", "Ready=True", "AdminReady=True DeploymentReady", admins="3/3")


def test_the_younger_of_two_stacks_that_share_a_lease_is_told(world: World) -> None:
    """The older one elects; the younger one stalls until it chooses another name for its Lease."""
    world.stack("older", admin=ELECTED)
    world.ready("PrismStack", "older")
    world.stack("younger", admin=ELECTED)
    judged = world.stalled("PrismStack", "younger", "LeaseNameTaken")
    assert "PrismStack older elects by the Lease prism-admin-leader already" in message(judged)
    world.ready("PrismStack", "older")
    world.specify("PrismStack", "younger", admin={"leaderElection": {"leaseName": "younger-leader"}})
    world.ready("PrismStack", "younger")


def test_a_lease_name_is_free_again_once_the_older_stack_is_gone(world: World, engine: Running) -> None:
    """The younger stack becomes Ready by itself when nobody else elects by that Lease any more."""
    world.stack("older", admin=ELECTED)
    world.ready("PrismStack", "older")
    world.stack("younger", admin=ELECTED)
    world.stalled("PrismStack", "younger", "LeaseNameTaken")
    world.becomes("PrismStack", "younger", "Stalled=True", "ProxyReady=True", admins="1/1", proxies="1/1")
    engine.rests(world.namespace)
    world.delete("PrismStack", "older")
    world.ready("PrismStack", "younger")


def test_a_stack_is_told_when_an_older_one_begins_to_elect(world: World, engine: Running) -> None:
    """Ready for a while, it stalls as soon as the older stack turns to the same Lease."""
    world.stack("older")
    world.ready("PrismStack", "older")
    world.stack("younger", admin=ELECTED)
    world.ready("PrismStack", "younger")
    engine.rests(world.namespace)
    world.specify("PrismStack", "older", admin=ELECTED)
    world.stalled("PrismStack", "younger", "LeaseNameTaken")


def test_a_pod_that_no_node_takes_is_said_in_words(world: World) -> None:
    """Ready is False with reason Unschedulable and the scheduler's reasons, and True once a node takes it."""
    world.stack("s", proxy={"placement": NOWHERE}, patterns=[{**KV, "runnerSpec": NOWHERE}])
    judged = world.becomes("PrismStack", "s", "Ready=False Unschedulable", "Reconciling=True", "Stalled=False")
    eventually(lambda: "no node fits" in message(world.get("PrismStack", "s")))
    assert "proxy: 0/1 available: no node fits" in message(judged)
    world.becomes("PrismStack", "s", "PatternsReady=False Unschedulable", "ProxyReady=False Unschedulable")
    world.becomes("PrismPattern", "kv", "Ready=False Unschedulable", "Reconciling=True", phase="Progressing")
    world.specify("PrismStack", "s", proxy={"placement": None}, patterns=[KV])
    world.ready("PrismStack", "s")
    world.becomes("PrismStack", "s", "Ready=True", phase="Running")


def test_a_stack_that_was_ready_and_is_not_is_degraded(world: World) -> None:
    """A part that fails later shows as Degraded with its reason and an Event, while the rest stays as it is."""
    world.stack("s", patterns=[KV])
    world.becomes("PrismStack", "s", "Ready=True", phase="Running")
    world.specify("PrismStack", "s", patterns=[{**KV, "runnerSpec": NOWHERE}])
    judged = world.becomes("PrismStack", "s", "Ready=False Unschedulable", "ProxyReady=True", phase="Degraded")
    assert judged["status"]["patterns"] == "0/1"
    assert any("Unschedulable" in said or "kv" in said for said in world.told("s", "NotReady"))


def test_what_the_api_server_admits_and_we_cannot_read_stalls_that_object_alone(world: World) -> None:
    """An empty mapping in spec.config names its field in the condition; the other objects of the stack go on."""
    bad = {**KV, "name": "bad", "config": {"nested": {}}}
    world.stack("whole", patterns=[KV])
    world.stack("broken", patterns=[bad])
    world.pattern("alone", config={"list": []})
    judged = world.stalled("PrismStack", "broken", "InvalidSpec")
    assert "spec.patterns" in message(judged)
    assert "config" in message(judged)
    assert judged["status"]["phase"] == "Failed"
    assert "config" in message(world.stalled("PrismPattern", "alone", "InvalidSpec"))
    assert world.told("alone", "InvalidSpec")
    world.ready("PrismStack", "whole")
    world.specify("PrismPattern", "alone", config={"list": "a"})
    world.ready("PrismPattern", "alone")
    world.specify("PrismStack", "broken", patterns=[{**bad, "name": "good", "config": {"nested": "a"}}])
    world.ready("PrismStack", "broken")


def test_a_pattern_that_the_stack_does_not_size_keeps_what_it_was_scaled_to(world: World) -> None:
    """`kubectl scale` holds where the stack says nothing of replicas, and is undone where it does."""
    world.stack("s", patterns=[{**KV, "name": "free"}, {**KV, "name": "sized", "replicas": 2}])
    world.ready("PrismStack", "s")
    for name in ("free", "sized"):
        world.kubectl("scale", "ppattern", name, "--replicas=3")
    eventually(lambda: world.get("Deployment", "free")["spec"]["replicas"] == 3)
    eventually(lambda: world.get("PrismPattern", "sized")["spec"]["replicas"] == 2)
    world.specify("PrismStack", "s", proxy={"replicas": 2})
    world.becomes("PrismStack", "s", "Ready=True", proxies="2/2")
    assert world.get("PrismPattern", "free")["spec"]["replicas"] == 3
    world.becomes("PrismPattern", "free", "Ready=True", availableReplicas=3)
    world.becomes("PrismPattern", "sized", "Ready=True", availableReplicas=2)


def test_pull_secrets_and_tracing_reach_every_pod(world: World) -> None:
    """The stack's imagePullSecrets and observability stand on proxies, admins and runners."""
    tracing = {"enabled": True, "tracing": {"endpoint": "http://jaeger:14268"}, "metrics": {"port": 9091}}
    world.stack("s", imagePullSecrets=[{"name": "ghcr"}], observability=tracing, patterns=[KV])
    world.ready("PrismStack", "s")
    for name in ("s-proxy", "s-admin", "kv"):
        pod = world.get("Deployment", name)["spec"]["template"]["spec"]
        variables = {found["name"]: found.get("value") for found in pod["containers"][0]["env"]}
        assert pod["imagePullSecrets"] == [{"name": "ghcr"}]
        assert variables["PRISM_TRACING_ENDPOINT"] == "http://jaeger:14268"
        assert variables["PRISM_METRICS_PORT"] == "9091"


def test_a_stack_is_not_ready_before_its_change_is_carried_out(world: World) -> None:
    """After every change Ready speaks of the new generation only once the pods are those of the new spec."""
    world.stack("s")
    world.ready("PrismStack", "s")
    for version in ("v2", "v3", "v4"):
        image = f"ghcr.io/prism/prism-proxy:{version}"
        world.specify("PrismStack", "s", proxy={"image": image})
        world.ready("PrismStack", "s")
        pods = [
            pod for pod in world.all("Pod", "component=prism-proxy") if not pod["metadata"].get("deletionTimestamp")
        ]
        assert {pod["spec"]["containers"][0]["image"] for pod in pods} == {image}


def test_a_paused_stack_is_left_as_it_is(world: World) -> None:
    """While it carries the annotation nothing of it is changed, and it says so; without it all is made up for."""
    world.stack("s")
    world.ready("PrismStack", "s")
    world.patch("PrismStack", "s", {"metadata": {"annotations": {"prism.io/paused": "true"}}})
    world.becomes("PrismStack", "s", "Ready=Unknown Paused", phase="Running")
    world.specify("PrismStack", "s", proxy={"replicas": 3})
    world.delete("Service", "s-admin")
    eventually(lambda: world.get("PrismStack", "s")["status"]["observedGeneration"] == 2)
    assert conditions(world.get("PrismStack", "s"))["Ready"] == "Unknown Paused"
    assert world.get("Deployment", "s-proxy")["spec"]["replicas"] == 1
    assert world.find("Service", "s-admin") is None
    world.patch("PrismStack", "s", {"metadata": {"annotations": {"prism.io/paused": None}}})
    world.ready("PrismStack", "s")
    assert world.get("Deployment", "s-proxy")["spec"]["replicas"] == 3
    assert world.find("Service", "s-admin") is not None
