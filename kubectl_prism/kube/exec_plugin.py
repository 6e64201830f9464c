"""Runs the credential plugin that a kubeconfig user names (EKS, GKE, AKS, OIDC and others log in this way).

Called by `login`, in a thread. The `kubernetes` package runs the program; here stands what it leaves out: kuberc's
policy on which plugins may run, client certificates, and errors that say what to do. Never logs what a plugin answers.
"""

from __future__ import annotations

import base64
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

from kubectl_prism.errors import PrismError
from kubectl_prism.kube.kubeconfig import loader


@dataclass(frozen=True, slots=True)
class Answer:
    """What a plugin gave: fields of a kubeconfig user, and when they end in seconds since the epoch."""

    user: Mapping[str, str] = field(repr=False)
    expires: float


def run(plugin: Mapping[str, Any], cluster: Mapping[str, Any]) -> Answer:
    """Run the plugin and return its answer; PrismError says which program failed and how."""
    from kubernetes.config import ConfigException
    from kubernetes.config.exec_provider import ExecProvider
    from kubernetes.config.kube_config import ConfigNode

    command = str(plugin.get("command") or "")
    _check(plugin, command)
    node = ConfigNode("exec", {**plugin, "command": _program(command)})
    try:
        status = ExecProvider(node, None, ConfigNode("cluster", _described(cluster))).run()
    except FileNotFoundError as error:
        raise _failed(plugin, "it is not installed") from error
    except AttributeError as error:
        # On a terminal the plugin's own words went to stderr already, and the package has none left to quote.
        raise _failed(plugin, "it ended with an error") from error
    except (ConfigException, OSError) as error:
        raise _failed(plugin, " ".join(str(error).split())) from error
    return _answer(plugin, status)


def _answer(plugin: Mapping[str, Any], status: object) -> Answer:
    from kubernetes.config.dateutil import parse_rfc3339

    given = status if isinstance(status, dict) else {}
    user: dict[str, str] = {}
    if given.get("token"):
        user["token"] = str(given["token"])
    if given.get("clientCertificateData") and given.get("clientKeyData"):
        user["client-certificate-data"] = _base64(str(given["clientCertificateData"]))
        user["client-key-data"] = _base64(str(given["clientKeyData"]))
    if not user:
        raise _failed(plugin, "it answered neither a token nor a client certificate with its key")
    end = given.get("expirationTimestamp")
    return Answer(user, parse_rfc3339(end).timestamp() if end else inf)


def _check(plugin: Mapping[str, Any], command: str) -> None:
    if not command:
        raise PrismError("kubeconfig: users[].user.exec.command is missing")
    if plugin.get("interactiveMode") == "Always" and not sys.stdin.isatty():
        raise _failed(plugin, "it asks questions (interactiveMode: Always), and this is not a terminal")
    if not any(_allows(preference, command) for preference in _preferences()):
        raise PrismError(
            f"the credential plugin {command} is not allowed to run",
            hint="credentialPluginPolicy in your kuberc file forbids it, for kubectl as well",
        )


def _preferences() -> Iterator[Mapping[str, Any]]:
    """Yield the person's kuberc preferences; an empty one where there is no such file."""
    named = os.environ.get("KUBERC")
    file = Path(named or Path.home() / ".kube" / "kuberc").expanduser()
    if named == "off" or not file.exists():
        yield {}
        return
    import yaml

    try:
        documents = list(yaml.load_all(file.read_bytes(), Loader=loader()))
    except (yaml.YAMLError, OSError) as error:
        raise PrismError(f"{file} cannot be read, so it is unknown which credential plugins may run") from error
    yield from [document for document in documents if isinstance(document, dict)] or [{}]


def _allows(preference: Mapping[str, Any], command: str) -> bool:
    match preference.get("credentialPluginPolicy") or "AllowAll":
        case "AllowAll":
            return True
        case "Allowlist":
            listed = preference.get("credentialPluginAllowlist") or []
            named = [str(item.get("command") or item.get("name")) for item in listed if isinstance(item, dict)]
            return _program(command) in [_program(name) for name in named]
        case _:
            return False


def _program(command: str) -> str:
    return shutil.which(command) or command


def _described(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """Describe the cluster as plugins expect it: the authority as data, not as a file."""
    authority = cluster.get("certificate-authority")
    described = {name: value for name, value in cluster.items() if name != "certificate-authority"}
    if authority and Path(authority).exists():
        described["certificate-authority-data"] = base64.b64encode(Path(authority).read_bytes()).decode()
    return described


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _failed(plugin: Mapping[str, Any], why: str) -> PrismError:
    hint = str(plugin.get("installHint") or "").strip().splitlines()
    return PrismError(f"the credential plugin {plugin.get('command')} failed: {why}", hint=hint[0] if hint else None)
