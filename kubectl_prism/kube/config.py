"""Finds the cluster a person means: kubectl's connection flags, kubeconfig files, or the pod we run in.

Called by the command line, once. `load` reads files and decides; it does not log in and touches no network: the first
request does, through `Cluster.login`. `contexts`, `clusters` and `users` are for shell completion.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kubectl_prism.errors import PrismError, UsageError
from kubectl_prism.kube import kubeconfig
from kubectl_prism.kube.errors import NoCluster
from kubectl_prism.kube.kubeconfig import Entry, Kubeconfig
from kubectl_prism.kube.login import Impersonation, Login, from_kubeconfig, from_service_account
from kubectl_prism.model.suggest import close

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """kubectl's connection flags, each as the person gave it; `request_timeout` is in seconds."""

    kubeconfig: str | None = None
    context: str | None = None
    cluster: str | None = None
    user: str | None = None
    namespace: str | None = None
    server: str | None = None
    token: str | None = field(default=None, repr=False)
    as_user: str | None = None
    as_groups: tuple[str, ...] = ()
    as_uid: str | None = None
    request_timeout: float | None = None
    insecure_skip_tls_verify: bool = False
    certificate_authority: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    tls_server_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One API server and how to log in to it; `context` is None where no kubeconfig context was used."""

    server: str
    context: str | None
    namespace: str
    inside: bool
    request_timeout: float | None = None
    login: Login = field(repr=False, compare=False)

    @property
    def address(self) -> str:
        """`host:port`, as an error names the server."""
        parts = urlsplit(self.server)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def load(options: Connection, environment: Mapping[str, str] = os.environ) -> Cluster:
    """Return the cluster that `options` mean; NoCluster where nothing names one, PrismError for a bad kubeconfig."""
    impersonation = _impersonation(options)
    config = _kubeconfig(options, environment)
    if config is not None and config.contexts:
        return _from_context(options, config, impersonation)
    if options.context:
        raise _unknown("context", options.context, (), config)
    if options.server or (config is not None and options.cluster):
        return _from_flags(options, config, impersonation)
    if (SERVICE_ACCOUNT / "token").exists() and environment.get("KUBERNETES_SERVICE_HOST"):
        return _from_pod(options, environment, impersonation)
    seen = f"{config.place} has no contexts" if config and config.files else "there is no kubeconfig"
    raise NoCluster(
        f"no cluster is configured: {seen}",
        hint="name one with --kubeconfig or --context, or start a local one with `kubectl prism up --sandbox`",
    )


def contexts(options: Connection, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the names of the contexts, sorted."""
    return sorted(kubeconfig.read(kubeconfig.paths(options.kubeconfig, environment)).contexts)


