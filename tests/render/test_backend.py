"""Backends: which product they are, what is hidden of them, and how a change of a value is noticed."""

from __future__ import annotations

import json

import pytest

from kubectl_prism.model.backend import Backend
from kubectl_prism.model.provider import guess
from kubectl_prism.render import backend
from kubectl_prism.render.backend import ConnectionValues


def cache(**spec: object) -> Backend:
    """Return a backend of type cache with more in its spec."""
    return Backend.model_validate({"metadata": {"name": "cache"}, "spec": {"type": "cache", **spec}})


@pytest.mark.parametrize(
    ("name", "type", "url", "provider"),
    [
        ("x", "messaging", "nats://nats:4222", "nats"),
        ("x", "messaging", "tls://nats:4222", "nats"),
        ("x", "cache", "rediss://cache:6380", "redis"),
        ("x", "database", "POSTGRESQL://db/prism", "postgres"),
        ("x", "database", "mongodb+srv://db", "mongodb"),
        ("kafka-production", "messaging", "broker:9092,other:9092", "kafka"),
        ("postgres", "database", None, "postgres"),
        ("main", "redis", None, "redis"),
        ("redis-events", "messaging", "nats://nats:4222", "nats"),
        ("tls-store", "database", None, None),
        ("main", "database", "https://db.example", None),
    ],
)
def test_the_product_is_guessed_from_scheme_then_name_then_type(
    name: str, type: str, url: str | None, provider: str | None
) -> None:
    """A backend's product is guessed by the URL's scheme, else a word of the name, else the type; or not at all."""
    assert guess(name=name, type=type, url=url) == provider


def test_a_named_product_wins_and_the_type_is_the_last_resort() -> None:
    """`provider` of the spec wins; where nothing tells, the type stands in."""
    assert backend.provider(cache(provider="valkey").spec, url="redis://cache") == "valkey"
    assert backend.provider(cache().spec) == "cache"


def test_nothing_of_the_connection_stands_in_the_config_map_or_in_a_repr() -> None:
    """URL, host, user and password are in no ConfigMap and in no repr that a log could print."""
    values = ConnectionValues(url="redis://cache.internal:6379", username="prism", password="hunter2")
    shown = json.dumps(backend.config_map(cache(), values, has_secret=True)["data"]) + repr(values)
    assert not any(text in shown for text in ("cache.internal", 'prism"', "hunter2"))


def test_a_backend_in_memory_has_no_secret() -> None:
    """Where there is nothing to hide there is no Secret."""
    (only,) = backend.objects(cache(), ConnectionValues())
    assert only["kind"] == "ConfigMap"
    assert backend.is_whole(only, None)


def test_half_a_connection_is_none() -> None:
    """Its ConfigMap says whether there is a Secret: whoever sees that one later knows to wait."""
    config_map, secret = backend.objects(cache(), ConnectionValues(url="redis://cache:6379"))
    assert backend.is_whole(config_map, secret)
    assert not backend.is_whole(config_map, None)


@pytest.mark.parametrize(
    "values",
    [
        ConnectionValues(url="redis://other:6379", password="a"),
        ConnectionValues(url="redis://cache:6379", password="b"),
        ConnectionValues(url="redis://cache:6379", password="a", tls={"ca.crt": "pem"}),
    ],
)
def test_another_value_is_another_digest(values: ConnectionValues) -> None:
    """The digest changes with any value of the connection and with no label."""
    before = ConnectionValues(url="redis://cache:6379", password="a")
    made = backend.connection(*backend.objects(cache(), before))
    assert backend.connection(*backend.objects(cache(), before, stack="s")).digest == made.digest
    assert backend.connection(*backend.objects(cache(), values)).digest != made.digest


def test_a_connection_tells_whether_it_is_encrypted() -> None:
    """The connection of a backend with TLS is encrypted, also where the system's authorities count."""
    encrypted = backend.config_map(cache(tls={"enabled": True}), ConnectionValues(), has_secret=False)
    plain = backend.config_map(cache(), ConnectionValues(), has_secret=False)
    assert backend.connection(encrypted, None).has_tls
    assert not backend.connection(plain, None).has_tls
