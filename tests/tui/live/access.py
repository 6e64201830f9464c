"""Who looks at the screen: ServiceAccounts with the rights that a test gives them, behind the recording proxy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.faults.proxy import Proxy
from tests.reconcile.kinds.world import World

EVERYTHING = ({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},)
"""Rights that forbid nothing."""
RBAC = "rbac.authorization.k8s.io"


class Access:
    """Makes users of a world's namespace."""

    def __init__(self, world: World, proxy: Proxy, folder: Path) -> None:
        self.proxy = proxy
        self.folder = folder
        self._world = world

    def account(self, name: str, rules: Sequence[dict[str, Any]]) -> str:
        """Make a ServiceAccount that may do this in the whole cluster; return a token of it."""
        full = f"{self._world.namespace}-{name}"
        self._world.create("ServiceAccount", name)
        subject = {"kind": "ServiceAccount", "name": name, "namespace": self._world.namespace}
        role = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": full}, "rules": [*rules]}
        binding = {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": full},
            "subjects": [subject],
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": full},
        }
        self._world.kubectl("apply", "--server-side", "-f", "-", given=yaml.safe_dump_all([role, binding]))
        return self.token(name)

    def token(self, name: str, *words: str) -> str:
        """Return a new token of a ServiceAccount."""
        return self._world.kubectl("create", "token", name, "--duration=1h", *words).strip()

    def kubeconfig(self, name: str, user: dict[str, Any]) -> Path:
        """Write a kubeconfig with this user, at the proxy."""
        authority = self._world.cluster.kubeconfig.parent / "clusters" / self._world.cluster.name / "pki" / "ca.crt"
        body = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [
                {"name": name, "cluster": {"server": self.proxy.address, "certificate-authority": str(authority)}}
            ],
            "users": [{"name": name, "user": user}],
            "contexts": [
                {"name": name, "context": {"cluster": name, "user": name, "namespace": self._world.namespace}}
            ],
        }
        path = self.folder / f"{name}.kubeconfig"
        path.write_text(yaml.safe_dump(body))
        return path

    def user(self, name: str, rules: Sequence[dict[str, Any]] = EVERYTHING) -> Path:
        """Make a user with these rights; return the kubeconfig."""
        return self.kubeconfig(name, {"token": self.account(name, rules)})
