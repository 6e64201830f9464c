"""What goes wrong with a sandbox before there is one: an exit code and one line, for `sandbox up` and for `up`."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubectl_prism.cli import edge
from kubectl_prism.sandbox import build, download
from kubectl_prism.sandbox.place import place
from tests.sandbox.machine import Machine

STARTS = [["sandbox", "up"], ["up", "--sandbox"]]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A machine with nothing on it, and no network."""
    monkeypatch.setattr(download, "reachable", lambda _address, _patience: False)
    yield Machine.empty(tmp_path, monkeypatch)
    assert not place("prism").folder.exists()


def errors(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the lines of stderr from the error on; stdout must be empty."""
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    return lines[next(number for number, line in enumerate(lines) if line.startswith("error: ")) :]


@pytest.mark.parametrize("words", STARTS)
def test_no_go_and_no_network(
    machine: Machine, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All ways that were tried are named, and what would help."""
    monkeypatch.setattr(build, "go_program", lambda: None)
    assert edge.run(words) == 1
    error, hint = errors(capsys)
    assert error.startswith("error: no etcd and Kubernetes and kubectl and kwok for the sandbox: ")
    assert "dl.k8s.io cannot be reached" in error
    assert "Go is not installed" in error
    assert hint.startswith("hint: install Go 1.21 or newer")


@pytest.mark.parametrize("words", STARTS)
def test_a_full_disk(machine: Machine, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A build that runs out of space says so, and what to free."""
    machine.install_go(building='echo "write /x: no space left on device" >&2; exit 1')
    assert edge.run(words) == 1
    error, hint = errors(capsys)
    assert error == "error: the disk is full: cannot build the Kubernetes v1.36.3 control plane"
    assert "go env GOCACHE" in hint


def test_a_port_in_use(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """A port that was asked for and is taken is named."""
    machine.install_all()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert edge.run(["sandbox", "up", f"--port={port}"]) == 1
    error, hint = errors(capsys)
    assert error == f"error: port {port} is in use"
    assert "--port" in hint


@pytest.mark.parametrize("words", STARTS)
def test_a_folder_that_is_none(machine: Machine, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A mistyped --binaries-dir is wrong usage."""
    assert edge.run([*words, "--binaries-dir=/no/such/folder"]) == 2
    assert errors(capsys)[0] == "error: /no/such/folder is no folder"


def test_a_name_of_a_runtime_that_is_none(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown --runtime is wrong usage, and the known ones are listed."""
    assert edge.run(["sandbox", "up", "--runtime=docker"]) == 2
    assert errors(capsys) == ["error: --runtime docker is not known", "hint: write one of: binary, kind"]


def test_kind_without_kind(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """`--runtime kind` needs kind on PATH, and says where it is to be had."""
    assert edge.run(["sandbox", "up", "--runtime=kind"]) == 1
    error, hint = errors(capsys)
    assert error == "error: kind is not on PATH"
    assert "https://kind.sigs.k8s.io" in hint
