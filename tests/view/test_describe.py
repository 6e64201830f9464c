"""All about one object is told in lines, and nothing that is secret is among them."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_prism.model.meta import Manifest
from kubectl_prism.view import tenants
from kubectl_prism.view.describe import described
from tests.view.objects import NOW, conditions, deployment, named, pod
from tests.view.odd import manifests

SECRET = "hunter2"
URL = f"redis://admin:{SECRET}@redis.internal:6379"
STACK = named(
    "PrismStack",
    "demo",
    labels={"team": "pay"},
    spec={
        "proxy": {"replicas": 3, "image": "p:1", "placement": {"strategy": "MultiZone"}},
        "admin": {"leaderElection": {"enabled": True}, "replicas": 3},
        "patterns": [{"name": "kv"}, {"name": "queue"}],
        "backends": [{"name": "cache", "connectionString": URL}],
    },
    status={**conditions(message="all\nis well"), "phase": "Running", "proxies": "3/3", "patterns": "2/2"},
)
STACK["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": URL}


def text(obj: Manifest, *events: Manifest, children: tuple[Manifest, ...] = ()) -> str:
    return "\n".join(described(obj, events, NOW, children=children))


def env(name: str = "main") -> Manifest:
    secret = {"name": "TOKEN", "value": SECRET}
    return {
        "name": name,
        "image": "x/y:1",
        "env": [secret],
        "resources": {"limits": {"memory": "1Gi", "cpu": 1}},
        "args": [URL],
    }


def test_a_stack_is_told_from_head_to_events() -> None:
    """Facts, conditions, children with the worst first, and Events with the newest last."""
    children = (
        deployment("demo-proxy", STACK, "prism-proxy"),
        named("PrismPattern", "kv", owner=STACK, status=conditions("False", reason="No", message="not yet")),
        named("Service", "demo-proxy", owner=STACK),
    )
    event = {"type": "Normal", "reason": "Ready", "message": "is Ready", "lastTimestamp": "2026-01-02T03:02:05Z"}
    assert text(STACK, event, children=children) == textwrap.dedent(
        """\
        Name:            shop/demo
        Kind:            PrismStack
        Age:             3m
        Status:          Ready
        Phase:           Running
        Labels:          team=pay
        Proxies:         3/3 ready; 3 wanted; p:1; MultiZone; spread over zones, at most 1 apart
        Admins:          3 wanted
        Leader election: by Lease prism-admin-leader
        Patterns:        2/2 ready; kv, queue
        Backends:        cache

        Conditions:
          TYPE     STATUS  SINCE      REASON  MESSAGE
          Ready    True    <unknown>  Ok      all is well
          Stalled  False   <unknown>  Ok      all is well

        Children:
          OBJECT                      STATUS       AGE  REASON
          PrismPattern shop/kv        Progressing  3m   not yet
          Deployment shop/demo-proxy  Ready        3m
          Service shop/demo-proxy                  3m

        Events:
          2m  Normal  Ready  is Ready"""
    )


def test_a_pod_is_told_with_its_containers() -> None:
    """Node, image, state, restarts and limits; a failed start says why."""
    one = pod(
        "kv-1",
        "kv",
        phase="Pending",
        podIP="10.0.0.7",
        containerStatuses=[
            {"name": "main", "restartCount": 1, "state": {"running": {"startedAt": "2026-01-02T03:03:05Z"}}},
            {"name": "side", "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}},
        ],
    )
    one["spec"]["containers"] = [env(), {"name": "side", "image": "s:1"}]
    lines = [" ".join(line.split()) for line in described(one, [], NOW)]
    assert lines[3:] == [
        "Status: CrashLoopBackOff: container side crashed, again and again",
        "Phase: Pending",
        "Labels: runner=kv",
        "Node: node-1",
        "IP: 10.0.0.7",
        "Container main: x/y:1; running for 60s; 1 restart; limits cpu 1, memory 1Gi",
        "Container side: s:1; waiting CrashLoopBackOff; 4 restarts",
        "",
        "Events: none",
    ]


def test_a_pattern_a_backend_and_a_deployment_have_facts_of_their_own() -> None:
    """What each kind is for, in the order of its spec."""
    pattern = named(
        "PrismPattern",
        "kv",
        spec={
            "pattern": "keyvalue",
            "backend": "redis",
            "backendConfig": {"name": "cache"},
            "config": {"ttl": SECRET, "maxKeys": 5},
            "service": {"port": 8080},
            "autoscaling": {"enabled": True, "maxReplicas": 5},
        },
        status=conditions(),
    )
    assert [" ".join(line.split()) for line in described(pattern, [], NOW)][4:9] == [
        "Pattern: keyvalue",
        "Backend: redis; PrismBackend cache",
        "Runners: 0 available; autoscaled 1 to 5",
        "Settings: maxKeys, ttl",
        "Service port: 8080",
    ]
    reference = {"type": "cache", "connection": {"secretRef": {"name": "creds"}}, "tls": {"enabled": True}}
    far = named("PrismBackend", "cache", spec=reference, status={**conditions(), "lastChecked": "2026-01-02T03:03:05Z"})
    assert [" ".join(line.split()) for line in described(far, [], NOW)][4:10] == [
        "Type: cache",
        "Provider: cache",
        "Connection: from Secret shop/creds",
        "TLS: on",
        "Health check: every 30s",
        "Last answer: 60s ago",
    ]
    made = deployment("kv", pattern, "prism-pattern")
    assert [" ".join(line.split()) for line in described(made, [], NOW)][6:9] == [
        "Replicas: 1/1 available",
        "Selector: runner=kv",
        "Placement: nodes with role=gpu",
    ]


def _templated(container: Manifest) -> Manifest:
    made = deployment("kv", STACK, "prism-proxy")
    made["spec"]["template"]["spec"]["containers"] = [container]
    return made


def _running(container: Manifest) -> Manifest:
    one = pod("kv-1", "kv")
    one["spec"]["containers"] = [container]
    return one


@pytest.mark.parametrize(
    "obj",
    [
        STACK,
        named("PrismBackend", "cache", spec={"type": "cache", "connection": {"url": URL}}),
        named("PrismPattern", "kv", spec={"config": {"password": SECRET}}),
        _templated(env()),
        _running(env()),
        named("Secret", "s", data={"x": SECRET}, stringData={"y": SECRET}),
        named("ConfigMap", "c", data={"url": URL}),
    ],
    ids=lambda obj: obj["kind"],
)
def test_nothing_secret_is_told(obj: Manifest) -> None:
    """No URL, no value of a variable or setting, no data, no annotation that holds a whole manifest."""
    told = text(obj, children=(obj,))
    assert SECRET not in told
    assert "redis.internal" not in told


def test_a_url_is_said_to_be_there() -> None:
    """Who looks for the connection learns that there is one."""
    backend = named("PrismBackend", "cache", spec={"connection": {"url": URL}})
    assert "Connection:   <redacted>" in described(backend, [], NOW)


def test_a_tenant_is_told_as_the_command_tells_it() -> None:
    """One description of one thing."""
    obj = named("PrismNamespace", "acme", status=conditions())
    assert described(obj, [], NOW) == tenants.described(obj, [], NOW)


def test_children_are_named_and_then_counted() -> None:
    """A stack of two thousand patterns can still be read."""
    crowd = tuple(named("PrismPattern", f"p{number:04}", status=conditions()) for number in range(2000))
    lines = described(STACK, [], NOW, children=crowd)
    assert "  … and 1950 more" in lines


ODD: dict[str, Any] = {"series": {}, "type": 3, "message": ["x"]}


@given(
    st.sampled_from(
        ["PrismStack", "PrismPattern", "PrismBackend", "PrismNamespace", "Deployment", "Pod", "Other"]
    ).flatmap(manifests),
    st.lists(manifests("Event").map(lambda event: {**event, **ODD}), max_size=2),
)
def test_odd_objects_are_described(obj: Manifest, events: list[Manifest]) -> None:
    """Whatever somebody stored, each line is one line."""
    lines = described(obj, events, NOW, children=[obj])
    assert [line for line in lines if "\n" in line] == []
    assert lines[0].startswith("Name:")
