"""A PrismBackend on a real API server: its Secrets, its health, and that nothing secret ever leaves a Secret.

The engine here counts as running in the cluster, so that a backend that cannot be reached is unhealthy.
"""

from __future__ import annotations

import json
import logging
import uuid
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.reconcile.kinds.servers import Redis, certificate
from tests.reconcile.kinds.world import API_VERSIONS, CHILD_KINDS, World, eventually, message

INSIDE = True
OFTEN = {"enabled": True, "interval": "1s", "timeout": "2s"}
ALLOW = "prism.io/allow-from"


@pytest.fixture
def redis() -> Iterator[Redis]:
    """Return a server in good health."""
    with Redis() as server:
        yield server


@pytest.fixture
def elsewhere(world: World) -> Iterator[World]:
    """Return a second namespace, that of somebody else."""
    other = world.within(f"kinds-{uuid.uuid4().hex[:8]}")
    other.create("Namespace", other.namespace)
    yield other
    other.delete("Namespace", other.namespace)


def values(secret: dict[str, Any]) -> dict[str, str]:
    """Return what a Secret holds, in clear."""
    return {key: b64decode(value).decode() for key, value in secret["data"].items()}


def test_a_backend_that_answers_is_healthy_and_its_connection_is_written(world: World, redis: Redis) -> None:
    """What it is stands in a ConfigMap; where it is, in a Secret alone."""
    world.backend("b", connection={"url": redis.url}, healthCheck=OFTEN)
    world.becomes("PrismBackend", "b", "Ready=True Healthy", "Healthy=True Answered", healthy=True, phase="Ready")
    assert world.get("ConfigMap", "b")["data"] == {
        "PRISM_BACKEND_NAME": "b",
        "PRISM_BACKEND_PROVIDER": "redis",
        "PRISM_BACKEND_TLS": "false",
        "PRISM_BACKEND_TYPE": "cache",
    }
    assert values(world.get("Secret", "b")) == {"PRISM_BACKEND_URL": redis.url}


def test_a_backend_falls_ill_and_recovers(world: World, redis: Redis) -> None:
    """Ready follows the health check with a reason and Events; patterns that use it go on running."""
    world.backend("b", connection={"url": redis.url}, healthCheck=OFTEN)
    world.pattern("p", backend="b")
    world.ready("PrismBackend", "b")
    world.ready("PrismPattern", "p")
    redis.is_ill = True
    world.becomes(
        "PrismBackend", "b", "Ready=False UnexpectedAnswer", "Healthy=False", phase="Unhealthy", healthy=False
    )
    assert world.told("b", "NotReady")
    world.becomes("PrismPattern", "p", "Ready=True")
    redis.is_ill = False
    world.becomes("PrismBackend", "b", "Ready=True", "Healthy=True", phase="Ready")


def test_a_stack_with_a_backend_that_is_ill_is_not_ready(world: World, redis: Redis) -> None:
    """The stack names the backend and what is wrong with it."""
    redis.is_ill = True
    backend = {"name": "b", "type": "cache", "connectionString": redis.url, "healthCheck": OFTEN}
    world.stack("s", backends=[backend])
    judged = world.becomes("PrismStack", "s", "Ready=False UnexpectedAnswer", "ProxyReady=True", backends="0/1")
    assert message(judged).startswith("backends: b: ")
    redis.is_ill = False
    world.becomes("PrismStack", "s", "Ready=True", backends="1/1")


