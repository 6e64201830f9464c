"""Proves who we are: headers, TLS and proxy of every request, renewed for runs of many hours.

Made by `config`, used by `transport`. Certificates, tokens and passwords are read here, in a thread. Identity
providers, exec plugins and NO_PROXY are left to the `kubernetes` package: it costs a command an eighth of a second and
18 MiB, and is imported only where one of them is used. Never logs or shows a credential.
"""

from __future__ import annotations

import binascii
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kubectl_prism.errors import PrismError
from kubectl_prism.kube import exec_plugin

if TYPE_CHECKING:
    import ssl

    from multidict import CIMultiDictProxy

TOKEN_FILE_PERIOD = 60.0
"""Seconds after which a mounted token is read again; the kubelet rotates it under us."""

EARLY = 10.0
"""Seconds before its end at which a credential counts as expired."""

RENEW_PAUSE = 10.0
"""Seconds between two renewals after a 401, so that a refused user does not run the plugin for every request."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request carries; `expires` is seconds since the epoch, `origin` tells two logins apart."""

    headers: CIMultiDictProxy[str] = field(repr=False)
    tls: ssl.SSLContext | None
    server_name: str | None
    proxy: str | None = field(repr=False)
    expires: float
    origin: tuple[object, ...] = field(repr=False)


class Impersonation(NamedTuple):
    """Whom to act as."""

    user: str | None = None
    groups: tuple[str, ...] = ()
    uid: str | None = None


class Pem(NamedTuple):
    """A certificate or a key: `data` where the kubeconfig holds it, else its file and when that changed."""

    field: str
    data: bytes | None
    file: str
    changed: float

    @property
    def place(self) -> str:
        """The field or the file, as an error names it."""
        return self.field if self.data is not None else f"{self.field} {self.file}"


class Tls(NamedTuple):
    """What a TLS context is made of; the same parts mean the same context, so that connections are kept."""

    authority: Pem | None
    certificate: Pem | None
    key: Pem | None
    verify: bool


class Login:
    """The current credentials, read when first needed and again when they end or are refused."""

    def __init__(self, read: Callable[[], Credentials]) -> None:
        import asyncio

        self._read = read
        self._current: Credentials | None = None
        self._lock = asyncio.Lock()
        self._renewed = -inf

    async def credentials(self) -> Credentials:
        """Return what to send now; PrismError when logging in fails."""
        import asyncio

        current = self._current
        if current is not None and time.time() < current.expires:
            return current
        async with self._lock:
            if self._current is None or time.time() >= self._current.expires:
                self._current = await asyncio.to_thread(self._read)
            return self._current

    async def renew(self, refused: Credentials) -> bool:
        """Log in again after the server refused `refused`; tell whether there is something new to try."""
        import asyncio

        async with self._lock:
            if self._current is not None and self._current is not refused:
                return True
            if time.monotonic() - self._renewed < RENEW_PAUSE:
                return False
            self._renewed = time.monotonic()
            self._current = await asyncio.to_thread(self._read)
            return self._current.origin != refused.origin


def from_kubeconfig(
    *, cluster: Mapping[str, Any], user: Mapping[str, Any], impersonation: Impersonation
) -> Callable[[], Credentials]:
    """Return a reader that logs in as a kubeconfig's `user` to its `cluster` (both with absolute paths)."""
    builder = _Builder(cluster, impersonation)
    entry = dict(user)

    def read() -> Credentials:
        answer, expires = _without_plugin(entry, cluster)
        return builder.build(answer, _authorization(answer, cluster), expires=expires)

    return read


def from_service_account(
    folder: Path, *, cluster: Mapping[str, Any], user: Mapping[str, Any], impersonation: Impersonation
) -> Callable[[], Credentials]:
    """Return a reader that logs in as the pod whose service account is mounted at `folder`.

    What `cluster` and `user` say, in a kubeconfig's words, wins over what is mounted there.
    """
    mounted = {"certificate-authority": str(folder / "ca.crt")}
    builder = _Builder({**mounted, **{name: value for name, value in cluster.items() if value}}, impersonation)

    def read() -> Credentials:
        login = {"token": user.get("token") or _content(folder / "token")}
        return builder.build(user, _authorization(login, cluster), expires=time.time() + TOKEN_FILE_PERIOD)

    return read


