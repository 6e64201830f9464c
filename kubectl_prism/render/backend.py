"""A backend's connection as pods get it: a ConfigMap that says what it is, a Secret with all that says where and who.

The reconciler resolves the values (a URL, a Secret it may read) and hands them in; URL, user and password stand in the
Secret and nowhere else, not even in a repr.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from urllib.parse import unquote, urlsplit

from kubectl_prism.model.backend import Backend, BackendSpec
from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.provider import guess
from kubectl_prism.render import labels, names
from kubectl_prism.render.manifest import canonical, manifest, present

MOUNT = "/etc/prism/backend"
"""Where runners find the files of `TLS_FILES` that there are."""

TLS_FILES = ("ca.crt", "tls.crt", "tls.key")

URL = "PRISM_BACKEND_URL"
USERNAME = "PRISM_BACKEND_USERNAME"
PASSWORD = "PRISM_BACKEND_PASSWORD"  # noqa: S105 - the variable's name
NAME = "PRISM_BACKEND_NAME"
PROVIDER = "PRISM_BACKEND_PROVIDER"
TLS = "PRISM_BACKEND_TLS"
TYPE = "PRISM_BACKEND_TYPE"

OTHER_HALF = "prism.io/has-secret"
"""The annotation of a connection's ConfigMap whose other half is a Secret: who sees one without the other waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionValues:
    """How to reach a backend and log in, as resolved by the reconciler."""

    url: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    tls: Mapping[str, str | bytes] = field(default_factory=dict, repr=False)
    """PEM text by the names of `TLS_FILES`."""

    @classmethod
    def of(
        cls,
        url: str | None,
        *,
        username: str | None = None,
        password: str | None = None,
        tls: Mapping[str, str | bytes] | None = None,
    ) -> ConnectionValues:
        """Return the values; user name and password that are not given are taken from the URL, where it has them."""
        user, secret = _credentials(url or "")
        return cls(url=url or None, username=username or user, password=password or secret, tls=tls or {})


def _credentials(url: str) -> tuple[str | None, str | None]:
    try:
        parts = urlsplit(url)
        return unquote(parts.username or "") or None, unquote(parts.password or "") or None
    except ValueError:
        return None, None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendConnection:
    """Where a runner finds its backend's connection."""

    name: str
    """The name of the ConfigMap and of the Secret, in the pattern's namespace."""
    has_tls: bool
    """Whether the connection is encrypted."""
    digest: str
    """A hash of all the values: another digest, another connection."""
    provider: str | None = None
    """The product behind the connection."""

    def where(self) -> Manifest:
        """Return what a runner's file says of the connection: the names of variables and a folder."""
        return present(
            url_env=URL,
            username_env=USERNAME,
            password_env=PASSWORD,
            tls_directory=MOUNT if self.has_tls else None,
        )


def provider(spec: BackendSpec, *, name: str = "", url: str | None = None) -> str:
    """Return the product behind a backend; `url` is the resolved one. Its type, where nothing tells more."""
    return spec.provider or guess(name=name, type=spec.type, url=url or spec.connection.url) or spec.type


def objects(backend: Backend, values: ConnectionValues, *, stack: str | None = None) -> list[Manifest]:
    """Return the ConfigMap and, where there is anything to hide, the Secret."""
    hidden = secret(backend, values, stack=stack)
    told = config_map(backend, values, has_secret=hidden is not None, stack=stack)
    return [told, *([hidden] if hidden else [])]


def config_map(backend: Backend, values: ConnectionValues, *, has_secret: bool, stack: str | None = None) -> Manifest:
    """Return the ConfigMap: what the backend is, and nothing of where it is but that a Secret says so."""
    data = {
        NAME: backend.metadata.name,
        PROVIDER: provider(backend.spec, name=backend.metadata.name, url=values.url),
        TLS: "true" if backend.spec.tls.enabled else "false",
        TYPE: backend.spec.type,
    }
    annotations = {OTHER_HALF: "true"} if has_secret else {}
    return manifest("ConfigMap", **_identity(backend, stack), annotations=annotations, data=data)


def secret(backend: Backend, values: ConnectionValues, *, stack: str | None = None) -> Manifest | None:
    """Return the Secret, or None where there is nothing to hide."""
    told = present(**{URL: values.url, USERNAME: values.username, PASSWORD: values.password})
    files = {name: values.tls[name] for name in TLS_FILES if values.tls.get(name)}
    data = {name: _encoded(value) for name, value in {**files, **told}.items()}
    return manifest("Secret", **_identity(backend, stack), type="Opaque", data=data) if data else None


def is_whole(config_map: Manifest, secret: Manifest | None) -> bool:
    """Tell whether nothing is missing of a connection that the API server gave."""
    return secret is not None or OTHER_HALF not in (config_map["metadata"].get("annotations") or {})


def connection(config_map: Manifest, secret: Manifest | None) -> BackendConnection:
    """Return where runners find the connection that these two hold, as rendered or as the API server gave them."""
    told = config_map.get("data") or {}
    hidden = (secret or {}).get("data") or {}
    return BackendConnection(
        name=config_map["metadata"]["name"],
        has_tls=told.get(TLS) == "true",
        digest=blake2b(canonical([told, hidden]), digest_size=8).hexdigest(),
        provider=told.get(PROVIDER),
    )


def is_connected(deployment: Manifest, name: str) -> bool:
    """Tell whether the pods of a runner's Deployment get the connection of the PrismBackend `name`."""
    template = (deployment.get("spec") or {}).get("template") or {}
    containers = (template.get("spec") or {}).get("containers") or []
    told = (variable for container in containers for variable in container.get("env") or [] if variable["name"] == NAME)
    sources = ((variable.get("valueFrom") or {}).get("configMapKeyRef") or {} for variable in told)
    return any(source.get("name") == names.child(name) for source in sources)


def _identity(backend: Backend, stack: str | None) -> Manifest:
    return {
        "name": names.child(backend.metadata.name),
        "namespace": backend.metadata.namespace,
        "labels": labels.backend(backend, stack=stack),
    }


def _encoded(value: str | bytes) -> str:
    return b64encode(value.encode() if isinstance(value, str) else value).decode()
