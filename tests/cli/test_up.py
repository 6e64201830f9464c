"""`up` looks before it writes, says what it waits for, and leaves everything as it is when it stops."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubectl_prism.render.operator import rules
from tests.cli.terminal import said
from tests.cluster import Cluster

PROGRAM = Path(sys.executable).with_name("kubectl-prism")
CRD = "prismstacks.prism.io"


@dataclass(frozen=True)
class Door:
    """A command line in an empty home, on the cluster of this run, with a namespace of its own."""

    cluster: Cluster
    home: Path
    namespace: str

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "XDG_CACHE_HOME") if name in os.environ}
        return {**kept, "HOME": str(self.home), "LC_ALL": "C.UTF-8"}

    def here(self) -> list[str]:
        return [f"--kubeconfig={self.cluster.kubeconfig}", "-n", self.namespace]

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(PROGRAM), *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def kubectl(self, *words: str, text: str | None = None) -> str:
        command = [str(self.cluster.kubectl), f"--kubeconfig={self.cluster.kubeconfig}", *words]
        done = subprocess.run(command, env=self.environment, input=text, capture_output=True, text=True, check=True)
        return done.stdout

    def file(self, text: str) -> str:
        path = self.home / f"{uuid.uuid4().hex}.yaml"
        path.write_text(text)
        return str(path)

    def versions(self) -> dict[str, str]:
        """Return the resourceVersion of everything in the namespace."""
        found = json.loads(self.kubectl("get", "all,prism", "-n", self.namespace, "-o", "json"))["items"]
        return {f"{obj['kind']}/{obj['metadata']['name']}": obj["metadata"]["resourceVersion"] for obj in found}

    def objects(self) -> str:
        kinds = "prismstacks,prismpatterns,prismbackends,deployments,services"
        return self.kubectl("get", kinds, "-n", self.namespace, "-o", "name")


def stack(name: str = "demo", **spec: Any) -> str:  # noqa: ANN401 (whatever YAML can say)
    return yaml.safe_dump(
        {"apiVersion": "prism.io/v1alpha1", "kind": "PrismStack", "metadata": {"name": name}, "spec": spec}
    )


@pytest.fixture
def door(cluster: Cluster, tmp_path: Path) -> Iterator[Door]:
    """A door whose namespace is removed afterwards."""
    made = Door(cluster, tmp_path, f"up-{uuid.uuid4().hex[:8]}")
    made.kubectl("create", "namespace", made.namespace)
    yield made
    made.kubectl("delete", "namespace", made.namespace, "--wait=false")


def test_a_stack_becomes_ready_and_the_second_run_changes_nothing(door: Door) -> None:
    """`up --wait` ends with 0 and a summary on stdout; again, it finds everything as it should be."""
    file = door.file(stack(patterns=[{"name": "kv", "type": "keyvalue", "backend": "memstore"}]))
    first = door.run("up", "-f", file, "--wait", "--timeout=60s", *door.here())
    assert (first.returncode, f"{door.namespace}/demo" in first.stdout) == (0, True), first.stderr
    assert f"create PrismStack {door.namespace}/demo" in first.stderr
    assert "is a sandbox" not in first.stderr
    before = door.versions()
    second = door.run("up", "-f", file, "--wait", "--timeout=60s", *door.here())
    assert (second.returncode, "Nothing has to change." in second.stderr) == (0, True), second.stderr
    assert door.versions() == before


def test_an_empty_spec_is_a_ready_stack(door: Door) -> None:
    """`spec: {}` brings up one proxy and one admin."""
    done = door.run("up", "-f", door.file(stack()), "--wait", "--timeout=60s", *door.here())
    assert done.returncode == 0, done.stderr
    assert "deployment.apps/demo-admin" in door.objects()


def test_ctrl_c_stops_and_deletes_nothing(door: Door) -> None:
    """An interrupt ends with 130, says how to resume and remove, and leaves every object."""
    process = door.start("up", "-f", door.file(stack()), *door.here())
    said(process, "Reconciling; Ctrl-C stops")
    before = door.objects()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "nothing was deleted" in err
    assert "resume:  kubectl prism up -f" in err
    assert f"delete prismstack demo -n {door.namespace}" in err
    assert door.objects() == before


@pytest.mark.parametrize("moment", ["Working on", "What will change", "waiting for"])
def test_ctrl_c_is_clean_at_any_moment(door: Door, moment: str) -> None:
    """Interrupted before, while and after it writes, `up` ends with 130 and no traceback; the next run converges."""
    file = door.file(stack())
    process = door.start("up", "-f", file, *door.here())
    said(process, moment)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in out + err) == (130, False), err
    again = door.run("up", "-f", file, "--wait", "--timeout=60s", *door.here())
    assert again.returncode == 0, again.stderr


def test_the_reason_of_a_wait_is_said_and_a_timeout_is_4(door: Door) -> None:
    """A node selector that no node has reads so, while waiting and in the error."""
    file = door.file(stack(proxy={"placement": {"nodeSelector": {"role": "no-such-role"}}}))
    done = door.run("up", "-f", file, "--wait", "--timeout=10s", *door.here())
    assert done.returncode == 4, done.stderr
    assert "waiting for proxy demo-proxy (0/1 ready): no node fits" in done.stderr
    assert "error: not Ready after 10 s" in done.stderr
    assert "role=no-such-role" in done.stderr.splitlines()[-2]


def test_a_missing_secret_is_named(door: Door) -> None:
    """A backend whose Secret does not exist says which one."""
    backends = [{"name": "pg", "type": "database", "secretRef": {"name": "nowhere"}}]
    done = door.run("up", "-f", door.file(stack(backends=backends)), "--wait", "--timeout=10s", *door.here())
    assert done.returncode == 4
    assert f"Secret {door.namespace}/nowhere (spec.connection.secretRef) does not exist" in done.stderr


def test_a_missing_key_is_named(door: Door) -> None:
    """A backend whose Secret lacks the key says which key of which Secret, and nothing of what it holds."""
    door.kubectl("create", "secret", "generic", "pg", "--from-literal=uri=hidden-value", "-n", door.namespace)
    backends = [{"name": "pg-main", "type": "database", "secretRef": {"name": "pg"}}]
    done = door.run("up", "-f", door.file(stack(backends=backends)), "--wait", "--timeout=10s", *door.here())
    assert done.returncode == 4
    assert f"Secret {door.namespace}/pg (spec.connection.secretRef) has no key url" in done.stderr
    assert "hidden-value" not in done.stderr + done.stdout


def test_a_taken_name_is_named_and_left_alone(door: Door) -> None:
    """A Service of somebody else's with a child's name stalls the stack and is not touched."""
    door.kubectl("create", "service", "clusterip", "demo-proxy", "--tcp=80", "-n", door.namespace)
    before = door.kubectl("get", "service", "demo-proxy", "-n", door.namespace, "-o", "yaml")
    done = door.run("up", "-f", door.file(stack()), "--wait", "--timeout=10s", *door.here())
    assert done.returncode == 4
    assert f"Service {door.namespace}/demo-proxy exists and nobody controls it; it is left as it is" in done.stderr
    assert door.kubectl("get", "service", "demo-proxy", "-n", door.namespace, "-o", "yaml") == before


def test_missing_rights_are_named_before_anything_is_written(door: Door) -> None:
    """Who may do nothing is told which verb on what, and nothing was written."""
    done = door.run("up", "-f", door.file(stack()), "--as=nobody-at-all", *door.here())
    assert done.returncode == 1
    assert "error: you may not: get customresourcedefinitions.apiextensions.k8s.io" in done.stderr
    assert "nothing was written" in done.stderr
    assert door.objects() == ""


def test_missing_rights_on_children_are_named(door: Door) -> None:
    """Who may look at CRDs but not make Deployments is told so."""
    user = f"reader-{door.namespace}"
    door.kubectl("create", "clusterrolebinding", user, "--clusterrole=cluster-reader-of-crds", f"--user={user}")
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "cluster-reader-of-crds"},
        "rules": [
            {
                "apiGroups": ["apiextensions.k8s.io"],
                "resources": ["customresourcedefinitions"],
                "verbs": ["get", "create", "patch"],
            }
        ],
    }
    door.kubectl("apply", "-f", "-", text=yaml.safe_dump(role))
    try:
        done = door.run("up", "-f", door.file(stack()), f"--as={user}", *door.here())
    finally:
        door.kubectl("delete", "clusterrolebinding", user)
        door.kubectl("delete", "clusterrole", "cluster-reader-of-crds")
    assert done.returncode == 1
    assert "error: you may not: get prismstacks.prism.io; list prismstacks.prism.io" in done.stderr
    assert door.objects() == ""


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ("prism.io/crd-version=9999", "is newer (revision 9999) than this kubectl prism knows"),
        ("prism.io/crd-version-", "was not made by kubectl prism; it is left as it is"),
    ],
)
def test_crds_that_are_newer_or_foreign_are_left_alone(door: Door, patch: str, message: str) -> None:
    """A CRD that is not ours, or from a later release, ends `up` before it writes."""
    ready = door.run("up", "-f", door.file(stack("warm")), "--wait", *door.here())
    assert ready.returncode == 0, ready.stderr
    key = "{.metadata.annotations.prism\\.io/crd-version}"
    own = door.kubectl("get", "crd", CRD, "-o", f"jsonpath={key}")
    door.kubectl("annotate", "--overwrite", "crd", CRD, patch)
    try:
        before = door.kubectl("get", "crd", CRD, "-o", "jsonpath={.metadata.resourceVersion}")
        done = door.run("up", "-f", door.file(stack("late")), "--wait", *door.here())
        after = door.kubectl("get", "crd", CRD, "-o", "jsonpath={.metadata.resourceVersion}")
    finally:
        door.kubectl("annotate", "--overwrite", "crd", CRD, f"prism.io/crd-version={own}")
    assert (done.returncode, message in done.stderr) == (1, True), done.stderr
    assert (after, "prismstack.prism.io/late" in door.objects()) == (before, False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", ":1: not YAML"),
        (stack().replace("PrismStack", "PrismStak"), "prism.io has no kind PrismStak"),
        (stack(proxy={"replicaz": 2}), "unknown field spec.proxy.replicaz"),
        (stack() + "spec: {}\n", ":6:1: the key spec stands twice"),
        (stack(proxy={"replicas": "two"}), "spec.proxy.replicas"),
        ("", "holds no object"),
    ],
)
def test_a_bad_file_is_wrong_usage(door: Door, text: str, message: str) -> None:
    """A file that cannot be right ends with 2 and one line that names the place, before any cluster is asked."""
    done = door.run("up", "-f", door.file(text), "--server=https://127.0.0.1:1")
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2


def test_what_the_server_refuses_is_said_and_nothing_is_applied(door: Door) -> None:
    """A CEL rule's message reaches the person; the good stack before the bad one is not applied either."""
    bad = stack("bad", admin={"leaderElection": {"enabled": True, "renewDeadline": "20s"}})
    done = door.run("up", "-f", door.file(stack("good") + "---\n" + bad), *door.here())
    assert done.returncode == 1
    assert "renewDeadline must be shorter than leaseDuration" in done.stderr
    assert door.objects() == ""


