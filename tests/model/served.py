"""Our CRDs on the test run's API server, and kubectl to put them to the question."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from kubectl_prism import manifests
from tests.cluster import Cluster


@dataclass(frozen=True, slots=True)
class Served:
    """The API server as kubectl sees it."""

    cluster: Cluster

    def kubectl(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run kubectl and return what it said."""
        command = [str(self.cluster.kubectl), f"--kubeconfig={self.cluster.kubeconfig}", *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=60)

    def said(self, *arguments: str, stdin: str = "") -> str:
        """Run kubectl, expect it to succeed, and return its stdout."""
        done = self.kubectl(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def judged(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Return `obj` as the API server would store it: validated, defaulted and pruned, but not stored."""
        stored = self.said("create", "--dry-run=server", "--validate=false", "-o=json", "-f=-", stdin=json.dumps(obj))
        return dict(json.loads(stored))

    def refusal(self, obj: dict[str, Any]) -> str:
        """Return what the API server says against `obj`, which it must refuse."""
        done = self.kubectl("create", "--dry-run=server", "-f=-", stdin=json.dumps(obj))
        assert done.returncode == 1, done.stdout
        return done.stderr


@pytest.fixture(scope="session")
def served(cluster: Cluster) -> Served:
    """The API server with our CRDs in force."""
    served = Served(cluster)
    served.said("apply", "--server-side", "--force-conflicts", "-f=-", stdin=manifests.crd_text())
    served.said("wait", "--for=condition=Established", "--timeout=30s", "-f=-", stdin=manifests.crd_text())
    return served


@pytest.fixture
def namespace(served: Served) -> Iterator[str]:
    """A Kubernetes namespace of one test's own."""
    name = f"model-{uuid.uuid4().hex[:8]}"
    served.said("create", "namespace", name)
    yield name
    served.said("delete", "namespace", name, "--wait=false")
