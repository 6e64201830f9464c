"""A stack is a tree of what is really there, worst first, and says what it waits for."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from kubectl_prism.model import meta
from kubectl_prism.model.conditions import NOT_RECONCILED
from kubectl_prism.model.meta import Key, Manifest
from kubectl_prism.view import status
from kubectl_prism.view.health import Severity, health
from kubectl_prism.view.objects import Objects, observed
from kubectl_prism.view.stack import find, tree, trees
from kubectl_prism.view.waits import wait_reasons
from tests.view.objects import NOW, conditions, deployment, named, pod, unschedulable

STACK = named("PrismStack", "demo", spec={"patterns": [{"name": "kv"}, {"name": "late"}]}, status=conditions())
PATTERN = named(
    "PrismPattern", "kv", owner=STACK, spec={"pattern": "keyvalue", "backend": "redis"}, status=conditions()
)


def world(*, available: int = 1, pods: tuple[Manifest, ...] = (), stack: Manifest = STACK) -> Objects:
    return Objects(
        stacks=(stack,),
        patterns=(PATTERN,),
        backends=(named("PrismBackend", "free", spec={"type": "cache"}, status=conditions()),),
        deployments=(
            deployment("demo-proxy", STACK, "prism-proxy"),
            deployment("demo-admin", STACK, "prism-admin"),
            deployment("kv", PATTERN, "prism-pattern", available=available),
        ),
        pods=(pod("demo-proxy-1", "demo-proxy"), pod("demo-admin-1", "demo-admin"), *pods),
        nodes=({"metadata": {"name": "node-1", "labels": {"prism.io/simulated": "true"}}},),
    )


def test_children_are_found_and_what_is_missing_waits() -> None:
    """Proxy, admin and patterns are there with their pods; a pattern that nobody made yet is first, as it waits."""
    found = tree(STACK, world(pods=(pod("kv-1", "kv"),)), NOW)
    assert [(part.kind, part.name, part.health.word, part.ready) for part in found.components] == [
        ("pattern", "late", "Missing", ""),
        ("proxy", "demo-proxy", "Ready", "1/1"),
        ("admin", "demo-admin", "Ready", "1/1"),
        ("pattern", "kv", "Ready", "1/1"),
    ]
    assert [row.name for row in found.components[3].pods] == ["kv-1"]
    assert (found.severity, found.is_ready, found.simulated) == (Severity.WAITING, False, True)


def test_nobody_says_of_what_may_not_be_read_that_it_is_missing() -> None:
    """Who may read stacks alone is told so of each part, and the stack is what its reconciler says of it."""
    found = tree(STACK, Objects(stacks=(STACK,), unread=frozenset({"Deployment", "PrismPattern"})), NOW)
    assert {part.health.reason for part in found.components} == {"NotReadable"}
    assert (len(found.components), found.verdict.word, found.is_ready) == (4, "Ready", True)
    partly = tree(STACK, Objects(stacks=(STACK,), unread=frozenset({"PrismPattern"})), NOW)
    assert [part.health.word for part in partly.components] == ["Missing", "Missing", "Unknown", "Unknown"]


def test_a_disabled_admin_is_not_missed() -> None:
    """`admin.enabled: false` means that no admin is waited for."""
    without = named("PrismStack", "bare", spec={"admin": {"enabled": False}}, status=conditions())
    assert [part.kind for part in tree(without, Objects(stacks=(without,)), NOW).components] == ["proxy"]


def test_a_pattern_is_as_bad_as_its_pods_are_now() -> None:
    """A Ready of yesterday does not hide a pod that no node takes; the node selector is named."""
    objects = world(available=0, pods=(pod("kv-1", "kv", **unschedulable()),))
    part = tree(STACK, objects, NOW).components[0]
    assert (part.name, part.health.severity, part.health.word) == ("kv", Severity.BAD, "Unschedulable")
    assert part.health.message.startswith("no node fits: 6 of 9 do not match its node selector or affinity")
    assert part.health.message.endswith("(node selector role=gpu)")


def test_what_no_stack_owns_stands_apart() -> None:
    """A backend of its own is in a tree without a name, after the stack that waits."""
    found = trees(world(), NOW)
    assert [(one.namespace, one.name) for one in found] == [("shop", "demo"), ("shop", "")]
    assert [part.name for part in found[1].components] == ["free"]
    assert find(found, Key("shop", "demo")) == found[0]
    assert find(found, Key("shop", "other")) is None


def test_waits_are_one_line_each_and_end_with_the_last_of_them() -> None:
    """Each thing that is not Ready has its reason; a stack with everything Ready waits for nothing."""
    objects = world(available=0, pods=(pod("kv-1", "kv", **unschedulable()),))
    lines = wait_reasons(objects, NOW)
    assert lines[0].startswith("pattern kv (0/1 ready): no node fits: 6 of 9")
    assert lines[1:] == ["pattern late: is not created yet"]
    assert wait_reasons(objects, NOW, stack=Key("shop", "other")) == []
    whole = {**STACK, "spec": {"patterns": [{"name": "kv"}]}}
    assert wait_reasons(world(stack=whole), NOW) == []


def test_a_backend_that_nobody_can_check_is_not_waited_for() -> None:
    """Unknown is no failure: the stack counts as ready and nothing is waited for."""
    unknown = named("PrismBackend", "far", owner=STACK, spec={}, status=conditions("Unknown", message="too far"))
    whole = {**STACK, "spec": {"patterns": [{"name": "kv"}]}}
    objects = Objects(**{**_fields(world(stack=whole)), "backends": (unknown,)})
    found = tree(whole, objects, NOW)
    assert (found.components[0].health.word, found.is_ready) == ("Unknown", True)
    assert wait_reasons(objects, NOW) == []


def _fields(objects: Objects) -> dict[str, Any]:
    return {name: getattr(objects, name) for name in Objects.__dataclass_fields__}


def test_conditions_of_an_older_generation_are_no_answer() -> None:
    """Ready for generation 1 says nothing of generation 2."""
    changed = {**STACK, "metadata": {**STACK["metadata"], "generation": 2}}
    assert (health(changed).severity, health(changed).reason) == (Severity.WAITING, "NewGeneration")


def test_what_nobody_looked_at_waits_and_what_stalled_is_bad() -> None:
    """Health follows Ready and Stalled; deletion says what holds it up."""
    new = health(named("PrismStack", "new"))
    assert new == health(named("PrismStack", "new", status={"conditions": [NOT_RECONCILED]}))
    assert (new.word, new.is_fine) == ("Pending", False)
    stuck = health(
        named("PrismStack", "s", status=conditions("False", reason="NameTaken", message="no", stalled="True"))
    )
    assert (stuck.severity, stuck.word, stuck.reason) == (Severity.BAD, "Stalled", "NameTaken")
    going = named("PrismStack", "g", status=conditions())
    going["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["prism.io/x"]}
    assert health(going).explanation == "waits for prism.io/x"


def test_the_screen_reads_as_a_tree() -> None:
    """Stack, components and pods are indented, the reason stands last, a summary ends it."""
    found = trees(world(available=0, pods=(pod("kv-1", "kv", **unschedulable()),)), NOW)
    lines = [" ".join(line.split()) for line in status.lines(found)]
    assert lines[:3] == [
        "NAME STATUS READY AGE REASON",
        "shop/demo Degraded 3m the reconciler has not judged this yet, or is not running",
        "pattern kv Unschedulable 0/1 3m no node fits: 6 of 9 do not match its node selector or affinity,"
        " 3 have a taint that it does not tolerate (node selector role=gpu)",
    ]
    assert "pod demo-proxy-1 Running 1/1 3m on node-1 (simulated)" in lines
    assert lines[-1].startswith("1 stack (1 not ready), 5 components (2 not ready), 3 pods (1 not ready)")
    assert lines[-1].endswith("pods are simulated: nothing runs in them")


def test_a_long_stack_is_cut_and_wide_shows_it_all() -> None:
    """Of many Ready patterns some are shown, and how many more there are; `wide` shows every one and every pod."""
    names = [f"p{number:02}" for number in range(40)]
    stack = named("PrismStack", "big", spec={"admin": {"enabled": False}}, status=conditions())
    patterns = tuple(named("PrismPattern", name, owner=stack, spec={}, status=conditions()) for name in names)
    proxy = deployment("big-proxy", stack, "prism-proxy")
    found = trees(Objects(stacks=(stack,), patterns=patterns, deployments=(proxy,)), NOW)
    short, wide = status.lines(found), status.lines(found, wide=True)
    assert any("… and 29 more" in line for line in short)
    assert (len(short) < 20, sum("pattern p" in line for line in wide)) == (True, 40)


def test_colours_come_from_severity_and_do_not_move_columns() -> None:
    """A painter sees each word with its severity; without its marks the text is the same."""
    found = trees(world(), NOW)
    painted = status.lines(found, lambda text, severity: f"<{severity.name}>{text}</>")
    bare = [line.replace("</>", "") for line in painted]
    for severity in Severity:
        bare = [line.replace(f"<{severity.name}>", "") for line in bare]
    assert bare == status.lines(found)
    assert any("<WAITING>Missing" in line for line in painted)


def test_data_has_stable_keys() -> None:
    """`-o json` carries the same tree."""
    data = status.data(trees(world(pods=(pod("kv-1", "kv"),)), NOW))
    assert (data["kind"], data["ready"], [item["name"] for item in data["items"]]) == (
        "StatusList",
        False,
        ["demo", ""],
    )
    assert set(data["items"][0]) == {
        "kind", "namespace", "name", "ready", "severity", "status", "reason", "message", "allReady", "simulated",
        "components",
    }  # fmt: skip
    assert data["items"][0]["components"][3]["podList"][0]["node"] == "node-1"


def test_observed_asks_for_every_kind_once() -> None:
    """Objects are filled by kind, from anything that lists."""
    asked: list[str] = []
    observed(lambda kind: asked.append(kind) or ())  # type: ignore[func-returns-value] # append, then nothing
    assert asked == ["PrismStack", "PrismPattern", "PrismBackend", "PrismNamespace", "Deployment", "Pod", "Node"]


def test_odd_objects_do_not_stop_a_list() -> None:
    """Objects without spec, status or labels are shown all the same."""
    odd: Manifest = {"kind": "PrismStack", "metadata": {"name": "odd", "uid": "u"}, "spec": None, "status": []}
    child = {"kind": "Deployment", "metadata": {"ownerReferences": [{"uid": "u", "controller": True}]}}
    found = trees(Objects(stacks=(odd,), deployments=(child,), pods=({"kind": "Pod"},)), NOW)
    assert [one.name for one in found] == ["odd"]
    assert status.lines(found)


def test_each_pod_is_looked_at_a_few_times_however_many_patterns_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of patterns cost what each of them costs, not each of them times all the others."""
    names = [f"kv-{number}" for number in range(200)]
    patterns = tuple(named("PrismPattern", name, owner=STACK, spec={}, status=conditions()) for name in names)
    children = tuple(deployment(name, pattern, "prism-pattern") for name, pattern in zip(names, patterns, strict=True))
    pods = tuple(pod(f"{name}-1", name) for name in names)
    looks: Counter[str] = Counter()
    labels, controller_of = meta.labels, meta.controller_of

    def counted_labels(obj: Manifest) -> dict[str, str]:
        looks["labels"] += 1
        return labels(obj)

    def counted_controller_of(obj: Manifest) -> Manifest | None:
        looks["controller"] += 1
        return controller_of(obj)

    monkeypatch.setattr(meta, "labels", counted_labels)
    monkeypatch.setattr(meta, "controller_of", counted_controller_of)
    found = tree(STACK, Objects(stacks=(STACK,), patterns=patterns, deployments=children, pods=pods), NOW)
    assert sum(len(part.pods) for part in found.components) == len(names)
    assert looks.total() < 10 * len(names)