def clusters(options: Connection, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the names of the clusters, sorted."""
    return sorted(kubeconfig.read(kubeconfig.paths(options.kubeconfig, environment)).clusters)


def users(options: Connection, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the names of the users, sorted."""
    return sorted(kubeconfig.read(kubeconfig.paths(options.kubeconfig, environment)).users)


def _kubeconfig(options: Connection, environment: Mapping[str, str]) -> Kubeconfig | None:
    files = kubeconfig.paths(options.kubeconfig, environment)
    source = "--kubeconfig" if options.kubeconfig else "KUBECONFIG" if environment.get("KUBECONFIG") else None
    if not any(file.exists() for file in files):
        if source is None:
            return None
        named = ", ".join(str(file) for file in files)
        raise PrismError(f"kubeconfig {named} does not exist", hint=f"{source} names it; correct or remove that")
    return kubeconfig.read(files)


def _from_context(options: Connection, config: Kubeconfig, impersonation: Impersonation) -> Cluster:
    name = options.context or config.current_context
    if not name:
        if options.server or options.cluster:
            return _from_flags(options, config, impersonation)
        raise PrismError(
            f"kubeconfig {config.place}: current-context is not set",
            hint=f"give --context, or run `kubectl config use-context NAME`; there are: {_some(config.contexts)}",
        )
    if name not in config.contexts:
        raise _unknown("context", name, config.contexts, config)
    return _assemble(options, config, config.contexts[name], impersonation)


def _from_flags(options: Connection, config: Kubeconfig | None, impersonation: Impersonation) -> Cluster:
    config = config or Kubeconfig((), "", {}, {}, {})
    return _assemble(options, config, Entry("", {}, Path()), impersonation)


def _assemble(options: Connection, config: Kubeconfig, context: Entry, impersonation: Impersonation) -> Cluster:
    cluster_name = options.cluster or context.body.get("cluster")
    user_name = options.user or context.body.get("user")
    if not cluster_name and not options.server:
        raise _missing(context, f"contexts[name={context.name}].context.cluster")
    if cluster_name and cluster_name not in config.clusters:
        raise _unknown("cluster", cluster_name, config.clusters, config)
    if user_name and user_name not in config.users:
        raise _unknown("user", user_name, config.users, config)
    cluster_entry = config.clusters[cluster_name] if cluster_name else Entry("", {}, Path())
    cluster = _overridden(cluster_entry.body, _cluster_flags(options))
    user = _overridden(config.users[user_name].body if user_name else {}, _user_flags(options))
    server = cluster.get("server")
    if not server:
        raise _missing(cluster_entry, f"clusters[name={cluster_entry.name}].cluster.server")
    return Cluster(
        server=_checked_server(server, None if options.server else cluster_entry),
        context=context.name or None,
        namespace=options.namespace or context.body.get("namespace") or "default",
        inside=False,
        request_timeout=options.request_timeout,
        login=Login(from_kubeconfig(cluster=cluster, user=user, impersonation=impersonation)),
    )


def _from_pod(options: Connection, environment: Mapping[str, str], impersonation: Impersonation) -> Cluster:
    host, port = environment["KUBERNETES_SERVICE_HOST"], environment.get("KUBERNETES_SERVICE_PORT") or "443"
    mounted = SERVICE_ACCOUNT / "namespace"
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    cluster = {**_cluster_flags(options), "server": server}
    user = _user_flags(options)
    return Cluster(
        server=server,
        context=None,
        namespace=options.namespace or (mounted.read_text().strip() if mounted.exists() else "default"),
        inside=True,
        request_timeout=options.request_timeout,
        login=Login(from_service_account(SERVICE_ACCOUNT, cluster=cluster, user=user, impersonation=impersonation)),
    )


def _impersonation(options: Connection) -> Impersonation:
    if (options.as_groups or options.as_uid) and not options.as_user:
        raise UsageError("--as-group and --as-uid need --as", hint="add --as USER")
    return Impersonation(options.as_user, options.as_groups, options.as_uid)


def _cluster_flags(options: Connection) -> dict[str, Any]:
    return {
        "server": options.server,
        "certificate-authority": options.certificate_authority,
        "insecure-skip-tls-verify": options.insecure_skip_tls_verify or None,
        "tls-server-name": options.tls_server_name,
    }


def _user_flags(options: Connection) -> dict[str, Any]:
    return {
        "token": options.token,
        "client-certificate": options.client_certificate,
        "client-key": options.client_key,
    }


def _overridden(body: Mapping[str, Any], flags: Mapping[str, Any]) -> dict[str, Any]:
    """Let flags win over a kubeconfig entry, also over the same thing given there in another form."""
    given = {name: value for name, value in flags.items() if value is not None}
    hidden = {f"{name}-data" for name in given}
    if "token" in given:
        hidden |= {"tokenFile", "exec", "auth-provider", "username", "password"}
    return {name: value for name, value in body.items() if name not in hidden} | given


def _checked_server(server: object, entry: Entry | None) -> str:
    text = str(server).rstrip("/")
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        where = f"kubeconfig {entry.file}: clusters[name={entry.name}].cluster.server" if entry else "--server"
        raise PrismError(f"{where} is not a URL: {text}", hint="it looks like https://HOST:PORT")
    return text


def _missing(entry: Entry, path: str) -> PrismError:
    return PrismError(f"kubeconfig {entry.file}: {path} is missing", hint="give --server, or complete the file")


def _unknown(what: str, name: str, known: Iterable[str], config: Kubeconfig | None) -> PrismError:
    names = sorted(known)
    near = close(name, names)
    place = config.place if config else "any kubeconfig"
    hint = f"did you mean {near}?" if near else f"there are: {_some(names)}" if names else f"there are no {what}s"
    return PrismError(f"{what} {name} is not in {place}", hint=hint)


def _some(names: Iterable[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:8]) + (f" and {len(listed) - 8} more" if len(listed) > 8 else "")
