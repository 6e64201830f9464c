"""How connections are read from the Secrets that a spec names.

Called by the reconcilers of backends and namespaces. A Secret in another namespace is read only when it permits that
namespace; where it does not, the error is the same as if it did not exist: nobody can look for Secrets this way.
"""

from __future__ import annotations

import base64
import binascii

from kubectl_prism.errors import PrismError
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.errors import NotFound
from kubectl_prism.model import meta
from kubectl_prism.model.backend import Backend
from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.parts import CredentialsRef, SecretKeys, SecretRef, Tls, TokenRef
from kubectl_prism.render.backend import ConnectionValues

ALLOW_FROM = "prism.io/allow-from"
"""Annotation of a Secret: the namespaces that may refer to it, separated by commas, or `*`."""

TLS_KEYS = ("ca.crt", "tls.crt", "tls.key")


class RefError(PrismError):
    """A Secret, or a key of it, that a backend names cannot be had; `reason` is the condition's."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


async def resolve(client: Client, backend: Backend) -> ConnectionValues:
    """Return the connection of `backend`; RefError where something that it names is missing or not permitted."""
    namespace = backend.metadata.namespace
    reference = backend.spec.connection.secret_ref
    url, username, password = backend.spec.connection.url or "", "", ""
    if reference is not None:
        secret = await _secret(client, reference, namespace, "spec.connection.secretRef")
        url, username, password = _values(secret, reference)
    found = await certificates(client, backend.spec.tls, namespace=namespace, field="spec.tls")
    return ConnectionValues.of(url, username=username, password=password, tls=found)


async def certificates(client: Client, tls: Tls, *, namespace: str, field: str) -> dict[str, bytes]:
    """Return the certificates that `tls` names, the part `field` of a spec in `namespace`; none where it names none."""
    if not tls.enabled or tls.secret_ref is None:
        return {}
    secret = await _secret(client, tls.secret_ref, namespace, f"{field}.secretRef")
    found = {key: value for key in TLS_KEYS if (value := _value(secret, key))}
    if not found:
        raise RefError("KeyNotFound", f"{meta.ref(secret)} ({field}.secretRef) has none of {', '.join(TLS_KEYS)}")
    return found


async def token(client: Client, reference: TokenRef | None, *, namespace: str, field: str) -> str:
    """Return the token that `field` of a spec in `namespace` names; an empty string where it names none."""
    if reference is None:
        return ""
    secret = await _secret(client, reference, namespace, field)
    return _text(secret, reference.key, field, is_required=True)


async def _secret(client: Client, reference: SecretRef, namespace: str, field: str) -> Manifest:
    home = reference.namespace or namespace
    name = f"Secret {home}/{reference.name}"
    try:
        secret = await client.get("Secret", home, reference.name)
    except NotFound:
        secret = None
    if home != namespace and not (secret and _permits(secret, namespace)):
        raise RefError(
            "RefNotPermitted",
            f"{name} ({field}) does not exist or does not permit namespace {namespace}: "
            f"annotate it with {ALLOW_FROM}={namespace}",
        )
    if secret is None:
        raise RefError("SecretNotFound", f"{name} ({field}) does not exist")
    return {"kind": "Secret", **secret}


def _permits(secret: Manifest, namespace: str) -> bool:
    permitted = {word.strip() for word in meta.annotations(secret).get(ALLOW_FROM, "").split(",")}
    return bool(permitted & {namespace, "*"})


def _values(secret: Manifest, reference: CredentialsRef) -> tuple[str, str, str]:
    keys = reference.keys or SecretKeys()
    field = "spec.connection.secretRef"
    url = _text(secret, keys.url or "url", field, is_required=True)
    username = _text(secret, keys.username or "username", field, is_required=keys.username is not None)
    password = _text(secret, keys.password or "password", field, is_required=keys.password is not None)
    return url, username, password


def _text(secret: Manifest, key: str, field: str, *, is_required: bool) -> str:
    value = _value(secret, key)
    if value is None and is_required:
        raise RefError("KeyNotFound", f"{meta.ref(secret)} ({field}) has no key {key}")
    try:
        return (value or b"").decode().strip()
    except UnicodeDecodeError:
        raise RefError("InvalidSecret", f"key {key} of {meta.ref(secret)} is not text") from None


def _value(secret: Manifest, key: str) -> bytes | None:
    encoded = (secret.get("data") or {}).get(key)
    if encoded is None:
        return None
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise RefError("InvalidSecret", f"key {key} of {meta.ref(secret)} is not base64") from None
