"""Where one run of one operator happens: a sandbox of its own with an audit log, removed in the end.

The API server's audit log is how requests are counted, for ours and for every peer alike. The operator, the floor and
the person who changes things each log in as a ServiceAccount, since an administrator is exempt from fairness.
"""

from __future__ import annotations

import base64
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import yaml

from kubectl_prism import manifests
from kubectl_prism.model.meta import Manifest
from kubectl_prism.sandbox import cluster
from kubectl_prism.sandbox.cluster import Sandbox
from kubectl_prism.sandbox.configuration import configuration
from kubectl_prism.sandbox.place import place
from kubectl_prism.sandbox.ports import Ports
from kubectl_prism.sandbox.programs import Binaries

NAMESPACE = "bench"
SYSTEM = "prism-system"
"""Where our operator's Lease lies."""
PEER = "peer"
PERSON = "person"
OUR_CRDS = Path(manifests.__file__).parent / "crds"


@dataclass(frozen=True, slots=True)
class Login:
    """How a ServiceAccount reaches the API server."""

    user: str
    token: str
    kubeconfig: Path


@dataclass(frozen=True, slots=True)
class Arena:
    """A running sandbox: its two logins, its CA and its audit log."""

    sandbox: Sandbox
    peer: Login
    person: Login
    ca: Path
    audit: Path
    kubectl: Path


@contextmanager
def arena(programs: Binaries, crds: Path | None = None) -> Iterator[Arena]:
    """Start a sandbox with the CRDs of one peer, ours where None; stop and remove it in the end."""
    name = f"prism-bench-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="prism-bench-") as folder:
        policy = Path(folder) / "audit-policy.yaml"
        policy.write_text(yaml.safe_dump(_policy()))

        def audited(paths: dict[str, Path], ports: Ports) -> Manifest:
            found = configuration(paths, ports)
            return {**found, "options": {**found["options"], "kubeAuditPolicy": str(policy)}}

        with (
            mock.patch.dict(os.environ, {"XDG_DATA_HOME": folder}),
            mock.patch.object(cluster, "configuration", audited),
        ):
            try:
                yield _furnished(cluster.up(programs, name=name), programs, Path(folder), crds)
            finally:
                cluster.down(name)


def _furnished(sandbox: Sandbox, programs: Binaries, folder: Path, crds: Path | None) -> Arena:
    """Put the CRDs, the namespace and both logins there."""
    where = place(sandbox.name)
    kubectl = programs["kubectl"]

    def run(*arguments: str, given: str | None = None) -> str:
        command = [str(kubectl), f"--kubeconfig={sandbox.kubeconfig}", *arguments]
        return subprocess.run(command, input=given, capture_output=True, text=True, check=True, timeout=60).stdout

    run("apply", "--server-side", "-f", str(crds or OUR_CRDS))
    run("apply", "-f", "-", given=yaml.safe_dump_all(_accounts()))
    run("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
    logins = [
        _login(
            sandbox,
            account,
            run("create", "token", account, f"--namespace={NAMESPACE}", "--duration=24h"),
            where.certificates / "ca.crt",
            folder,
        )
        for account in (PEER, PERSON)
    ]
    time.sleep(1)  # the caches of the API server's authorizer take a moment to hold the new bindings
    audit = where.server_log("audit")
    return Arena(sandbox, logins[0], logins[1], where.certificates / "ca.crt", audit, kubectl)


def _login(sandbox: Sandbox, account: str, token: str, ca: Path, folder: Path) -> Login:
    path = folder / f"{account}.kubeconfig"
    authority = base64.b64encode(ca.read_bytes()).decode()
    user = {"token": token.strip()}
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "bench",
                "clusters": [
                    {"name": "bench", "cluster": {"server": sandbox.server, "certificate-authority-data": authority}}
                ],
                "users": [{"name": account, "user": user}],
                "contexts": [
                    {"name": "bench", "context": {"cluster": "bench", "user": account, "namespace": NAMESPACE}}
                ],
            }
        )
    )
    return Login(f"system:serviceaccount:{NAMESPACE}:{account}", token.strip(), path)


def _accounts() -> Iterator[Manifest]:
    for namespace in (NAMESPACE, SYSTEM):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    for account in (PEER, PERSON):
        yield {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": account, "namespace": NAMESPACE},
        }
        yield {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"bench-{account}"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}],
        }


def _policy() -> Manifest:
    """Log every request of the operator, and the person's changes of patterns; nobody else's cost anything."""
    user = f"system:serviceaccount:{NAMESPACE}:"
    patterns = {"group": "prism.io", "resources": ["prismpatterns"]}
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitManagedFields": True,
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "Metadata", "users": [user + PEER]},
            {"level": "Metadata", "users": [user + PERSON], "verbs": ["patch"], "resources": [patterns]},
            {"level": "None"},
        ],
    }
