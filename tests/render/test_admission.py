"""A real API server takes what is rendered, in a namespace that enforces the restricted PodSecurity standard."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import yaml

from kubectl_prism.model.meta import Manifest
from tests.cluster import Cluster
from tests.render.conftest import HERE, dump

NAMESPACE = "render-restricted"
CRDS = Path(__file__).parents[2] / "kubectl_prism" / "manifests" / "crds"

NOT_HERE = ("priorityClassName", "runtimeClassName", "serviceAccountName")
"""Fields of a pod that name objects which the test's namespace does not have."""


def kubectl(cluster: Cluster, *arguments: str, documents: Iterable[Manifest] = ()) -> subprocess.CompletedProcess[str]:
    """Run kubectl against the cluster with documents on stdin."""
    command = [str(cluster.kubectl), "--kubeconfig", str(cluster.kubeconfig), "--context", cluster.context, *arguments]
    return subprocess.run(command, input=dump(documents), capture_output=True, text=True, check=False)


def dry_run(cluster: Cluster, documents: Iterable[Manifest]) -> subprocess.CompletedProcess[str]:
    """Ask the API server whether it would take the documents."""
    return kubectl(cluster, "apply", "--server-side", "--dry-run=server", "-f", "-", documents=documents)


@pytest.fixture(scope="module")
def restricted(cluster: Cluster) -> Iterator[Cluster]:
    """Return the cluster with our CRDs and a namespace that enforces the restricted standard and warns of breaches."""
    kubectl(cluster, "apply", "--server-side", "--force-conflicts", "-f", str(CRDS)).check_returncode()
    kubectl(cluster, "wait", "--for=condition=Established", "crd", "--all").check_returncode()
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
    kubectl(cluster, "apply", "--server-side", "-f", "-", documents=[namespace]).check_returncode()
    yield cluster
    kubectl(cluster, "delete", "namespace", NAMESPACE, "--wait=false").check_returncode()


def rendered() -> list[Manifest]:
    """Return the objects of all goldens, in the namespace of this test, but for kinds the server does not know."""
    files = sorted((HERE / "goldens").glob("*.yaml"))
    found = [obj for file in files for obj in yaml.safe_load_all(file.read_text()) if "apiVersion" in obj]
    for obj in found:
        obj["metadata"]["namespace"] = NAMESPACE
    return [obj for obj in found if obj["kind"] != "ScaledObject"]


def pods() -> list[Manifest]:
    """Return a pod of each Deployment of the goldens."""

    def pod(deployment: Manifest) -> Manifest:
        template = deployment["spec"]["template"]
        spec = {field: value for field, value in template["spec"].items() if field not in NOT_HERE}
        metadata = {**template["metadata"], "name": deployment["metadata"]["name"], "namespace": NAMESPACE}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}

    return [pod(obj) for obj in rendered() if obj["kind"] == "Deployment"]


def test_the_server_takes_every_object_without_a_warning(restricted: Cluster) -> None:
    """Every object of every golden passes validation, strict on fields, and no pod template is warned of."""
    answer = dry_run(restricted, rendered())
    assert (answer.returncode, answer.stderr) == (0, "")


def test_the_server_admits_every_pod(restricted: Cluster) -> None:
    """Every pod is admitted where the restricted standard is enforced."""
    answer = dry_run(restricted, pods())
    assert (answer.returncode, answer.stderr) == (0, "")


def test_the_standard_is_really_enforced(restricted: Cluster) -> None:
    """A pod that gives up one of its restrictions is refused there."""
    (loose, *_) = pods()
    loose["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    answer = dry_run(restricted, [loose])
    assert answer.returncode != 0
    assert "violates PodSecurity" in answer.stderr
