"""`status`, `diff` and `version` on a real API server: they tell what is there, and write nothing."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.terminal import BIN, environment, prism
from tests.cluster import Cluster

PATIENCE = 60
KINDS = "all,configmaps,secrets,prismstacks,prismpatterns,prismbackends,prismnamespaces"


@dataclass(frozen=True)
class Place:
    """A namespace on the cluster of this run, and a home."""

    cluster: Cluster
    home: Path
    namespace: str

    @property
    def flags(self) -> list[str]:
        return [f"--kubeconfig={self.cluster.kubeconfig}", f"--namespace={self.namespace}"]

    def prism(self, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return prism(self.home, *words, *self.flags, text=text)

    def kubectl(self, *words: str, text: str | None = None) -> str:
        command = [str(self.cluster.kubectl), *self.flags, *words]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout

    def bring(self, text: str) -> None:
        done = self.prism("up", "-f", "-", "--wait", "--timeout=60s", text=text)
        assert done.returncode == 0, done.stderr

    def versions(self) -> list[str]:
        return sorted(self.kubectl("get", KINDS, "-o", "jsonpath={..resourceVersion}").split())


@pytest.fixture
def place(cluster: Cluster, tmp_path: Path) -> Iterator[Place]:
    """A namespace of its own, with the CRDs in place, removed afterwards."""
    made = Place(cluster, tmp_path, f"door-{uuid.uuid4().hex[:8]}")
    made.kubectl("apply", "--server-side", "-f", "-", text=prism(tmp_path, "crds").stdout)
    made.kubectl("wait", "--for=condition=Established", "crd", "-l", "app.kubernetes.io/part-of=prism")
    made.kubectl("create", "namespace", made.namespace)
    yield made
    made.kubectl("delete", "namespace", made.namespace, "--wait=false")


def stack(name: str = "demo", **spec: Any) -> str:  # noqa: ANN401 (whatever YAML can say)
    metadata = {"name": name, "labels": {"tier": name}}
    return yaml.safe_dump({"apiVersion": "prism.io/v1alpha1", "kind": "PrismStack", "metadata": metadata, "spec": spec})


KV = {"name": "kv", "type": "keyvalue", "backend": "memstore"}


def test_nothing_is_said_to_be_nothing(place: Place) -> None:
    """No stacks is no failure: data is empty, a person gets a hint."""
    text, data = place.prism("status"), place.prism("status", "-o", "json")
    assert (text.returncode, text.stdout) == (0, "")
    assert f"No stacks in namespace {place.namespace}." in text.stderr
    assert "hint: `kubectl prism up` brings one up" in text.stderr
    assert (data.returncode, json.loads(data.stdout)["items"]) == (0, [])
    one = place.prism("status", "nowhere")
    assert (one.returncode, f"error: there is no stack nowhere in namespace {place.namespace}" in one.stderr) == (
        1,
        True,
    )


def test_a_ready_stack_is_a_tree_and_reading_writes_nothing(place: Place) -> None:
    """Every form says Ready with exit code 0; pods are marked as simulated; nothing has changed afterwards."""
    place.bring(stack(patterns=[KV]))
    before = place.versions()
    text = place.prism("status")
    assert (text.returncode, text.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in text.stdout.splitlines()]
    assert lines[1].startswith(f"{place.namespace}/demo Ready")
    assert any(line.startswith("proxy demo-proxy Ready 1/1") for line in lines)
    assert any(line.startswith("pod kv-") and line.endswith("(simulated)") for line in lines)
    assert lines[-1] == "1 stack, 3 components, 3 pods; pods are simulated: nothing runs in them"
    assert "\x1b" not in text.stdout
    data = json.loads(place.prism("status", "demo", "-o", "json").stdout)
    assert (data["ready"], [part["kind"] for part in data["items"][0]["components"]]) == (
        True, ["proxy", "admin", "pattern"],
    )  # fmt: skip
    assert place.prism("status", "-o", "name").stdout == "prismstack.prism.io/demo\n"
    assert place.prism("status", "-o", "jsonpath={.items[*].name}").stdout == "demo"
    assert place.prism("status", "-l", "tier=demo", "-o", "name").stdout == "prismstack.prism.io/demo\n"
    assert place.prism("status", "-l", "tier=other", "-o", "name").stdout == ""
    assert place.versions() == before


def test_a_stack_that_waits_is_exit_code_1_in_every_form(place: Place) -> None:
    """A node selector that no node has is the reason that stands first."""
    place.prism(
        "up", "-f", "-", "--wait", "--timeout=4s", text=stack(proxy={"placement": {"nodeSelector": {"role": "none"}}})
    )
    text = place.prism("status")
    assert text.returncode == 1
    first = next(line for line in text.stdout.splitlines() if "demo-proxy" in line)
    assert "Unschedulable" in first
    assert "no node fits" in first
    assert first.endswith("(node selector role=none)")
    forms = ["json", "yaml", "wide", "name", "jsonpath={.ready}"]
    assert [place.prism("status", "-o", form).returncode for form in forms] == [1] * len(forms)
    colored = place.prism("status", "--color=always").stdout
    assert "\x1b[31mUnschedulable\x1b[0m" in colored


def test_missing_rights_give_part_of_the_answer(place: Place) -> None:
    """Who may read stacks but no pods sees stacks, and what is left out; who may read nothing gets the verb."""
    place.bring(stack())
    user = f"reader-{place.namespace}"
    resources = "prismstacks,prismpatterns,prismbackends,prismnamespaces,deployments"
    place.kubectl("create", "role", "some", "--verb=list", f"--resource={resources}")
    place.kubectl("create", "rolebinding", "some", "--role=some", f"--user={user}")
    some = place.prism("status", f"--as={user}")
    assert some.stderr.startswith("warning: pods are left out: ")
    assert "proxy demo-proxy" in some.stdout
    place.kubectl("create", "role", "few", "--verb=list", "--resource=prismstacks")
    place.kubectl("create", "rolebinding", "few", "--role=few", f"--user={user}-of-stacks")
    few = place.prism("status", f"--as={user}-of-stacks")
    assert "proxy demo-proxy Unknown may not be read" in " ".join(few.stdout.split())
    assert (few.returncode, few.stdout.splitlines()[1].split()[1]) == (0, "Ready")
    none = place.prism("status", "--as=nobody-at-all")
    assert (none.returncode, none.stdout) == (1, "")
    assert 'cannot list resource "prismstacks"' in none.stderr


def test_watching_says_a_thing_once_and_again_when_it_changes(place: Place) -> None:
    """Off a terminal `-w` prints a block, waits, and prints another when the words change; Ctrl-C is 130."""
    place.bring(stack(patterns=[KV]))
    process = subprocess.Popen(
        [str(BIN / "kubectl-prism"), "status", "-w", "-o", "json", *place.flags],
        env=environment(place.home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    first = _document(process)
    assert first["ready"] is True
    place.kubectl("label", "pod", "-l", "runner=kv", "colour=blue")
    place.kubectl("patch", "prismstack", "demo", "--type=merge", "-p", '{"spec":{"proxy":{"replicas":2}}}')
    second = _document(process)
    assert (second["ready"], second["items"][0]["message"]) == (False, "the reconciler has not seen the last change")
    process.send_signal(2)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (130, b"")


def _document(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Read one JSON document from a program that goes on."""
    assert process.stdout is not None
    text, end = b"", time.monotonic() + PATIENCE
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while time.monotonic() < end:
            if not selector.select(timeout=1):
                continue
            text += os.read(process.stdout.fileno(), 65536)
            try:
                found: dict[str, Any] = json.loads(text)
            except ValueError:
                continue
            return found
    raise AssertionError(f"no document came, but {text!r}")


