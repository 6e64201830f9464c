"""Proves who we are: headers, TLS and proxy of every request, renewed for runs of many hours.

Made by `config`, used by `transport`. What a kubeconfig user means is left to the `kubernetes` package (certificates,
tokens, OIDC, exec plugins, service accounts), which is imported inside functions and called in a thread, since plugins
and identity providers take seconds. Never logs or shows a credential.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

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
    origin: tuple[str, ...] = field(repr=False)


class Configuration(Protocol):
    """What is read of the `kubernetes` package's client configuration."""

    host: str
    api_key: dict[str, str]
    ssl_ca_cert: str | None
    cert_file: str | None
    key_file: str | None
    verify_ssl: bool
    tls_server_name: str | None
    proxy: str | None
    no_proxy: str | None


class Impersonation(NamedTuple):
    """Whom to act as."""

    user: str | None = None
    groups: tuple[str, ...] = ()
    uid: str | None = None


class Tls(NamedTuple):
    """What a TLS context is made of; the same parts mean the same context, so that connections are kept."""

    authority: str | None
    certificate: str | None
    key: str | None
    verify: bool
    changed: tuple[float, ...]


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
    builder = _Builder(impersonation)
    entry = dict(user)

    def read() -> Credentials:
        answer, expires = _without_plugin(entry, cluster)
        inline = frozenset(name for body in (cluster, answer) for name in body if name.endswith("-data"))
        return builder.build(_configuration(answer, cluster), expires=expires, inline=inline)

    return read


def from_service_account(flags: Mapping[str, Any], impersonation: Impersonation) -> Callable[[], Credentials]:
    """Return a reader that logs in as the pod we run in; `flags` that are set win over what is mounted."""
    builder = _Builder(impersonation)

    def read() -> Credentials:
        from kubernetes import client, config

        configuration: Configuration = client.Configuration()
        try:
            config.load_incluster_config(client_configuration=configuration)
        except (config.ConfigException, OSError) as error:
            raise PrismError(f"cannot log in with the pod's service account: {error}") from error
        if flags.get("token"):
            configuration.api_key["BearerToken"] = f"Bearer {flags['token']}"
        configuration.ssl_ca_cert = flags.get("certificate-authority") or configuration.ssl_ca_cert
        configuration.cert_file, configuration.key_file = flags.get("client-certificate"), flags.get("client-key")
        configuration.verify_ssl = not flags.get("insecure-skip-tls-verify")
        configuration.tls_server_name = flags.get("tls-server-name")
        return builder.build(configuration, expires=time.time() + TOKEN_FILE_PERIOD)

    return read


def _without_plugin(user: dict[str, Any], cluster: Mapping[str, Any]) -> tuple[dict[str, Any], float]:
    """Replace an exec plugin by what it answers; return the user and when that ends."""
    if user.get("tokenFile"):
        return {name: value for name, value in user.items() if name != "token"}, time.time() + TOKEN_FILE_PERIOD
    if not user.get("exec") or user.get("token") or user.get("username"):
        return user, inf
    answer = exec_plugin.run(user["exec"], cluster)
    kept = {name: value for name, value in user.items() if name != "exec"}
    return {**kept, **answer.user}, answer.expires - EARLY


def _configuration(user: dict[str, Any], cluster: Mapping[str, Any]) -> Configuration:
    """Let the `kubernetes` package turn a cluster and a user into a client configuration."""
    import oauthlib.oauth2  # type: ignore[import-untyped]  # it ships no types
    import urllib3.exceptions
    from kubernetes import client, config
    from kubernetes.config import kube_config

    provider = user.get("auth-provider")
    if isinstance(provider, dict) and provider.get("name") != "oidc":
        raise PrismError(
            f"kubeconfig: the auth-provider {provider.get('name')} is not supported any more",
            hint="use the exec plugin of your cloud, as kubectl asks for since 1.26",
        )
    document = {
        "current-context": "chosen",
        "contexts": [{"name": "chosen", "context": {"cluster": "chosen", "user": "chosen"}}],
        "clusters": [{"name": "chosen", "cluster": cluster}],
        "users": [{"name": "chosen", "user": user}],
    }
    configuration: Configuration = client.Configuration()
    try:
        kube_config.load_kube_config_from_dict(document, client_configuration=configuration)
    except (config.ConfigException, ValueError, OSError) as error:
        raise PrismError(f"kubeconfig: cannot log in: {error}", hint="check it with `kubectl auth whoami`") from error
    except (oauthlib.oauth2.OAuth2Error, urllib3.exceptions.HTTPError) as error:
        raise PrismError(
            f"cannot renew the OIDC login: {type(error).__name__}", hint="log in to your identity provider again"
        ) from error
    return configuration


