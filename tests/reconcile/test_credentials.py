"""What of a Secret becomes a backend's connection, and who may read it."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, cast

import pytest

from kubectl_prism.kube.client import Client
from kubectl_prism.kube.errors import NotFound
from kubectl_prism.model.backend import Backend
from kubectl_prism.model.meta import Manifest
from kubectl_prism.reconcile.credentials import ALLOW_FROM, RefError, resolve

URL = "redis://u%40x:p%3Aw@redis:6379"


class Secrets:
    """Answers as the API server does, which leaves the kind out of a list's items but not out of an object."""

    def __init__(self, *secrets: Manifest) -> None:
        self.secrets = {(one["metadata"]["namespace"], one["metadata"]["name"]): one for one in secrets}

    async def get(self, kind: str, namespace: str, name: str) -> Manifest:
        """Return one Secret."""
        assert kind == "Secret"
        if (namespace, name) not in self.secrets:
            raise NotFound(404, "NotFound", f"{name} not found")
        return self.secrets[namespace, name]


def secret(name: str = "creds", *, namespace: str = "home", allow: str | None = None, **data: bytes) -> Manifest:
    """Return a Secret; an underscore stands for a dot in its keys."""
    encoded = {key.replace("_", "."): b64encode(value).decode() for key, value in data.items()}
    annotations = {} if allow is None else {ALLOW_FROM: allow}
    metadata = {"name": name, "namespace": namespace, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded}


def backend(*, tls: Any = None, **reference: Any) -> Backend:  # noqa: ANN401 - JSON
    """Return a backend in namespace home that names a Secret."""
    connection = {"secretRef": {"name": "creds", **reference}} if reference != {"none": True} else {"url": URL}
    spec = {"type": "cache", "connection": connection, "tls": tls or {}}
    return Backend.model_validate({"metadata": {"name": "b", "namespace": "home"}, "spec": spec})


def client(*secrets: Manifest) -> Client:
    """Return the part of a client that is asked here."""
    return cast(Client, Secrets(*secrets))


async def test_url_user_and_password_are_read_from_the_usual_keys() -> None:
    """White space around a value, as an editor leaves it, does not count."""
    found = await resolve(client(secret(url=b"redis://redis:6379\n", username=b"u", password=b"p\n")), backend())
    assert (found.url, found.username, found.password) == ("redis://redis:6379", "u", "p")


async def test_user_and_password_of_the_url_count_where_no_key_holds_them() -> None:
    """They are percent-decoded; a key of the Secret wins."""
    found = await resolve(client(), backend(none=True))
    assert (found.username, found.password) == ("u@x", "p:w")
    found = await resolve(client(secret(url=URL.encode(), password=b"other")), backend())
    assert (found.username, found.password) == ("u@x", "other")


@pytest.mark.parametrize(
    ("found", "reference", "reason"),
    [
        (None, {}, "SecretNotFound"),
        (secret(), {}, "KeyNotFound"),
        (secret(url=b"u"), {"keys": {"password": "word"}}, "KeyNotFound"),
        (secret(url=b"\xff"), {}, "InvalidSecret"),
        ({**secret(), "data": {"url": "%%%"}}, {}, "InvalidSecret"),
        (None, {"namespace": "other"}, "RefNotPermitted"),
        (secret(namespace="other", url=b"u"), {"namespace": "other"}, "RefNotPermitted"),
        (secret(namespace="other", allow="homeless, ho", url=b"u"), {"namespace": "other"}, "RefNotPermitted"),
        (secret(namespace="other", allow="", url=b"u"), {"namespace": "other"}, "RefNotPermitted"),
    ],
)
async def test_what_cannot_be_had_has_a_reason(found: Manifest | None, reference: dict[str, Any], reason: str) -> None:
    """Each error names the Secret, and holds nothing of it."""
    with pytest.raises(RefError) as error:
        await resolve(client(*([found] if found else [])), backend(**reference))
    assert error.value.reason == reason
    home = reference.get("namespace", "home")
    assert f"Secret {home}/creds" in error.value.message


async def test_nobody_can_look_for_secrets_of_another_namespace() -> None:
    """A Secret that does not permit it reads exactly as one that does not exist."""
    said = set()
    for there in ((), (secret(namespace="other", url=b"u"),), (secret(namespace="other", allow="x"),)):
        with pytest.raises(RefError) as error:
            await resolve(client(*there), backend(namespace="other"))
        said.add(error.value.message)
    assert len(said) == 1


@pytest.mark.parametrize("allow", ["home", "a, home ,b", "*"])
async def test_an_annotation_permits_namespaces(allow: str) -> None:
    """Names are separated by commas; a star is everybody."""
    found = await resolve(client(secret(namespace="other", allow=allow, url=b"u")), backend(namespace="other"))
    assert found.url == "u"


async def test_a_tls_secret_must_hold_something() -> None:
    """Only the known files are taken; none at all is an error; where TLS is off it is not even read."""
    tls = {"enabled": True, "secretRef": {"name": "tls"}}
    creds = secret(url=b"u")
    found = await resolve(client(creds, secret("tls", ca_crt=b"authority", other=b"x")), backend(tls=tls))
    assert found.tls == {"ca.crt": b"authority"}
    with pytest.raises(RefError) as error:
        await resolve(client(creds, secret("tls", other=b"x")), backend(tls=tls))
    assert error.value.reason == "KeyNotFound"
    assert (await resolve(client(creds), backend(tls={**tls, "enabled": False}))).tls == {}
