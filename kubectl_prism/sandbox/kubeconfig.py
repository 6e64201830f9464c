"""The sandbox's own kubeconfig, and adding it to or taking it out of the person's, on request only.

Called by `cluster`. The person's file is written whole or not at all, and what it holds besides stays.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import yaml

from kubectl_prism.errors import PrismError
from kubectl_prism.model.meta import Manifest
from kubectl_prism.sandbox.folders import make_folder, write

_SECTIONS = ("clusters", "users", "contexts")


def kubeconfig(context: str, *, server: str, certificates: Path) -> Manifest:
    """Build a kubeconfig that needs no other file."""
    user = {
        "client-certificate-data": _data(certificates / "admin.crt"),
        "client-key-data": _data(certificates / "admin.key"),
    }
    cluster = {"certificate-authority-data": _data(certificates / "ca.crt"), "server": server}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": context, "cluster": cluster}],
        "users": [{"name": context, "user": user}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        "current-context": context,
    }


def _data(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode("ascii")


def persons_file() -> Path:
    """Return the kubeconfig that kubectl would write to."""
    listed = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return Path(listed[0]) if listed else Path.home() / ".kube" / "config"


def adopt(path: Path, own: Manifest) -> None:
    """Add our cluster, user and context to the person's kubeconfig and make the context current."""
    theirs = _read(path) or {"apiVersion": "v1", "kind": "Config"}
    for section in _SECTIONS:
        theirs[section] = [*_others(theirs, section, own["current-context"]), *own[section]]
    theirs["current-context"] = own["current-context"]
    make_folder(path.parent)
    write(path, yaml.safe_dump(theirs, sort_keys=False))


def disown(path: Path, context: str, server: str) -> bool:
    """Take our context out of the person's kubeconfig if it is there and ours; tell whether it was."""
    theirs = _read(path)
    ours = [entry for entry in theirs.get("clusters") or [] if entry.get("name") == context]
    if not ours or (ours[0].get("cluster") or {}).get("server") != server:
        return False
    for section in _SECTIONS:
        theirs[section] = _others(theirs, section, context)
    if theirs.get("current-context") == context:
        theirs["current-context"] = ""
    write(path, yaml.safe_dump(theirs, sort_keys=False))
    return True


def _others(theirs: Manifest, section: str, own_name: str) -> list[Any]:
    return [entry for entry in theirs.get(section) or [] if entry.get("name") != own_name]


def _read(path: Path) -> Manifest:
    if not path.exists():
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise PrismError(
            f"cannot read the kubeconfig {path}: {error}", hint="repair it; nothing was changed"
        ) from error
    if content is not None and not isinstance(content, dict):
        raise PrismError(f"{path} is no kubeconfig", hint="repair it; nothing was changed")
    return content or {}
