"""One real API server for a whole test run, started and removed through the sandbox's own code.

`tests/conftest.py` imports the fixture; each pytest process has a cluster of its own. Missing programs are fetched or
built, never a reason to skip.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kubectl_prism import manifests
from kubectl_prism.errors import PrismError
from kubectl_prism.sandbox import binaries
from kubectl_prism.sandbox import cluster as sandbox
from kubectl_prism.sandbox.programs import Binaries

TRIES = 3


@dataclass(frozen=True, slots=True)
class Cluster:
    """How to reach the cluster of this test run; `kubectl` is a program that fits it."""

    name: str
    kubeconfig: Path
    context: str
    server: str
    kubectl: Path


def install(api: Any) -> None:  # noqa: ANN401 - the official client ships no types
    """Put our kinds on a cluster, unless they are there."""
    from kubernetes.client import ApiException, ApiextensionsV1Api  # half a second, which most rooms need not pay

    for crd in manifests.crds():
        try:
            ApiextensionsV1Api(api).create_custom_resource_definition(crd)
        except ApiException as error:
            if error.status != 409:
                raise


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _programs(config: pytest.Config) -> Binaries:
    """Return the programs of the cluster; a first build takes minutes, so it is said past pytest's capture."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
        return binaries.ensure_binaries(report=_say)


def _up(programs: Binaries, name: str) -> sandbox.Sandbox:
    """Start a sandbox; where several start at once, one may take a port that another has chosen, and is tried again."""
    for _ in range(TRIES - 1):
        with contextlib.suppress(PrismError):
            return sandbox.up(programs, name=name, answers=False)
    return sandbox.up(programs, name=name, answers=False)


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A running sandbox with its simulated nodes, removed with everything in it when the run ends."""
    programs = _programs(pytestconfig)
    name = f"prism-test-{os.getpid()}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("sandbox")))
        started = _up(programs, name)
    found = Cluster(name, started.kubeconfig, started.context, started.server, programs["kubectl"])
    # Where the Lease of a reconciler of all namespaces lies.
    command = [str(found.kubectl), f"--kubeconfig={found.kubeconfig}", "create", "namespace", "prism-system"]
    subprocess.run(command, check=True, capture_output=True)
    yield found
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(started.kubeconfig.parents[2]))
        sandbox.down(name)
