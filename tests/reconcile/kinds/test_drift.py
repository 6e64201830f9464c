"""What others do to our children, and what is somebody else's: repaired here, left alone there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.reconcile.kinds.answers import Answers
from tests.reconcile.kinds.world import CHILD_KINDS, WITHIN, World, eventually, message

COLLECTED = 30.0 + WITHIN
"""Seconds until what is nobody's any more is gone: the garbage collector looks for new kinds every 30 s only."""


def held(obj: dict[str, Any], path: str) -> Any:  # noqa: ANN401 - JSON
    """Return the field at a path such as `spec.ports.0.port`."""
    found: Any = obj
    for step in path.split("."):
        found = found[int(step)] if isinstance(found, list) else found[step]
    return found


def container(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a change of the runner's container."""
    return {"spec": {"template": {"spec": {"containers": [{"name": "keyvalue-runner", **fields}]}}}}


@pytest.mark.parametrize(
    ("kind", "path", "change"),
    [
        ("Deployment", "spec.replicas", {"spec": {"replicas": 7}}),
        ("Deployment", "spec.template.spec.containers.0.image", container(image="somebody/else:1")),
        ("Deployment", "spec.template.spec.containers.0.args", container(image="i", args=["-v"])),
        ("Deployment", "metadata.labels.component", {"metadata": {"labels": {"component": "theirs"}}}),
        ("Service", "spec.type", {"spec": {"type": "NodePort"}}),
        ("Service", "spec.selector", {"spec": {"selector": {"runner": "other"}}}),
        ("ConfigMap", "data", {"data": {"PRISM_CONFIG_TTL": "never", "config.yaml": None}}),
        ("PodDisruptionBudget", "spec.maxUnavailable", {"spec": {"maxUnavailable": 2}}),
        ("Secret", "data.PRISM_CONFIG_PASSWORD", {"data": {"PRISM_CONFIG_PASSWORD": "bm8="}}),
    ],
)
def test_a_field_that_somebody_changed_is_put_back(world: World, kind: str, path: str, change: dict[str, Any]) -> None:
    """The child holds what the pattern wants again, and an Event names the field, never its value."""
    world.pattern("p", replicas=2, config={"ttl": "1h", "password": "hunter2"}, service={"port": 8080})
    world.ready("PrismPattern", "p")
    wanted = held(world.get(kind, "p"), path)
    world.patch(kind, "p", change)

    def is_back() -> bool:
        assert held(world.get(kind, "p"), path) == wanted
        return True

    eventually(is_back)
    [said] = world.told("p", "DriftRepaired")
    assert said.startswith(f"{kind} {world.namespace}/p was changed by somebody else: ")
    assert "hunter2" not in said
    world.ready("PrismPattern", "p")


@pytest.mark.parametrize("kind", ["Deployment", "Service", "ConfigMap", "PodDisruptionBudget"])
def test_a_child_that_was_deleted_is_made_again(world: World, kind: str) -> None:
    """The same child comes back as a new object, and the pattern is Ready with it."""
    world.pattern("p", replicas=2, service={"port": 8080})
    world.ready("PrismPattern", "p")
    before = world.get(kind, "p")
    world.delete(kind, "p")
    after = eventually(
        lambda: (found := world.get(kind, "p"))["metadata"]["uid"] != before["metadata"]["uid"] and found
    )
    assert after["metadata"]["labels"] == before["metadata"]["labels"]
    world.ready("PrismPattern", "p")


@pytest.mark.parametrize("field", ["ownerReferences", "labels"])
@pytest.mark.parametrize("kind", ["Deployment", "Service", "ConfigMap"])
def test_a_child_that_lost_its_owner_or_labels_gets_them_back(world: World, kind: str, field: str) -> None:
    """A stripped ownerReference or label set is repaired in place: the object is not made anew."""
    world.pattern("p", service={"port": 8080})
    world.ready("PrismPattern", "p")
    before = world.get(kind, "p")["metadata"]
    world.patch(kind, "p", {"metadata": {field: None}})
    eventually(lambda: world.get(kind, "p")["metadata"].get(field) == before[field])
    assert world.get(kind, "p")["metadata"]["uid"] == before["uid"]
    world.ready("PrismPattern", "p")


def test_what_others_add_to_a_child_stays(world: World) -> None:
    """Annotations, labels and fields that no intent speaks of belong to whoever set them."""
    world.pattern("p")
    world.ready("PrismPattern", "p")
    theirs = {"metadata": {"annotations": {"example.com/note": "theirs"}, "labels": {"example.com/team": "x"}}}
    world.patch("Deployment", "p", {**theirs, "spec": {"minReadySeconds": 1}})
    world.patch("Deployment", "p", {"spec": {"replicas": 3}})
    eventually(lambda: world.get("Deployment", "p")["spec"]["replicas"] == 1)
    found = world.get("Deployment", "p")
    assert found["metadata"]["annotations"]["example.com/note"] == "theirs"
    assert found["metadata"]["labels"]["example.com/team"] == "x"
    assert found["spec"]["minReadySeconds"] == 1


THEIRS: dict[str, dict[str, Any]] = {
    "ConfigMap": {"data": {"theirs": "1"}},
    "Deployment": {
        "spec": {
            "selector": {"matchLabels": {"app": "theirs"}},
            "template": {
                "metadata": {"labels": {"app": "theirs"}},
                "spec": {"containers": [{"name": "c", "image": "theirs:1"}]},
            },
        }
    },
    "Service": {"spec": {"ports": [{"port": 1}]}},
}
"""Objects of somebody else."""


@pytest.mark.parametrize("kind", THEIRS)
def test_a_name_that_is_taken_is_never_taken_over(world: World, kind: str) -> None:
    """The owner stalls and says whose the name is; the object stays as it was; once it goes, the owner goes on."""
    world.create(kind, "p", **THEIRS[kind])
    if kind == "Deployment":
        eventually(lambda: world.get(kind, "p")["status"].get("availableReplicas"))
    before = world.get(kind, "p")
    world.pattern("p", service={"port": 8080})
    judged = world.stalled("PrismPattern", "p", "NameTaken")
    assert f"{kind} {world.namespace}/p exists" in message(judged)
    assert world.told("p", "NameTaken")
    world.patch("PrismPattern", "p", {"metadata": {"annotations": {"poke": "1"}}})
    world.stalled("PrismPattern", "p", "NameTaken")
    assert world.get(kind, "p") == before
    world.delete(kind, "p")
    world.ready("PrismPattern", "p")


def test_two_stacks_cannot_claim_one_pattern(world: World) -> None:
    """The pattern stays with the stack that had it; the other stalls until the name is free."""
    patterns = [{"name": "kv", "type": "keyvalue", "backend": "memstore"}]
    world.stack("first", patterns=patterns)
    world.ready("PrismStack", "first")
    mine = world.get("PrismPattern", "kv")["metadata"]["uid"]
    world.stack("second", patterns=patterns)
    judged = world.stalled("PrismStack", "second", "NameTaken")
    assert "belongs to PrismStack first" in message(judged)
    assert world.get("PrismPattern", "kv")["metadata"]["uid"] == mine
    world.ready("PrismStack", "first")
    world.specify("PrismStack", "first", patterns=[])
    world.ready("PrismStack", "second", within=COLLECTED)
    assert world.get("PrismPattern", "kv")["metadata"]["ownerReferences"][0]["name"] == "second"


def test_what_left_the_spec_of_a_stack_is_pruned(world: World, answers: Answers) -> None:
    """Patterns, backends, namespaces and the admin go with all that they own; the others are not touched."""
    world.stack(
        "s",
        admin={"leaderElection": {"enabled": True}, "replicas": 3},
        patterns=[{"name": name, "type": "keyvalue", "backend": "memstore"} for name in ("kept", "left")],
        backends=[{"name": name, "type": "cache", "healthCheck": {"enabled": False}} for name in ("b-kept", "b-left")],
        namespaces=[{"name": name, "namespaceId": name} for name in ("n-kept", "n-left")],
    )
    world.ready("PrismStack", "s")
    assert world.names("PrismNamespace") == {"n-kept", "n-left"}
    kept = world.get("Deployment", "kept")["metadata"]["uid"]
    world.specify(
        "PrismStack",
        "s",
        admin={"enabled": False},
        patterns=[{"name": "kept", "type": "keyvalue", "backend": "memstore"}],
        backends=[{"name": "b-kept", "type": "cache", "healthCheck": {"enabled": False}}],
        namespaces=[{"name": "n-kept", "namespaceId": "n-kept"}],
    )
    ours = "app.kubernetes.io/managed-by=prism-operator"
    left = {
        "PrismPattern": {"kept"},
        "PrismBackend": {"b-kept"},
        "PrismNamespace": {"n-kept"},
        "Deployment": {"kept", "s-proxy"},
        "Service": {"kept", "s-proxy"},
        "ConfigMap": {"kept", "b-kept"},
        "Role": set(),
        "RoleBinding": set(),
        "ServiceAccount": set(),
        "PodDisruptionBudget": set(),
    }

    def pruned() -> bool:
        assert {kind: world.names(kind, ours) for kind in left} == left
        return True

    eventually(pruned, within=COLLECTED)
    world.ready("PrismStack", "s")
    assert world.get("Deployment", "kept")["metadata"]["uid"] == kept


def test_a_deleted_stack_leaves_nothing(world: World, answers: Answers) -> None:
    """Everything that it made, and what that made, goes with it; what is somebody else's stays."""
    world.create("ConfigMap", "theirs", data={"a": "b"})
    world.stack(
        "s",
        proxy={"replicas": 2},
        admin={"leaderElection": {"enabled": True}},
        patterns=[{"name": "kv", "type": "keyvalue", "backend": "memstore"}],
        backends=[{"name": "redis", "type": "cache", "connectionString": "redis://redis:6379"}],
        namespaces=[{"name": "n", "namespaceId": "n"}],
    )
    world.ready("PrismStack", "s")
    world.delete("PrismStack", "s")
    ours = "app.kubernetes.io/managed-by=prism-operator"

    def emptied() -> bool:
        assert {kind: found for kind in (*CHILD_KINDS, "Pod") if (found := world.names(kind, ours))} == {}
        return True

    eventually(emptied)
    assert world.find("ConfigMap", "theirs")


def test_a_stack_that_comes_back_under_its_name_starts_anew(world: World) -> None:
    """Deleted and created again at once, it ends Ready with children that belong to the new one."""
    spec: dict[str, Any] = {"patterns": [{"name": "kv", "type": "keyvalue", "backend": "memstore"}]}
    world.stack("s", **spec)
    world.ready("PrismStack", "s")
    world.delete("PrismStack", "s")
    uid = world.stack("s", **spec)["metadata"]["uid"]
    world.ready("PrismStack", "s")
    for kind, name in (("Deployment", "s-proxy"), ("PrismPattern", "kv")):
        assert world.get(kind, name)["metadata"]["ownerReferences"][0]["uid"] == uid


def test_annotations_of_others_cost_a_pattern_nothing(world: World) -> None:
    """Each is a new generation of its Deployment; the pattern stays Ready and is not written once."""
    world.pattern("p")
    before = world.ready("PrismPattern", "p")["metadata"]["resourceVersion"]
    for number in range(20):
        world.patch("Deployment", "p", {"metadata": {"annotations": {"theirs": str(number)}}})
    deployment = world.get("Deployment", "p")

    def is_seen() -> bool:
        observed = world.get("Deployment", "p")["status"]["observedGeneration"]
        assert observed >= deployment["metadata"]["generation"]
        return True

    eventually(is_seen)
    assert world.ready("PrismPattern", "p")["metadata"]["resourceVersion"] == before
