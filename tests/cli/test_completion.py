"""Shell completion by kubectl's protocol: candidates with descriptions, then what the shell may do besides."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from pathlib import Path

import pytest

from kubectl_prism.cli import names
from kubectl_prism.cli.commands import VERBS
from tests.cli.terminal import BIN, environment, prism
from tests.cluster import Cluster

KUBECONFIG = """
apiVersion: v1
kind: Config
contexts: [{name: east, context: {}}, {name: west, context: {}}]
"""


def candidates(home: Path, *words: str, kubectl: str = "/no/such/kubectl") -> list[str]:
    """Return what the completion program prints."""
    (home / "config").write_text(KUBECONFIG)
    more = {"KUBECONFIG": str(home / "config"), "KUBECTL_PATH": kubectl}
    done = prism(home, *words, program="kubectl_complete-prism", more=more)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def bare(lines: list[str]) -> list[str]:
    return [line.partition("\t")[0] for line in lines]


def fake_kubectl(folder: Path, script: str) -> str:
    """Write a program that answers as kubectl, and return where it is."""
    program = folder / "fake-kubectl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(program)


def test_verbs_come_with_their_summaries(tmp_path: Path) -> None:
    """Nothing typed yet: every verb, in order, and no file names."""
    found = candidates(tmp_path, "")
    assert (bare(found[:-1]), found[-1]) == (list(VERBS), ":4")
    assert "status\tShow how every stack is, worst first, and why." in found


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["st"], ["status"]),
        (["sandbox", ""], ["up", "down", "status", "load"]),
        (["-n", "x", "sandbox", "d"], ["down"]),
        (["sandbox", "up", "--ru"], ["--runtime"]),
        (["sandbox", "up", "--runtime", ""], ["binary", "kind"]),
        (["sandbox", "up", "--runtime=k"], ["--runtime=kind"]),
        (["status", "--wa"], ["--watch"]),
        (["status", "--cont"], ["--context"]),
        (["--context", ""], ["east", "west"]),
        (["status", "--context=w"], ["--context=west"]),
        (["--color", "n"], ["never"]),
        (["render", "--sample", "quick"], ["quickstart"]),
        (["init", "--template", "multi-z"], ["multi-zone"]),
        (["nonsense", ""], []),
        (["status", "--", "x"], []),
    ],
)
def test_words_are_completed(tmp_path: Path, words: list[str], expected: list[str]) -> None:
    """Verbs, flags, and values that need no cluster."""
    found = candidates(tmp_path, *words)
    assert (bare(found[:-1]), found[-1]) == (expected, ":4")


@pytest.mark.parametrize("words", [["up", "-f", ""], ["render", "--filename", "sta"], ["--kubeconfig", ""]])
def test_files_are_left_to_the_shell(tmp_path: Path, words: list[str]) -> None:
    """Where a file is wanted, the shell offers files."""
    assert candidates(tmp_path, *words) == [":0"]


def test_names_come_from_kubectl_with_the_same_flags(tmp_path: Path) -> None:
    """Stacks and namespaces are asked for with the flags that were typed."""
    kubectl = fake_kubectl(tmp_path, f'echo "$@" >> {tmp_path}/asked; echo prismstack.prism.io/demo; echo x/other')
    assert bare(candidates(tmp_path, "status", "-n", "shop", "--as-group=g", "de", kubectl=kubectl)) == ["demo", ":4"]
    assert bare(candidates(tmp_path, "status", "-n", "", kubectl=kubectl)) == ["demo", "other", ":4"]
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[0].split() == [
        "get", "prismstacks.prism.io", "-o", "name", "--request-timeout=1s", "--namespace=shop", "--as-group=g",
    ]  # fmt: skip
    assert asked[1].startswith("get namespaces")


def test_a_cluster_that_does_not_answer_is_silence_after_a_second(tmp_path: Path) -> None:
    """Whatever hangs or fails, nothing is offered and nothing said."""
    began = time.monotonic()
    hanging = fake_kubectl(tmp_path, "exec sleep 30")
    assert candidates(tmp_path, "status", "", kubectl=hanging) == [":4"]
    assert time.monotonic() - began < names.WITHIN + 4
    failing = fake_kubectl(tmp_path, "echo broken >&2; exit 1")
    assert candidates(tmp_path, "status", "", kubectl=failing) == [":4"]


def test_the_shim_completes_for_those_who_have_only_the_plugin(tmp_path: Path) -> None:
    """`completion install FOLDER` writes a program that answers as the installed one does, as often as it is run."""
    folder = tmp_path / "bin"
    folder.mkdir()
    done = prism(tmp_path, "completion", "install", str(folder))
    shim = folder / "kubectl_complete-prism"
    assert (done.returncode, f"{shim} written" in done.stderr, done.stdout) == (0, True, "")
    assert "is not on PATH" in done.stderr
    assert stat.S_IMODE(shim.stat().st_mode) == 0o755
    answer = subprocess.run([str(shim), "st"], env=environment(tmp_path), capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == ":4"
    assert answer.stdout.startswith("status\t")
    assert shim.read_text() == prism(tmp_path, "completion", "print").stdout
    assert prism(tmp_path, "completion", "install", str(folder)).returncode == 0


def test_a_file_of_somebody_else_is_not_written_over(tmp_path: Path) -> None:
    """Only --force replaces a program that is not ours."""
    other = tmp_path / "kubectl_complete-prism"
    other.write_text("theirs")
    refused = prism(tmp_path, "completion", "install", str(tmp_path))
    assert (refused.returncode, other.read_text()) == (2, "theirs")
    assert "exists and is not ours" in refused.stderr
    assert prism(tmp_path, "completion", "install", str(tmp_path), "--force").returncode == 0
    assert "theirs" not in other.read_text()


def test_kubectl_itself_finds_and_asks_it(cluster: Cluster, tmp_path: Path) -> None:
    """Real kubectl completes `kubectl prism` through the installed program."""
    done = subprocess.run(
        [str(cluster.kubectl), "__complete", "prism", "sta"],
        env={**environment(tmp_path), "PATH": f"{BIN}{os.pathsep}{cluster.kubectl.parent}"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.splitlines() == ["status\tShow how every stack is, worst first, and why.", ":4"]