def _without_plugin(user: dict[str, Any], cluster: Mapping[str, Any]) -> tuple[dict[str, Any], float]:
    """Replace an exec plugin by what it answers, and a token's file by the token; return the user and when it ends."""
    if user.get("tokenFile"):
        return {**user, "token": _content(Path(user["tokenFile"]))}, time.time() + TOKEN_FILE_PERIOD
    if not user.get("exec") or user.get("token") or user.get("username"):
        return user, inf
    answer = exec_plugin.run(user["exec"], cluster)
    kept = {name: value for name, value in user.items() if name != "exec"}
    return {**kept, **answer.user}, answer.expires - EARLY


def _content(file: Path) -> str:
    """Return what a token's file holds."""
    try:
        text = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PrismError(f"the token file {file} cannot be read: {getattr(error, 'strerror', 'not text')}") from error
    if not text:
        raise PrismError(f"the token file {file} is empty")
    return text


def _authorization(user: Mapping[str, Any], cluster: Mapping[str, Any]) -> str | None:
    """Return the header that says who we are, or None where a certificate does, or nothing."""
    if user.get("auth-provider"):
        return _identity_token(user, cluster)
    if user.get("token"):
        return f"Bearer {''.join(str(user['token']).split())}"
    if user.get("username"):
        return "Basic " + b64encode(f"{user['username']}:{user.get('password') or ''}".encode()).decode()
    return None


def _identity_token(user: Mapping[str, Any], cluster: Mapping[str, Any]) -> str | None:
    """Let the `kubernetes` package renew the token of an OIDC identity provider where it has ended."""
    import oauthlib.oauth2  # type: ignore[import-untyped]  # it ships no types
    import urllib3.exceptions
    from kubernetes import client, config
    from kubernetes.config import kube_config

    provider = user["auth-provider"]
    if isinstance(provider, dict) and provider.get("name") != "oidc":
        raise PrismError(
            f"kubeconfig: the auth-provider {provider.get('name')} is not supported any more",
            hint="use the exec plugin of your cloud, as kubectl asks for since 1.26",
        )
    document = {
        "current-context": "chosen",
        "contexts": [{"name": "chosen", "context": {"cluster": "chosen", "user": "chosen"}}],
        "clusters": [{"name": "chosen", "cluster": cluster}],
        "users": [{"name": "chosen", "user": {"auth-provider": provider}}],
    }
    configuration = client.Configuration()
    try:
        kube_config.load_kube_config_from_dict(document, client_configuration=configuration)
    except (config.ConfigException, ValueError, OSError) as error:
        raise PrismError(f"kubeconfig: cannot log in: {error}", hint="check it with `kubectl auth whoami`") from error
    except (oauthlib.oauth2.OAuth2Error, urllib3.exceptions.HTTPError) as error:
        raise PrismError(
            f"cannot renew the OIDC login: {type(error).__name__}", hint="log in to your identity provider again"
        ) from error
    token: str | None = configuration.api_key.get("BearerToken")
    return token