def test_a_conflict_names_the_way_out(door: Door) -> None:
    """A field that somebody else applied is not taken over without being told to."""
    text = stack(proxy={"replicas": 2})
    assert door.run("up", "-f", door.file(stack()), "--wait", *door.here()).returncode == 0
    file = door.file(text)
    door.kubectl("apply", "--server-side", "--field-manager=gitops", "-n", door.namespace, "-f", file)
    refused = door.run("up", "-f", door.file(stack(proxy={"replicas": 3})), "--wait", *door.here())
    assert (refused.returncode, "hint: --force-conflicts" in refused.stderr) == (1, True), refused.stderr
    forced = door.run("up", "-f", door.file(stack(proxy={"replicas": 3})), "--wait", "--force-conflicts", *door.here())
    assert forced.returncode == 0, forced.stderr


def test_no_cluster_off_a_terminal_points_to_the_sandbox(door: Door) -> None:
    """Without a kubeconfig and without a terminal, `up` names --sandbox instead of asking."""
    done = door.run("up")
    assert done.returncode == 1
    assert done.stderr.startswith("error: no cluster is configured")
    assert "kubectl prism up --sandbox" in done.stderr


def test_a_dead_server_is_named(door: Door) -> None:
    """A kubeconfig that points at a dead server says which one, and why."""
    done = door.run("up", "--server=https://127.0.0.1:1")
    assert done.returncode == 1
    assert "error: cannot reach the API server 127.0.0.1:1: connection refused" in done.stderr


