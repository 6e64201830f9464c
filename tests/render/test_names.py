"""Names and label values: always ones that Kubernetes takes, never one for two owners."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_prism.render import images, names

OBJECT = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", fullmatch=True)
TYPE = st.from_regex(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", fullmatch=True)
SERVICE = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
CONTAINER = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


@given(OBJECT)
def test_a_child_is_named_as_a_service_may_be(owner: str) -> None:
    """Whatever an object is called, its children have names that a Service may have, and keep their endings."""
    assert SERVICE.fullmatch(names.child(owner))
    assert SERVICE.fullmatch(names.proxy(owner))
    assert names.proxy(owner).endswith("-proxy")
    assert names.admin(owner).endswith("-admin")


@given(st.from_regex(SERVICE, fullmatch=True))
def test_a_short_valid_name_stays(owner: str) -> None:
    """A name that a Service may have is the name of the child."""
    assert names.child(owner) == owner
    if len(owner) <= 57:
        assert names.proxy(owner) == f"{owner}-proxy"


@given(st.sets(OBJECT, min_size=2))
def test_two_owners_never_share_a_child(owners: set[str]) -> None:
    """Different owners have children of different names."""
    assert len({names.child(owner) for owner in owners}) == len(owners)
    assert len({names.proxy(owner) for owner in owners}) == len(owners)


@pytest.mark.parametrize(("one", "other"), [("a.b", "a-b"), ("1a", "p-1a"), ("a" * 63, "a" * 64), ("a..b", "a.b")])
def test_names_that_are_spelt_alike_stay_apart(one: str, other: str) -> None:
    """What is spelt or cut to the same letters still differs."""
    assert names.child(one) != names.child(other)
    assert names.proxy(one) != names.proxy(other)


@given(st.text(min_size=1))
def test_any_text_becomes_a_label_value(text: str) -> None:
    """Any text becomes a label value that Kubernetes takes; one that it takes already stays."""
    value = names.label_value(text)
    assert LABEL_VALUE.fullmatch(value)
    assert (value == text) == (LABEL_VALUE.fullmatch(text) is not None)


@given(st.sets(st.text(min_size=1), min_size=2))
def test_two_texts_never_share_a_label_value(texts: set[str]) -> None:
    """Different texts become different label values."""
    assert len({names.label_value(text) for text in texts}) == len(texts)


@given(TYPE)
def test_any_pattern_type_makes_a_container_name(pattern_type: str) -> None:
    """Any pattern type that the API server lets through makes a container name."""
    assert CONTAINER.fullmatch(names.container(pattern_type))
    assert names.container(pattern_type).endswith("-runner")


def test_an_underscore_becomes_a_hyphen() -> None:
    """`multicast_registry` makes a container and an image that a cluster can run."""
    assert names.container("multicast_registry") == "multicast-registry-runner"
    assert images.runner("multicast_registry") == "ghcr.io/prism/multicast-registry-runner:latest"


@given(st.text())
def test_any_setting_makes_a_variable(setting: str) -> None:
    """Any setting's name makes an environment variable that is also a ConfigMap's key."""
    assert VARIABLE.fullmatch(names.environment(setting))
    assert len(names.environment(setting)) <= 253


@pytest.mark.parametrize(
    ("setting", "variable"),
    [
        ("ttl", "PRISM_CONFIG_TTL"),
        ("maxKeys", "PRISM_CONFIG_MAX_KEYS"),
        ("redisURL", "PRISM_CONFIG_REDIS_URL"),
        ("HTTPPort", "PRISM_CONFIG_HTTP_PORT"),
        ("kafka.batch-size", "PRISM_CONFIG_KAFKA_BATCH_SIZE"),
    ],
)
def test_variables_read_well(setting: str, variable: str) -> None:
    """A setting's variable is its words in capitals."""
    assert names.environment(setting) == variable