def test_a_check_that_finds_nothing_new_writes_nothing(world: World, redis: Redis) -> None:
    """The server is asked again and again, and the object stays at its resourceVersion."""
    world.backend("b", connection={"url": redis.url}, healthCheck=OFTEN)
    before = world.ready("PrismBackend", "b")
    seen = redis.checks
    eventually(lambda: redis.checks >= seen + 3)
    assert world.get("PrismBackend", "b")["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


def test_a_backend_that_slows_down_is_told_in_steps(world: World, redis: Redis) -> None:
    """The status says within what time it answers, and follows when it takes longer."""
    world.backend("b", connection={"url": redis.url}, healthCheck=OFTEN)
    world.becomes("PrismBackend", "b", "Ready=True", answersWithin="100ms")
    redis.delay = 0.3
    world.becomes("PrismBackend", "b", "Ready=True", answersWithin="1s")


def test_a_backend_that_nobody_answers_for_is_unhealthy(world: World) -> None:
    """A refused connection is said as such, without the address."""
    with Redis() as server:
        url = server.url
    world.backend("b", connection={"url": url}, healthCheck=OFTEN)
    judged = world.becomes("PrismBackend", "b", "Ready=False ConnectionFailed", "Reconciling=True", phase="Unhealthy")
    assert message(judged) == "cannot connect: connection refused"


def test_a_missing_secret_is_named_and_found_when_it_comes(world: World, redis: Redis) -> None:
    """First the Secret is missing, then a key of it; each time the backend stalls and goes on by itself."""
    reference = {"name": "creds", "keys": {"password": "word"}}
    world.backend("b", connection={"secretRef": reference}, healthCheck=OFTEN)
    judged = world.stalled("PrismBackend", "b", "SecretNotFound")
    assert message(judged) == f"Secret {world.namespace}/creds (spec.connection.secretRef) does not exist"
    assert world.told("b", "SecretNotFound")
    world.secret("creds", url=redis.url)
    judged = world.stalled("PrismBackend", "b", "KeyNotFound")
    assert message(judged).endswith("has no key word")
    world.patch("Secret", "creds", {"stringData": {"word": "x"}})
    world.becomes("PrismBackend", "b", "Ready=False AuthenticationFailed")
    world.patch("Secret", "creds", {"data": {"url": b64encode(b"\xff\xfe").decode()}})
    world.stalled("PrismBackend", "b", "InvalidSecret")


def test_a_secret_of_another_namespace_must_permit_it(world: World, elsewhere: World, redis: Redis) -> None:
    """Without the annotation the answer is the same whether the Secret exists or not; with it, it is used."""
    reference = {"name": "creds", "namespace": elsewhere.namespace}
    world.backend("b", connection={"secretRef": reference}, healthCheck=OFTEN)
    absent = message(world.stalled("PrismBackend", "b", "RefNotPermitted"))
    elsewhere.secret("creds", url=redis.url)
    world.patch("PrismBackend", "b", {"metadata": {"annotations": {"poke": "1"}}})
    world.specify("PrismBackend", "b", type="database")
    assert message(world.stalled("PrismBackend", "b", "RefNotPermitted")) == absent
    assert f"{ALLOW}={world.namespace}" in absent
    assert world.find("Secret", "b") is None
    for allowed in (f"other,{world.namespace}", "*"):
        elsewhere.patch("Secret", "creds", {"metadata": {"annotations": {ALLOW: allowed}}})
        world.ready("PrismBackend", "b")
        elsewhere.patch("Secret", "creds", {"metadata": {"annotations": {ALLOW: f"x{world.namespace}"}}})
        assert message(world.stalled("PrismBackend", "b", "RefNotPermitted")) == absent


def test_a_changed_secret_rolls_the_pods_that_use_it(world: World, redis: Redis) -> None:
    """Nothing else changes, and yet the runners of this backend, and only those, start anew with the new password."""
    world.secret("creds", url=redis.url, password="old")
    world.backend("b", connection={"secretRef": {"name": "creds"}}, healthCheck=OFTEN)
    world.pattern("user", backend="b")
    world.pattern("other", backend="memstore")
    world.ready("PrismPattern", "user")
    world.ready("PrismPattern", "other")

    def template(name: str) -> dict[str, Any]:
        return dict(world.get("Deployment", name)["spec"]["template"])

    user, other = template("user"), template("other")
    world.becomes("PrismBackend", "b", "Healthy=False AuthenticationFailed")
    world.patch("Secret", "creds", {"stringData": {"password": "new"}})
    eventually(lambda: values(world.get("Secret", "b"))["PRISM_BACKEND_PASSWORD"] == "new")
    eventually(lambda: template("user") != user)
    world.ready("PrismPattern", "user")
    assert template("other") == other
    changed = template("user")
    assert changed["metadata"].pop("annotations") != user["metadata"].pop("annotations")
    assert changed == user


def test_a_secret_is_read_again_without_being_told(world: World, redis: Redis) -> None:
    """The Secret is not watched, and yet what changes in it arrives with the next health check."""
    world.secret("creds", url=redis.url, password="old")
    world.backend("b", connection={"secretRef": {"name": "creds"}}, healthCheck=OFTEN)
    world.becomes("PrismBackend", "b", "Healthy=False AuthenticationFailed")
    redis.password = "new"
    world.patch("Secret", "creds", {"stringData": {"password": "new"}})
    world.ready("PrismBackend", "b")
    assert values(world.get("Secret", "b"))["PRISM_BACKEND_PASSWORD"] == "new"


def test_a_connection_that_needs_no_secret_any_more_leaves_none(world: World, redis: Redis) -> None:
    """A URL that is taken out of the spec is taken out of the cluster."""
    world.backend("b", connection={"url": redis.url})
    world.ready("PrismBackend", "b")
    assert world.find("Secret", "b")
    world.specify("PrismBackend", "b", connection=None)
    world.gone("Secret", "b")
    world.ready("PrismBackend", "b")


def test_a_secret_with_the_backends_own_name_is_not_overwritten(world: World) -> None:
    """Credentials in a Secret that is named as the backend stay as they are; the backend says what is in its way."""
    world.secret("redis", url="redis://redis:6379")
    before = world.get("Secret", "redis")
    world.backend("redis", connection={"secretRef": {"name": "redis"}})
    judged = world.stalled("PrismBackend", "redis", "NameTaken")
    assert f"Secret {world.namespace}/redis exists" in message(judged)
    assert world.get("Secret", "redis") == before


def test_tls_is_checked_with_the_authority_of_the_secret(world: World, tmp_path: Path) -> None:
    """The right authority makes it healthy, none makes it TlsFailed; runners mount the certificate."""
    authority, context = certificate(tmp_path)
    with Redis(tls=context) as server:
        world.create("Secret", "ca", stringData={"ca.crt": authority})
        tls = {"enabled": True, "secretRef": {"name": "ca"}}
        world.backend("b", provider="redis", connection={"url": server.url}, tls=tls, healthCheck=OFTEN)
        world.backend(
            "blind", provider="redis", connection={"url": server.url}, tls={"enabled": True}, healthCheck=OFTEN
        )
        world.becomes("PrismBackend", "b", "Ready=True", "Healthy=True Answered")
        world.becomes("PrismBackend", "blind", "Ready=False TlsFailed", phase="Unhealthy")
    assert values(world.get("Secret", "b"))["ca.crt"] == authority
    world.pattern("p", backend="b")
    world.ready("PrismPattern", "p")
    pod = world.get("Deployment", "p")["spec"]["template"]["spec"]
    assert [volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume] == ["b"]


def test_no_secret_leaves_its_secret(world: World, redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    """Passwords and URLs with passwords stand in Secrets and in the specs that carry them, and nowhere else."""
    caplog.set_level(logging.DEBUG)
    first, second, third = (uuid.uuid4().hex for _ in range(3))
    redis.password = "another"
    world.secret("creds", url=f"redis://user:{first}@127.0.0.1:{redis.port}", password=second)
    refused = {"name": "refused", "type": "cache", "secretRef": {"name": "creds"}, "healthCheck": OFTEN}
    unreached = {
        "name": "unreached",
        "type": "cache",
        "connectionString": f"redis://user:{first}@127.0.0.1:1/{third}",
        "healthCheck": OFTEN,
    }
    bad = {"name": "bad", "type": "cache", "connectionString": f"redis://user:{first}@[{third}", "healthCheck": OFTEN}
    pattern = {"type": "keyvalue", "backend": "refused", "name": "p", "config": {"password": third, "ttl": "1h"}}
    world.stack("s", backends=[refused, unreached, bad], patterns=[pattern])
    world.becomes("PrismBackend", "refused", "Healthy=False AuthenticationFailed")
    world.becomes("PrismBackend", "unreached", "Healthy=False ConnectionFailed")
    world.becomes("PrismBackend", "bad", "Healthy=False InvalidUrl")
    world.ready("PrismPattern", "p")
    world.patch("ConfigMap", "p", {"data": {"config.yaml": "drift"}})
    world.patch("Secret", "p", {"data": {"config.yaml": "ZHJpZnQ="}})
    world.told("p", "DriftRepaired")
    everything = caplog.text + json.dumps(
        [found for kind in {*CHILD_KINDS, "Event", "Pod"} - {"Secret"} for found in _told(world, kind)]
        + [found.get("status") for kind in ("PrismStack", "PrismBackend", "PrismPattern") for found in world.all(kind)]
    )
    for secret in (first, second, third):
        assert secret not in everything
        assert b64encode(secret.encode()).decode()[:-4] not in everything
    assert values(world.get("Secret", "refused"))["PRISM_BACKEND_PASSWORD"] == second


def _told(world: World, kind: str) -> list[dict[str, Any]]:
    """Return the objects of a kind; of ours, without the spec that a person wrote and its copies by the server."""
    found = world.all(kind)
    if API_VERSIONS.get(kind) is None and kind.startswith("Prism"):
        return [{"metadata": {**obj["metadata"], "managedFields": None}, "status": obj.get("status")} for obj in found]
    return found