def test_a_kubeconfig_that_is_missing_or_malformed_is_named(door: Door) -> None:
    """The file is named, whether it does not exist or is not YAML."""
    missing = door.run("up", "--kubeconfig=/no/such/file")
    malformed = door.run("up", f"--kubeconfig={door.file('clusters: [')}")
    assert (missing.returncode, malformed.returncode) == (1, 1)
    assert "error: kubeconfig /no/such/file does not exist" in missing.stderr
    assert "YAML" in malformed.stderr
    assert "Traceback" not in malformed.stderr


def test_namespaces_that_disagree_are_wrong_usage(door: Door) -> None:
    """-n and a namespace in the file must be the same, as in kubectl."""
    text = stack().replace("name: demo", "name: demo\n  namespace: elsewhere")
    done = door.run("up", "-f", door.file(text), *door.here())
    assert (done.returncode, "is not the one of --namespace" in done.stderr) == (2, True), done.stderr


def test_a_namespace_that_does_not_exist_is_named(door: Door) -> None:
    """A stack for a namespace that is not there says so, with the command that makes it."""
    done = door.run("up", "-f", door.file(stack()), f"--kubeconfig={door.cluster.kubeconfig}", "-n", "not-there")
    assert done.returncode == 1
    assert "kubectl create namespace not-there" in done.stderr


