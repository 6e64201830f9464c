"""Names for completion: contexts from the kubeconfig, namespaces and stacks from the cluster.

The cluster is asked through kubectl, which logs in as the person is used to, within one second; no network library is
loaded. Whoever gets no answer offers nothing and says nothing.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable

from kubectl_prism.cli.options import FLAGS, Flag, Options
from kubectl_prism.errors import PrismError

WITHIN = 1.0
"""Seconds that a person waits for names at most."""

Candidate = tuple[str, str]


def values(flag: Flag, incomplete: str, options: Options) -> list[Candidate]:
    """Return what the value of a connection flag may be."""
    match flag.name:
        case "context" | "cluster" | "user":
            return _matching(_configured(f"{flag.name}s", options), incomplete)
        case "namespace":
            return _matching(_served(["namespaces"], options), incomplete)
        case "color":
            return _matching(("auto", "always", "never"), incomplete)
        case _:
            return []


def stacks(incomplete: str, options: Options) -> list[Candidate]:
    """Return the names of the stacks in the namespace that the flags mean."""
    return _matching(_served(["prismstacks.prism.io"], options), incomplete)


def _matching(names: Iterable[str], incomplete: str) -> list[Candidate]:
    return [(name, "") for name in names if name.startswith(incomplete)]


def _configured(what: str, options: Options) -> list[str]:
    from kubectl_prism.cli.connect import connection
    from kubectl_prism.kube import config

    try:
        found: list[str] = getattr(config, what)(connection(options))
    except PrismError:
        return []
    return found


def _served(words: list[str], options: Options) -> list[str]:
    kubectl = os.environ.get("KUBECTL_PATH") or "kubectl"
    command = [kubectl, "get", *words, "-o", "name", f"--request-timeout={WITHIN:g}s", *_flags(options)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WITHIN, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line.rpartition("/")[2] for line in done.stdout.splitlines()]


def _flags(options: Options) -> list[str]:
    """Return the connection flags as kubectl takes them."""
    own = {"verbosity", "color", "request_timeout", "as_groups", "insecure_skip_tls_verify"}
    texts = [(flag.name, getattr(options, flag.target)) for flag in FLAGS if flag.target not in own]
    return [
        *(f"--{name}={value}" for name, value in texts if value),
        *(f"--as-group={group}" for group in options.as_groups),
        *(["--insecure-skip-tls-verify"] if options.insecure_skip_tls_verify else []),
    ]