class _Builder:
    """Turns logins to one cluster into credentials, keeping the TLS context while its parts are the same."""

    def __init__(self, cluster: Mapping[str, Any], impersonation: Impersonation) -> None:
        self._cluster = cluster
        self._impersonation = impersonation
        self._parts: Tls | None = None
        self._context: ssl.SSLContext | None = None

    def build(self, user: Mapping[str, Any], authorization: str | None, *, expires: float) -> Credentials:
        from multidict import CIMultiDict, CIMultiDictProxy

        headers = CIMultiDict[str]()
        if authorization:
            headers["Authorization"] = authorization
        name, groups, uid = self._impersonation
        headers.extend([("Impersonate-User", name)] if name else [])
        headers.extend([("Impersonate-Group", group) for group in groups])
        headers.extend([("Impersonate-Uid", uid)] if uid else [])
        server = str(self._cluster["server"])
        parts = Tls(
            _pem(self._cluster, "certificate-authority"),
            _pem(user, "client-certificate"),
            _pem(user, "client-key"),
            not self._cluster.get("insecure-skip-tls-verify"),
        )
        return Credentials(
            headers=CIMultiDictProxy(headers),
            tls=self._tls(parts) if server.startswith("https") else None,
            server_name=self._cluster.get("tls-server-name") or None,
            proxy=_proxy(server, self._cluster.get("proxy-url")),
            expires=expires,
            origin=(authorization, parts),
        )

    def _tls(self, parts: Tls) -> ssl.SSLContext:
        if self._context is None or parts != self._parts:
            self._parts, self._context = parts, _tls_context(parts)
        return self._context


def _pem(body: Mapping[str, Any], name: str) -> Pem | None:
    """Return a certificate or a key of a kubeconfig's entry, where its data wins over its file."""
    if data := body.get(f"{name}-data"):
        try:
            return Pem(f"{name}-data", b64decode("".join(str(data).split()), validate=True), "", 0.0)
        except binascii.Error as error:
            raise _unusable(f"{name}-data", "it is not base64") from error
    if file := body.get(name):
        return Pem(name, None, str(file), Path(file).stat().st_mtime if Path(file).exists() else 0.0)
    return None


def _tls_context(parts: Tls) -> ssl.SSLContext:
    import ssl

    authority, certificate = parts.authority, parts.certificate
    try:
        context = ssl.create_default_context(
            cafile=authority.file if authority and authority.data is None else None,
            cadata=authority.data.decode() if authority and authority.data is not None else None,
        )
    except (OSError, ssl.SSLError, ValueError) as error:
        raise _unusable(authority.place if authority else "the system's certificates", _why(error)) from error
    # Python 3.13 refuses CAs without the key identifiers that kubeadm and k3s leave out; Go, and so kubectl, accepts.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    if not parts.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate:
        try:
            _load_certificate(context, certificate, parts.key)
        except (OSError, ssl.SSLError) as error:
            raise _unusable(certificate.place, _why(error)) from error
    return context


def _load_certificate(context: ssl.SSLContext, certificate: Pem, key: Pem | None) -> None:
    """Load a client certificate; OpenSSL takes files only, so what is none becomes one for this moment."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="kubectl-prism-") as folder:  # which nobody else may enter
        chain, private = _as_file(certificate, Path(folder)), _as_file(key, Path(folder)) if key else None
        # Without a password OpenSSL would ask for that of an encrypted key on the terminal, in the middle of a run.
        context.load_cert_chain(chain, private, password="")


def _as_file(pem: Pem, folder: Path) -> str:
    if pem.data is None:
        return pem.file
    (file := folder / pem.field).write_bytes(pem.data)
    return str(file)


def _why(error: Exception) -> str:
    return str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)


def _unusable(place: str, why: str) -> PrismError:
    return PrismError(f"{place} cannot be used: {why}", hint="it must be PEM; a key must not be encrypted")


def _proxy(server: str, named: str | None) -> str | None:
    """Return the proxy for the API server: that of the kubeconfig, or the environment's, never for this machine."""
    from urllib.parse import urlsplit

    proxy = named or _proxy_of_environment(server)
    if not proxy:
        return None
    if urlsplit(proxy).scheme not in ("http", "https"):
        raise PrismError(
            f"proxies of the kind {urlsplit(proxy).scheme or '?'}:// are not supported", hint="use an http:// proxy"
        )
    return proxy


def _proxy_of_environment(server: str) -> str | None:
    from urllib.parse import urlsplit
    from urllib.request import getproxies

    parts, proxies = urlsplit(server), getproxies()
    host = parts.hostname or ""
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or host == "localhost" or host == "::1" or host.startswith("127."):
        return None
    from kubernetes.client.rest import should_bypass_proxies

    return None if should_bypass_proxies(server, proxies.get("no") or "") else proxy