def test_two_sources_are_wrong_usage(door: Door) -> None:
    """A file and a sample at once is not known what to mean."""
    done = door.run("up", "-f", door.file(stack()), "--sample=quickstart")
    assert (done.returncode, "not both" in done.stderr) == (2, True)


def test_the_granted_rules_in_one_namespace_are_enough(door: Door) -> None:
    """Whoever has the reconciler's rules and may apply stacks in one namespace brings one up there, and no more."""
    user = f"tenant-{door.namespace}"
    applying = {"apiGroups": ["prism.io"], "resources": ["prismstacks"], "verbs": ["get", "create", "patch"]}
    looking = {
        "apiGroups": ["apiextensions.k8s.io"],
        "resources": ["customresourcedefinitions"],
        "verbs": ["get"],
    }
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": user}}
    grants = [
        {**role, "kind": "Role", "rules": [*rules(), applying]},
        {**role, "kind": "ClusterRole", "rules": [looking]},
    ]
    warm = door.run("up", "-f", door.file(stack("warm")), "--wait", *door.here())
    assert warm.returncode == 0, warm.stderr
    for grant in grants:
        door.kubectl("apply", "-n", door.namespace, "-f", "-", text=yaml.safe_dump(grant))
    door.kubectl("create", "rolebinding", user, f"--role={user}", f"--user={user}", "-n", door.namespace)
    door.kubectl("create", "clusterrolebinding", user, f"--clusterrole={user}", f"--user={user}")
    election = {"enabled": True, "leaseName": "tenant"}
    file = door.file(stack("tenant", admin={"replicas": 3, "leaderElection": election}, proxy={"replicas": 2}))
    try:
        wide = door.run("up", "-f", file, "--wait", f"--as={user}", *door.here())
        narrow = door.run(
            "up", "-f", file, "--wait", f"--as={user}", f"--watch-namespace={door.namespace}", *door.here()
        )
    finally:
        door.kubectl("delete", "clusterrolebinding", user)
        door.kubectl("delete", "clusterrole", user)
    assert (wide.returncode, "with --watch-namespace" in wide.stderr) == (1, True), wide.stderr
    assert narrow.returncode == 0, narrow.stderr
