"""A change is what a person reads before saying yes: its patch, its preview and its command say the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_prism.model import change
from kubectl_prism.model.change import Change, preview
from kubectl_prism.model.meta import Manifest, Ref

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def obj(kind: str, name: str, namespace: str = "shop", **body: Any) -> Manifest:  # noqa: ANN401 - JSON
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{name}", **body.pop("metadata", {})}
    return {"kind": kind, "metadata": metadata, **body}


PATTERN = obj("PrismPattern", "kv", spec={"replicas": 1})
STACK = obj(
    "PrismStack",
    "demo",
    spec={"proxy": {"replicas": 2}, "patterns": [{"name": "kv"}], "namespaces": [{"name": "acme"}]},
)
DEPLOYMENT = obj("Deployment", "demo-proxy", spec={"template": {"metadata": {"labels": {"a": "b"}}}})
NODE = obj("Node", "node-1", "", metadata={"namespace": None, "labels": {"role": "cpu"}})

CASES: list[tuple[Change, Manifest, str, list[str], str]] = [
    (
        change.scale(PATTERN, 3),
        PATTERN,
        "scale to 3 replicas",
        ["- spec.replicas: 1", "+ spec.replicas: 3"],
        "kubectl scale prismpattern kv -n shop --replicas=3",
    ),
    (
        change.scale_program(STACK, "proxy", 1),
        STACK,
        "scale its proxies to 1 replica",
        ["- spec.proxy.replicas: 2", "+ spec.proxy.replicas: 1"],
        """kubectl patch prismstack demo -n shop --type=merge -p '{"spec":{"proxy":{"replicas":1}}}'""",
    ),
    (
        change.scale_program(STACK, "admin", 3),
        STACK,
        "scale its admins to 3 replicas",
        ["+ spec.admin.replicas: 3"],
        """kubectl patch prismstack demo -n shop --type=merge -p '{"spec":{"admin":{"replicas":3}}}'""",
    ),
    (
        change.restart(DEPLOYMENT, NOW),
        DEPLOYMENT,
        "replace its pods, one after another",
        ["+ spec.template.metadata.annotations[kubectl.kubernetes.io/restartedAt]: 2026-01-02T03:04:05Z"],
        "kubectl rollout restart deployment demo-proxy -n shop",
    ),
    (
        change.label_node(NODE, {"tier": "data", "role": "gpu"}),
        NODE,
        "label with role=gpu, tier=data",
        ["- metadata.labels.role: cpu", "+ metadata.labels.role: gpu", "+ metadata.labels.tier: data"],
        "kubectl label node node-1 role=gpu tier=data --overwrite",
    ),
    (
        change.delete(STACK),
        STACK,
        "delete",
        [
            "- PrismStack shop/demo",
            "- PrismPattern shop/kv",
            "- PrismNamespace shop/acme",
            "- its proxies and admins with their pods, Services, rights and autoscalers:"
            " the API server collects them as garbage",
        ],
        "kubectl delete prismstack demo -n shop",
    ),
]


@pytest.mark.parametrize(("made", "before", "words", "lines", "command"), CASES, ids=[case[2] for case in CASES])
def test_a_change_says_what_it_does(made: Change, before: Manifest, words: str, lines: list[str], command: str) -> None:
    """Words, preview and command of every builder, for the very object that was looked at."""
    assert (made.words, preview(made, before), made.command) == (words, lines, command)
    assert (made.ref, made.uid) == (
        Ref(before["kind"], before["metadata"]["namespace"] or "", before["metadata"]["name"]),
        before["metadata"]["uid"],
    )


def test_only_the_scale_of_a_pattern_is_a_subresource() -> None:
    """A PrismPattern is scaled as `kubectl scale` does; everything else patches the object itself."""
    assert [made.subresource for made, *_ in CASES] == ["scale", "", "", "", "", ""]


def test_what_was_made_anew_is_not_changed() -> None:
    """Another uid under the same name is another object, and the preview says so."""
    other = {**PATTERN, "metadata": {**PATTERN["metadata"], "uid": "another"}}
    assert preview(change.scale(PATTERN, 3), other) == [
        "! PrismPattern shop/kv was made anew meanwhile: nothing will be changed"
    ]


def test_nothing_to_change_is_no_line() -> None:
    """A preview of what is so already is empty."""
    assert preview(change.scale(PATTERN, 1), PATTERN) == []


def test_a_deletion_says_what_keeps_it_and_who_makes_it_anew() -> None:
    """A finalizer and a controller are what a person would wonder about afterwards."""
    owner = {"kind": "PrismStack", "name": "demo", "controller": True}
    held = obj("PrismNamespace", "acme", metadata={"finalizers": ["prism.io/release"], "ownerReferences": [owner]})
    assert preview(change.delete(held), held) == [
        "- PrismNamespace shop/acme",
        "! it stays until prism.io/release is done",
        "! PrismStack demo controls it, and makes it anew",
    ]


RFC_7386: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("value", "patch", "result"), RFC_7386)
def test_patches_merge_as_the_standard_says(value: object, patch: object, result: object) -> None:
    """The examples of RFC 7386, appendix A."""
    assert change.merged(value, patch) == result


WORDS = st.sampled_from(["", "a", "a.b", "x/y", "name", "replicas", "ü"])
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.sampled_from(["metadata", "spec", "kind"]), JSON)


@given(before=FIELDS, patch=FIELDS)
def test_a_preview_of_anything_can_be_read_and_is_empty_afterwards(before: Manifest, patch: Manifest) -> None:
    """Whatever an object holds, each line says what goes or what comes; what was done once has nothing left to do."""
    made = Change("patch", Ref("X", "", "x"), "change", patch, command="")
    assert all(line[:2] in ("- ", "+ ") for line in preview(made, before))
    after = change.merged(before, patch)
    assert isinstance(after, dict)
    assert preview(made, after) == []


@given(odd=FIELDS)
def test_no_object_is_too_odd_to_be_changed(odd: Manifest) -> None:
    """Builders read names, labels and uids of whatever they are given."""
    for made in (
        change.scale(odd, 1),
        change.restart(odd, NOW),
        change.delete(odd),
        change.label_node(odd, {"a": "b"}),
    ):
        assert made.command.startswith("kubectl ")
        preview(made, odd)