def test_a_diff_of_what_is_there_is_empty(place: Place) -> None:
    """After `up` nothing differs, with a backend whose password is in its URL, too; exit code 0, nothing written."""
    backends = [{"name": "cache", "type": "cache", "connectionString": "redis://u:hunter2@127.0.0.1:1"}]
    text = stack(patterns=[{**KV, "backend": "cache"}], backends=backends)
    place.prism("up", "-f", "-", "--wait", "--timeout=8s", text=text)
    before = place.versions()
    done = place.prism("diff", "-f", "-", text=text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert place.versions() == before


def test_a_diff_shows_the_object_and_what_follows_from_it(place: Place) -> None:
    """A changed stack changes its Deployment, makes and deletes children; exit code 1; nothing is written."""
    place.bring(stack(patterns=[KV]))
    before = place.versions()
    changed = stack(
        proxy={"placement": {"nodeSelector": {"role": "prism-proxy"}}},
        admin={"enabled": False},
        patterns=[{**KV, "name": "other"}],
    )
    done = place.prism("diff", "-f", "-", text=changed)
    assert (done.returncode, done.stderr) == (1, "")
    heads = [line.removeprefix("--- live ") for line in done.stdout.splitlines() if line.startswith("--- live")]
    assert heads == [
        f"{kind} {place.namespace}/{name}"
        for kind, name in (
            ("PrismStack", "demo"),
            ("Deployment", "demo-proxy"),
            ("PrismPattern", "other"),
            ("ConfigMap", "other"),
            ("Service", "other"),
            ("Deployment", "other"),
            ("Deployment", "demo-admin"),
            ("Service", "demo-admin"),
            ("PrismPattern", "kv"),
        )
    ]
    assert "-        - name: PRISM_ADMIN_ENDPOINT" in done.stdout
    assert "+        role: prism-proxy" in done.stdout
    assert place.versions() == before


def test_a_diff_of_something_new_is_all_of_it(place: Place) -> None:
    """A stack that is not there yet is shown with everything that it would make; Secrets without their values."""
    backends = [{"name": "cache", "type": "cache", "connectionString": "redis://u:hunter2@127.0.0.1:1"}]
    done = place.prism("diff", "-f", "-", text=stack(patterns=[{**KV, "backend": "cache"}], backends=backends))
    assert done.returncode == 1
    assert f"+++ wanted Secret {place.namespace}/cache" in done.stdout
    assert f"+++ wanted Deployment {place.namespace}/kv" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr
    assert "clusterIP" not in done.stdout
    assert place.kubectl("get", "all,prismpatterns", "-o", "name") == ""


def test_a_diff_that_the_server_refuses_is_an_error(place: Place) -> None:
    """A CEL rule that is broken is no difference: the exit code is more than 1."""
    text = stack(admin={"leaderElection": {"enabled": True, "renewDeadline": "20s"}})
    done = place.prism("diff", "-f", "-", text=text)
    assert (done.returncode, done.stdout) == (2, "")
    assert "renewDeadline must be shorter than leaseDuration" in done.stderr


def test_version_tells_what_the_server_has(place: Place) -> None:
    """Server and CRDs are named, and go together."""
    data = json.loads(place.prism("version", "-o", "json").stdout)
    assert data["serverVersion"]["gitVersion"].startswith("v1.")
    assert set(data["crds"].values()) == {data["clientVersion"]["crdRevision"]}
    assert data["skew"] == []
    text = place.prism("version")
    assert (text.returncode, text.stderr) == (0, "")
    assert "Server Version: v1." in text.stdout