class _Builder:
    """Turns client configurations into credentials, keeping the TLS context while its parts are the same."""

    def __init__(self, impersonation: Impersonation) -> None:
        self._impersonation = impersonation
        self._parts: Tls | None = None
        self._context: ssl.SSLContext | None = None

    def build(
        self, configuration: Configuration, *, expires: float, inline: frozenset[str] = frozenset()
    ) -> Credentials:
        from multidict import CIMultiDict, CIMultiDictProxy

        authorization = " ".join(str(configuration.api_key.get("BearerToken") or "").split())
        headers = CIMultiDict[str]()
        if authorization:
            headers["Authorization"] = authorization
        user, groups, uid = self._impersonation
        headers.extend([("Impersonate-User", user)] if user else [])
        headers.extend([("Impersonate-Group", group) for group in groups])
        headers.extend([("Impersonate-Uid", uid)] if uid else [])
        files = (configuration.ssl_ca_cert, configuration.cert_file, configuration.key_file)
        parts = Tls(*files, bool(configuration.verify_ssl), tuple(_changed(file) for file in files))
        return Credentials(
            headers=CIMultiDictProxy(headers),
            tls=self._tls(parts, inline) if str(configuration.host).startswith("https") else None,
            server_name=configuration.tls_server_name or None,
            proxy=_proxy(configuration),
            expires=expires,
            origin=(authorization, str(parts)),
        )

    def _tls(self, parts: Tls, inline: frozenset[str]) -> ssl.SSLContext:
        if self._context is None or parts != self._parts:
            self._parts, self._context = parts, _tls_context(parts, inline)
        return self._context


def _changed(file: str | None) -> float:
    return Path(file).stat().st_mtime if file and Path(file).exists() else 0.0


def _tls_context(parts: Tls, inline: frozenset[str]) -> ssl.SSLContext:
    import ssl

    try:
        context = ssl.create_default_context(cafile=parts.authority)
    except (OSError, ssl.SSLError) as error:
        raise _unusable("certificate-authority", parts.authority, inline, error) from error
    # Python 3.13 refuses CAs without the key identifiers that kubeadm and k3s leave out; Go, and so kubectl, accepts.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    if not parts.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if parts.certificate:
        # Without a password OpenSSL would ask for that of an encrypted key on the terminal, in the middle of a run.
        try:
            context.load_cert_chain(parts.certificate, parts.key, password="")
        except (OSError, ssl.SSLError) as error:
            raise _unusable("client-certificate", parts.certificate, inline, error) from error
    return context


def _unusable(field: str, file: str | None, inline: frozenset[str], error: OSError) -> PrismError:
    """Name the file, or the kubeconfig field where the certificate stands in the kubeconfig itself."""
    source = f"{field}-data" if f"{field}-data" in inline else f"{field} {file}"
    why = getattr(error, "reason", None) or error.strerror
    return PrismError(f"{source} cannot be used: {why or error}", hint="it must be PEM; a key must not be encrypted")


def _proxy(configuration: Configuration) -> str | None:
    """Return the proxy for the API server, by proxy-url or the environment; never for this machine itself."""
    from urllib.parse import urlsplit

    from kubernetes.client.rest import should_bypass_proxies

    proxy, host = configuration.proxy, urlsplit(configuration.host).hostname or ""
    if not proxy or should_bypass_proxies(configuration.host, configuration.no_proxy or ""):
        return None
    if host == "localhost" or host == "::1" or host.startswith("127."):
        return None
    if urlsplit(proxy).scheme not in ("http", "https"):
        raise PrismError(
            f"proxies of the kind {urlsplit(proxy).scheme or '?'}:// are not supported", hint="use an http:// proxy"
        )
    return str(proxy)
