"""Intent against reality: what counts as a difference, and what the server's own words never do."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_prism.reconcile.compare import covers, differences, parse_quantity, project

TEXT = st.text("ab1.", max_size=4)
SCALARS = st.none() | st.booleans() | st.integers() | TEXT
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))
MANIFESTS = st.dictionaries(st.sampled_from(["spec", "data", "containers", "ports", "env"]), JSON, max_size=4)


def pod(**fields: object) -> dict[str, Any]:
    """Return the spec of a pod with one container of these fields."""
    return {"spec": {"containers": [{"name": "proxy", **fields}]}}


@given(MANIFESTS)
def test_an_object_covers_itself(obj: dict[str, Any]) -> None:
    """No object differs from itself, and its projection onto itself is itself."""
    assert covers(obj, obj)
    assert project(obj, obj) == obj


@given(MANIFESTS, MANIFESTS)
def test_a_projection_is_stable_and_never_larger(live: dict[str, Any], intent: dict[str, Any]) -> None:
    """Projecting twice changes nothing, and the live object covers its own projection."""
    once = project(live, intent)
    assert project(once, intent) == once
    assert covers(live, once)
    assert once.keys() <= intent.keys()


@given(MANIFESTS, MANIFESTS)
def test_covering_is_having_no_differences(live: dict[str, Any], intent: dict[str, Any]) -> None:
    """The two answers agree."""
    assert covers(live, intent) == (differences(live, intent) == [])


@given(MANIFESTS, st.dictionaries(st.sampled_from(["status", "other"]), JSON, max_size=2))
def test_what_others_add_is_no_difference(obj: dict[str, Any], more: dict[str, Any]) -> None:
    """Fields beside the intent do not matter."""
    assert covers({**obj, **more}, obj)


def test_defaults_inside_list_items_are_no_difference() -> None:
    """The server fills in fields of a container and of an item of a list that is compared whole."""
    intent = {"spec": {"containers": [{"name": "proxy", "image": "a"}], "metrics": [{"type": "Resource"}]}}
    live = {
        "spec": {
            "containers": [{"name": "proxy", "image": "a", "imagePullPolicy": "Always"}],
            "metrics": [{"type": "Resource", "resource": {}}],
        }
    }
    assert covers(live, intent)


def test_an_injected_sidecar_is_no_difference_but_another_toleration_is() -> None:
    """Associative lists may hold what others put there; lists that are one value may not."""
    intent = {"spec": {"containers": [{"name": "proxy"}], "tolerations": [{"key": "a"}]}}
    live = {
        "spec": {"containers": [{"name": "sidecar"}, {"name": "proxy"}], "tolerations": [{"key": "a"}, {"key": "b"}]}
    }
    assert differences(live, intent) == ["spec.tolerations"]


def test_ports_are_told_apart_by_number_and_protocol() -> None:
    """A TCP and a UDP port of one number are two ports, and TCP is the default."""
    intent = pod(ports=[{"containerPort": 53}, {"containerPort": 53, "protocol": "UDP", "name": "dns"}])
    live = pod(
        ports=[
            {"containerPort": 53, "protocol": "UDP", "name": "dns"},
            {"containerPort": 53, "protocol": "TCP"},
        ]
    )
    assert covers(live, intent)


def test_differences_name_paths_and_never_values() -> None:
    """A person reads where the difference is; the values may be secret."""
    intent = pod(env=[{"name": "TOKEN", "value": "hush"}], image="ghcr.io/prism/prism-proxy:1")
    intent["metadata"] = {"labels": {"app.kubernetes.io/name": "prism"}}
    live = pod(env=[{"name": "TOKEN", "value": "seen"}], image="ghcr.io/prism/prism-proxy:2")
    assert differences(live, intent) == [
        "metadata",
        "spec.containers[proxy].env[TOKEN].value",
        "spec.containers[proxy].image",
    ]
    live["metadata"] = {"labels": {"app.kubernetes.io/name": "other"}}
    assert differences(live, intent)[0] == "metadata.labels['app.kubernetes.io/name']"


def test_empty_maps_that_the_server_drops_are_no_difference() -> None:
    """`{}`, `[]` and null may be missing from the live object."""
    assert covers({"spec": {}}, {"spec": {"nodeSelector": {}, "tolerations": [], "priority": None}})
    assert not covers({"spec": {}}, {"spec": {"paused": False}})


@pytest.mark.parametrize(
    ("live", "intent"),
    [
        (pod(resources={"requests": {"cpu": "1"}}), pod(resources={"requests": {"cpu": "1000m"}})),
        (pod(resources={"limits": {"memory": "1Gi"}}), pod(resources={"limits": {"memory": 1073741824}})),
        ({"target": {"averageValue": "1500m"}}, {"target": {"averageValue": "1.5"}}),
        ({"target": {"value": "2k"}}, {"target": {"value": "2e3"}}),
    ],
)
def test_quantities_are_compared_by_value(live: dict[str, Any], intent: dict[str, Any]) -> None:
    """The server writes quantities in its own way."""
    assert covers(live, intent)


@pytest.mark.parametrize(
    ("live", "intent"),
    [
        (pod(env=[{"name": "LIMIT", "value": "1"}]), pod(env=[{"name": "LIMIT", "value": "1000m"}])),
        ({"data": {"a": "1"}}, {"data": {"a": "1.0"}}),
        (pod(resources={"requests": {"cpu": "1"}}), pod(resources={"requests": {"cpu": "1001m"}})),
        ({"spec": {"flag": 1}}, {"spec": {"flag": True}}),
        ({"spec": {"value": None}}, {"spec": {"value": "x"}}),
    ],
)
def test_what_is_no_quantity_is_compared_to_the_letter(live: dict[str, Any], intent: dict[str, Any]) -> None:
    """An environment variable or a ConfigMap value that looks like a quantity is text."""
    assert not covers(live, intent)


SUFFIXES = st.sampled_from(["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3"])


@given(st.decimals(min_value=-9999, max_value=9999, places=3), SUFFIXES)
def test_quantities_mean_what_the_official_client_says(number: Decimal, suffix: str) -> None:
    """Every suffix has the value that `kubernetes.utils` gives it."""
    from kubernetes.utils.quantity import parse_quantity as official

    text = f"{number}{suffix}"
    expected = Decimal(str(number)) * 1000 if suffix == "e3" else official(text)
    assert parse_quantity(text) == expected


@pytest.mark.parametrize("text", ["", "m", "1 Gi", "1GB", "one", True, None, [], "1e9999"])
def test_what_is_no_quantity_has_no_value(text: object) -> None:
    """Nothing is guessed, nothing raises."""
    assert parse_quantity(text) is None
