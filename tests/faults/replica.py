"""The operator as the cluster runs it: a ServiceAccount with its rules, started again whenever it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from urllib.error import URLError

import yaml

from kubectl_prism.render.operator import rules
from tests.cluster import Cluster
from tests.reconcile.kinds.process import Operator
from tests.reconcile.kinds.world import eventually, kubectl

HOME = "prism-faults"
"""The namespace of the operator's ServiceAccount, on every cluster that is tested here."""
ACCOUNT = "prism-operator"

READY_WITHIN = 90.0
"""Seconds until all is listed: a busy server may want to be left alone for half a minute, and more than once."""
ENDS_WITHIN = 30.0
TROUBLE = ("Traceback", '"stacktrace"', "unexpected ", "never retrieved", "was destroyed but it is pending")
"""What a log says of an exception that nobody expected, or of a task that was left behind."""


def account(cluster: Cluster, *, address: str, certificates: Path, folder: Path) -> Cluster:
    """Make the operator's ServiceAccount; return the cluster as it reaches it, at `address`."""
    role = {"name": HOME}
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": HOME}
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": HOME}
    manifests = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": role},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": HOME}},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": role, "rules": rules()},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": role,
            "subjects": [subject],
            "roleRef": ref,
        },
    ]
    kubectl(cluster, "apply", "--server-side", "-f", "-", given=yaml.safe_dump_all(manifests))
    token = kubectl(cluster, "create", "token", ACCOUNT, f"--namespace={HOME}", "--duration=24h").strip()
    trusted = {"server": address, "certificate-authority": str(certificates / "ca.crt")}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": HOME,
        "clusters": [{"name": HOME, "cluster": trusted}],
        "users": [{"name": HOME, "user": {"token": token}}],
        "contexts": [{"name": HOME, "context": {"cluster": HOME, "user": HOME}}],
    }
    path = folder / f"operator-{address.rpartition(':')[2]}.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return Cluster(cluster.name, path, HOME, address, cluster.kubectl)


class Replica(Operator):
    """One operator that may be killed, frozen and revived; `exits` are the codes with which it ended by itself.

    `altered` are variables of the environment that `altered.py` understands; without any the program is as it is.
    """

    def __init__(
        self, cluster: Cluster, *, namespace: str | None, folder: Path, altered: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(cluster, namespace=namespace, folder=folder, altered=altered)
        self.logs: list[Path] = []
        self.exits: list[int] = []
        self._folder = folder

    def __enter__(self) -> Replica:
        """Start it and wait until it is ready."""
        self.start()
        try:
            eventually(self._is_served)
            eventually(self._is_ready, within=READY_WITHIN)
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it, whatever state it is in."""
        self.kill()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._running.pid

    @property
    def has_ended(self) -> bool:
        """Whether it does not run."""
        return self._process is None or self._process.poll() is not None

    @property
    def is_idle(self) -> bool:
        """Whether its caches are synced and nothing is left to do, as it says itself."""
        try:
            return self._is_served() and self._is_ready() and self.has_looked_at(0)
        except (URLError, ConnectionError):
            return False

    @property
    def serves(self) -> bool:
        """Whether its probes say that it is ready; each time it starts they are at another address."""
        try:
            return self._is_served() and self._is_ready()
        except (URLError, ConnectionError):
            return False

    @property
    def memory(self) -> int:
        """Kilobytes that it has in memory."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))

    def start(self) -> None:
        """Start it, with a log of its own, and do not wait."""
        self.log = self._folder / f"operator-{len(self.logs)}-{id(self)}.log"
        self.logs.append(self.log)
        with self.log.open("wb") as out:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=out,
                start_new_session=True,  # as in a container: Linux shares processors out by session, and ours is busy
            )

    def strike(self) -> None:
        """Send SIGKILL and go on; it may be called from any thread."""
        os.kill(self.pid, signal.SIGKILL)

    def kill(self) -> None:
        """End it at once, and wait until it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def revive(self) -> bool:
        """Start it again where it has ended, as a cluster does; tell whether it had."""
        if not self.has_ended:
            return False
        self.exits.append(self._running.returncode)
        self.start()
        return True

    def stop(self) -> int:
        """Stop it as a cluster does, and return its exit code."""
        self._running.send_signal(signal.SIGTERM)
        return self._running.wait(ENDS_WITHIN)

    def troubles(self) -> list[str]:
        """Return every line of its logs that tells of an exception nobody expected."""
        lines = [line for log in self.logs for line in log.read_text().splitlines()]
        return [line for line in lines if any(word in line for word in TROUBLE)]

    def said(self, words: str) -> list[str]:
        """Return the messages of its logs that hold `words`."""
        lines = [line for log in self.logs for line in log.read_text().splitlines() if words in line]
        return [str(json.loads(line)["msg"]) if line.startswith("{") else line for line in lines]
