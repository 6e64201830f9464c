"""Findings as a whole: the worst first, the same for the same objects, none where all is well, and never an error."""

from __future__ import annotations

import copy
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_prism.model.conditions import NOT_RECONCILED
from kubectl_prism.model.finding import CODES
from kubectl_prism.model.meta import Manifest
from kubectl_prism.view import findings
from kubectl_prism.view.findings.case import quoted
from kubectl_prism.view.objects import KINDS, Objects
from tests.view.objects import NOW, conditions, named
from tests.view.scenes import (
    ADMIN,
    BACKEND,
    PATTERN,
    PROXY,
    STACK,
    TENANT,
    ago,
    event,
    found,
    lease,
    node,
    pod,
    program,
    running,
    seen,
    unplaced,
    waiting,
)

SECRET = "Secret vault/pg (spec.connection.secretRef) does not exist"
MISMATCH = "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector."
STARVED = {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": ago(60)}}
REFUSED = {
    "type": "ReplicaFailure",
    "status": "True",
    "reason": "FailedCreate",
    "message": "exceeded quota: q, used: 1",
}
LEASES = (lease(), lease("prism-admin-leader", renewed=90))
EVENTS = (
    event("Pod", "kv-1", "Failed", "manifest unknown", lastTimestamp=ago(5)),
    event("PrismNamespace", "old", "NotReleased", "no answer"),
)


def troubled() -> Objects:
    """Return a stack with something wrong in every area."""
    admin = {"replicas": 2, "leaderElection": {"enabled": True}}
    gone = named("PrismNamespace", "gone", spec={}, status=conditions())
    gone["metadata"] |= {"deletionTimestamp": ago(900), "finalizers": ["prism.io/release"]}
    spent = {**conditions(), "metrics": {"currentKeys": 10}}
    stalled = conditions("False", reason="SecretNotFound", message=SECRET, stalled="True")
    return seen(
        stacks=(
            {**STACK, "spec": {**STACK["spec"], "admin": admin}},
            named("PrismStack", "new", spec={}, status={"conditions": [NOT_RECONCILED]}),
        ),
        patterns=(PATTERN, named("PrismPattern", "cold", spec={"backend": "pg"}, status=conditions())),
        backends=({**BACKEND, "status": stalled},),
        namespaces=(
            {**TENANT, "spec": {**TENANT["spec"], "quotas": {"maxKeys": 10}, "ttl": "1m"}, "status": spent},
            gone,
        ),
        deployments=(
            program("demo-proxy", STACK, "prism-proxy", pod_spec={"nodeSelector": {"role": "proxy"}}),
            ADMIN,
            {**program("kv", PATTERN, "prism-pattern"), "status": {"conditions": [REFUSED]}},
        ),
        pods=(
            pod("demo-proxy-1", "demo-proxy", unplaced(MISMATCH), nodeName=""),
            pod("demo-proxy-2", "demo-proxy", unplaced(MISMATCH), nodeName=""),
            pod("demo-admin-1", "demo-admin", waiting("CrashLoopBackOff", lastState=STARVED, restartCount=3)),
            pod("kv-1", "kv", waiting("ErrImagePull", "rpc error")),
            pod("kv-2", "kv", waiting("CrashLoopBackOff", restartCount=3)),
            pod("kv-3", "kv", running(ready=False), nodeName="node-2"),
        ),
        nodes=(node("node-1"), node("node-2", ready=False)),
    )


def test_a_stack_that_is_well_has_no_findings() -> None:
    """Nothing is wrong, and nothing is said."""
    assert found(seen()) == []
    assert findings.findings(Objects(), (), (), NOW) == []


def test_the_worst_comes_first() -> None:
    """Severity, then code, then the object with the symptom."""
    listed = found(troubled(), leases=LEASES, events=EVENTS)
    assert [(one.severity, one.code, one.ref.name) for one in listed] == [
        (3, "PRISM104", "new"),
        (3, "PRISM201", "demo"),
        (3, "PRISM203", "demo"),
        (3, "PRISM204", "demo"),
        (3, "PRISM206", "demo"),
        (3, "PRISM301", "demo"),
        (3, "PRISM307", "demo"),
        (3, "PRISM402", "demo"),
        (3, "PRISM503", "demo"),
        (3, "PRISM708", "acme"),
        (2, "PRISM105", "gone"),
        (2, "PRISM710", "acme"),
        (2, "PRISM711", "old"),
        (1, "PRISM406", "demo"),
    ]


def test_the_order_of_the_objects_does_not_matter() -> None:
    """Lists come from the API server and from a store in whatever order."""
    whole, expected = troubled(), found(troubled(), leases=LEASES, events=EVENTS)
    for seed in range(20):
        shuffle = random.Random(seed)  # noqa: S311 - an order, no secret
        fields: dict[str, Any] = {
            name: tuple(shuffle.sample(getattr(whole, name), len(getattr(whole, name)))) for name in KINDS
        }
        leases, events = (tuple(shuffle.sample(part, len(part))) for part in (LEASES, EVENTS))
        assert findings.findings(Objects(**fields), leases, events, NOW) == expected


def test_every_code_that_is_found_is_in_the_table_and_every_code_of_the_table_can_be_found() -> None:
    """The sources name each code, and no other."""
    sources = "".join(file.read_text() for file in sorted(Path(findings.__file__).parent.glob("*.py")))
    assert set(re.findall(r"PRISM\d{3}", sources)) == set(CODES)


def test_every_finding_can_be_acted_on() -> None:
    """A command that is complete, the same as that of its change, and a page to read."""
    for one in found(troubled(), leases=LEASES, events=EVENTS):
        assert one.command.startswith("kubectl ")
        assert one.change is None or one.command == one.change.command
        assert one.chain[0].ref == one.ref
        assert one.title
        assert all("\n" not in line for line in one.evidence)
        assert one.docs.endswith(".md")


def test_no_evidence_repeats_a_secret() -> None:
    """Neither an environment value, nor a connection, nor what a container wrote before it ended."""
    objects = troubled()
    ended = {"terminated": {"exitCode": 1, "message": "hunter2"}}
    crashing = pod("kv-9", "kv", waiting("CrashLoopBackOff", lastState=ended, restartCount=1))
    crashing["spec"]["containers"][0]["env"] = [{"name": "PASSWORD", "value": "hunter2"}]
    backend = copy.deepcopy(objects.backends[0])
    backend["spec"]["connection"] = {"url": "postgres://prism:hunter2@db:5432/prism"}
    told = found(Objects(**{**vars(objects), "pods": (crashing,), "backends": (backend,)}))
    assert "PRISM503" in {one.code for one in told}
    assert "hunter2" not in str(told)


def test_a_quote_is_one_line_of_bounded_length() -> None:
    """Messages of others may be long, hold line breaks, or a login."""
    line = quoted("here", "a\n b redis://me:pw@host/0 " + "x" * 1000)
    assert line.startswith("here: a b redis://…@host/0 x")
    assert len(line) == len("here: ") + 400


def paths(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything in a manifest."""
    if path:
        yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(inner, (*path, key))


def spoilt(obj: Manifest, path: tuple[Any, ...], value: object) -> Manifest:
    """Return the manifest with something else at a path."""
    result = holder = copy.deepcopy(obj)
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return result


WHOLE = {name: getattr(troubled(), name) for name in KINDS} | {"leases": LEASES, "events": EVENTS}
EVERYTHING = found(troubled(), leases=LEASES, events=EVENTS)
PLACES = [(name, index, path) for name, held in WHOLE.items() for index, obj in enumerate(held) for path in paths(obj)]
WORDS = st.sampled_from(["", "x", "True", "False", "2026-01-02T03:04:05Z", "5m", "Unschedulable", "OOMKilled"])
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2**63) | st.floats(0, 1e9) | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)


@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), JSON), min_size=1, max_size=3))
def test_no_object_is_too_odd(changes: list[tuple[tuple[str, int, tuple[Any, ...]], Any]]) -> None:
    """Whatever stands in a field, the others are still judged and nothing raises."""
    world = {name: list(held) for name, held in WHOLE.items()}
    for (name, index, path), value in changes:
        if path in set(paths(world[name][index])):
            world[name][index] = spoilt(world[name][index], path, value)
    fields: dict[str, Any] = {name: tuple(world[name]) for name in KINDS}
    told = findings.findings(Objects(**fields), tuple(world["leases"]), tuple(world["events"]), NOW)
    assert all(one.code in CODES and one.title and one.command for one in told)


@given(odd=JSON)
def test_what_is_no_object_at_all_is_passed_over(odd: Any) -> None:  # noqa: ANN401 - JSON
    """A list may hold anything."""
    fields: dict[str, Any] = dict.fromkeys(KINDS, (odd, {}, {"metadata": odd}, {"spec": odd, "status": odd}))
    findings.findings(Objects(**fields), (odd,), (odd,), NOW)


@pytest.mark.parametrize("odd", [None, 5, "x", [5], {"x": 5}], ids=str)
def test_each_field_in_turn_may_be_odd(odd: object) -> None:
    """One field of one object holds what it should not, and everything else is judged."""
    for name, index, path in PLACES:
        held = WHOLE[name]
        world = {**WHOLE, name: (*held[:index], spoilt(held[index], path, odd), *held[index + 1 :])}
        fields = {kind: world[kind] for kind in KINDS}
        told = findings.findings(Objects(**fields), world["leases"], world["events"], NOW)
        assert len(told) >= len(EVERYTHING) - 6


def test_ten_thousand_pods_of_which_few_are_bad_cost_little() -> None:
    """A screen asks every second: what is well is looked at once, and cheaply."""
    pods = [pod(f"kv-{number}", "kv", running()) for number in range(10_000)]
    pods += [pod(f"bad-{number}", "demo-proxy", unplaced(MISMATCH), nodeName="") for number in range(20)]
    objects = seen(pods=tuple(pods), deployments=(PROXY, ADMIN))
    best = min(_took(objects) for _ in range(5))
    assert best < 0.05


def _took(objects: Objects) -> float:
    began = time.process_time()
    assert len(found(objects)) == 1
    return time.process_time() - began
