"""A pattern's settings: which are secret, where they stand, and that the runner gets all of them."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest
import yaml

from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.pattern import Pattern
from kubectl_prism.render import pattern
from kubectl_prism.render.backend import BackendConnection
from kubectl_prism.render.settings import Setting, is_secret


def child(kind: str, found: Pattern, connection: BackendConnection | None = None) -> Manifest:
    """Return the one object of that kind that the pattern needs."""
    (obj,) = [obj for obj in pattern.objects(found, connection=connection) if obj["kind"] == kind]
    return obj


def runner(**spec: object) -> Pattern:
    """Return a keyvalue pattern on redis with more in its spec."""
    body = {"pattern": "keyvalue", "backend": "redis", **spec}
    return Pattern.model_validate({"metadata": {"name": "kv", "namespace": "prism"}, "spec": body})


def config_map(found: Pattern, connection: BackendConnection | None = None) -> Manifest:
    """Return the data of the pattern's ConfigMap."""
    return child("ConfigMap", found, connection)["data"]  # type: ignore[no-any-return]  # JSON


def pod_hash(found: Pattern, connection: BackendConnection | None = None) -> str:
    """Return the annotation that rolls the pods."""
    template = child("Deployment", found, connection)["spec"]["template"]
    return template["metadata"]["annotations"]["prism.io/config-hash"]  # type: ignore[no-any-return]  # JSON


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("connectionString", "postgres://db:5432/prism"),
        ("redis_password", "x"),
        ("API-Key", "x"),
        ("secret", 1),
        ("natsUrl", "nats://prism:hunter2@nats:4222"),
        ("url", "redis://:hunter2@redis:6379"),
        ("options", "host=db password=hunter2"),
    ],
)
def test_what_carries_a_credential_is_secret(name: str, value: Setting) -> None:
    """A setting named for a credential, or whose value carries one, is secret."""
    assert is_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("natsUrl", "nats://nats.prism.svc:4222"),
        ("mail", "ops@example.org"),
        ("path", "http://host/a@b"),
        ("maxKeys", 10000),
        ("durable", True),
    ],
)
def test_what_carries_none_is_not(name: str, value: Setting) -> None:
    """An address without a user, a number or a switch is not secret."""
    assert not is_secret(name, value)


def test_no_secret_value_is_rendered_outside_a_secret() -> None:
    """A secret value stands in the Secret alone: not in the ConfigMap, the Deployment or anything else."""
    objects = pattern.objects(runner(config={"ttl": "1h", "redisUrl": "redis://:hunter2@redis:6379"}))
    elsewhere = [obj for obj in objects if obj["kind"] != "Secret"]
    (secret,) = [obj for obj in objects if obj["kind"] == "Secret"]
    assert "hunter2" not in json.dumps(elsewhere)
    assert "hunter2" in b64decode(secret["data"]["config.yaml"]).decode()
    assert b64decode(secret["data"]["PRISM_CONFIG_REDIS_URL"]) == b"redis://:hunter2@redis:6379"


def test_without_secret_settings_there_is_no_secret() -> None:
    """A pattern whose settings anyone may read has no Secret; its file stands in the ConfigMap."""
    plain = runner(config={"ttl": "1h"})
    assert "Secret" not in {obj["kind"] for obj in pattern.objects(plain)}
    assert set(config_map(plain)) == {"PRISM_CONFIG_TTL", "config.yaml"}


def test_the_file_keeps_types_and_reads_as_yaml_and_json() -> None:
    """The runner's file holds settings as the types they are, in a form that both kinds of reader take."""
    config = {"ttl": "1h", "maxKeys": 10000, "ratio": 0.5, "durable": True, "version": "1.10"}
    text = config_map(runner(config=config))["config.yaml"]
    expected = {
        "namespaces": [{"name": "kv", "pattern": "keyvalue", "backend": "redis", "backend_config": config}],
    }
    assert yaml.safe_load(text) == expected
    assert json.loads(text) == expected


def test_settings_that_share_a_variable_are_both_in_the_file() -> None:
    """Of two settings with one variable the first by name has it, whatever their order; the file has both."""
    one = config_map(runner(config={"max_keys": 1, "maxKeys": 2}))
    other = config_map(runner(config={"maxKeys": 2, "max_keys": 1}))
    assert one == other
    assert one["PRISM_CONFIG_MAX_KEYS"] == "2"
    assert yaml.safe_load(one["config.yaml"])["namespaces"][0]["backend_config"] == {
        "max_keys": 1,
        "maxKeys": 2,
    }


def test_a_change_of_settings_or_connection_rolls_the_pods() -> None:
    """The hash on the pods changes with a setting, a secret one too, and with the connection; with nothing else."""
    connection = BackendConnection(name="redis", has_tls=False, digest="1")
    plain = runner(config={"ttl": "1h"})
    same = pod_hash(plain, connection=connection)
    assert same == pod_hash(runner(config={"ttl": "1h"}, replicas=5), connection=connection)
    changed = {
        pod_hash(runner(config={"ttl": "2h"}), connection=connection),
        pod_hash(runner(config={"ttl": "1h", "password": "a"}), connection=connection),
        pod_hash(runner(config={"ttl": "1h", "password": "b"}), connection=connection),
        pod_hash(plain, BackendConnection(name="redis", has_tls=False, digest="2")),
        pod_hash(plain),
    }
    assert len(changed | {same}) == 6


def test_the_file_names_the_product_and_no_value_of_the_connection() -> None:
    """With a connection the file says which product it is and in which variables to look."""
    connection = BackendConnection(name="cache", has_tls=False, digest="1", provider="redis")
    data = config_map(runner(backend="cache"), connection)
    (entry,) = yaml.safe_load(data["config.yaml"])["namespaces"]
    assert entry["backend"] == "redis"
    assert entry["backend_connection"] == {
        "url_env": "PRISM_BACKEND_URL",
        "username_env": "PRISM_BACKEND_USERNAME",
        "password_env": "PRISM_BACKEND_PASSWORD",
    }
