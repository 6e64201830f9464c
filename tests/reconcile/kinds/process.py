"""`kubectl-prism operator` as a process of its own: started, read by its probes, stopped by a signal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from urllib.error import HTTPError

from tests.cluster import Cluster
from tests.reconcile.kinds.world import eventually


class Operator:
    """The reconciler of one namespace, or of all where `namespace` is None; its log is in `log`.

    `altered` are variables of the environment that `tests.faults.altered` understands; without any the program is as it
    is.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        namespace: str | None,
        folder: Path,
        options: Sequence[str] = (),
        altered: Mapping[str, str] | None = None,
    ) -> None:
        self.log = folder / f"operator-{len(list(folder.iterdir()))}.log"
        connection = [f"--kubeconfig={cluster.kubeconfig}", f"--context={cluster.context}"]
        scope = [f"--watch-namespace={namespace}"] if namespace else []
        words = [*scope, "--probes=127.0.0.1:0", "--log-format=json", *options]
        program = "tests.faults.altered" if altered else "kubectl_prism"
        self._command = [sys.executable, "-m", program, "operator", *connection, *words]
        self._environment = {**os.environ, **(altered or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._address = ""

    def __enter__(self) -> Operator:
        """Start it and wait until it is ready."""
        with self.log.open("wb") as out:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdout=subprocess.DEVNULL, stderr=out
            )
        try:
            eventually(self._is_served)
            eventually(self._is_ready)
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it as Kubernetes does; it must end well."""
        process = self._running
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(30)
        finally:
            process.kill()
            process.wait()
        assert code == 0, self.log.read_text()

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def processor_seconds(self) -> float:
        """Return the processor time that it has used so far."""
        fields = Path(f"/proc/{self._running.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of a metric over all its samples with these labels."""
        return _sum(self._metrics(), name, **labels)

    def writes(self) -> float:
        """Return how many requests it says that it has sent so far to write something, other than its Lease."""
        requests, page = "rest_client_requests_total", self._metrics()
        reads = sum(_sum(page, requests, verb=verb) for verb in ("get", "list", "watch", "connect"))
        renewals = sum(_sum(page, requests, verb=verb, kind="Lease") for verb in ("create", "update"))
        return _sum(page, requests) - reads - renewals

    def has_looked_at(self, objects: int) -> bool:
        """Tell whether it has reconciled so many objects and has nothing left to do."""
        page = self._metrics()
        busy = _sum(page, "workqueue_depth") + _sum(page, "controller_runtime_active_workers")
        return _sum(page, "controller_runtime_reconcile_total") >= objects and busy == 0

    def _is_served(self) -> bool:
        assert self._running.poll() is None, self.log.read_text()
        found = re.search(r"probes and metrics on (http://[0-9.:]+)", self.log.read_text())
        self._address = found[1] if found else ""
        return found is not None

    def _is_ready(self) -> bool:
        try:
            return bool(self._read("/readyz"))
        except HTTPError as unready:
            unready.close()
            return False

    def _metrics(self) -> str:
        """Return all metrics of one moment: what is reckoned from several is wrong if read one after the other."""
        return self._read("/metrics").decode()

    def _read(self, path: str) -> bytes:
        with urllib.request.urlopen(self._address + path, timeout=10) as answer:
            return bytes(answer.read())


def _sum(page: str, name: str, **labels: str) -> float:
    """Return the sum of a metric over all its samples on a page with these labels."""
    return sum(
        float(line.rpartition(" ")[2])
        for line in page.splitlines()
        if line.startswith((f"{name}{{", f"{name} ")) and all(f'{key}="{labels[key]}"' in line for key in labels)
    )
