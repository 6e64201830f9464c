"""A pretended machine: its home, its PATH, and programs that do as little as a test needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from kubectl_prism.sandbox import build

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok", "kwokctl")

GO = """#!/bin/sh
echo "$@" >> "{calls}"
case "$1" in
  env) echo "{version}"; exit 0 ;;
  list) {list} ;;
  build) while [ "$1" != -o ]; do shift; done
    echo half > "$2"
    {build}
    cp "{program}" "$2" ;;
esac
"""
LIST = 'printf "a/b\\nc/d\\n"'
BUILD = "printf 'a/b\\nc/d\\n' >&2"


@dataclass(frozen=True, slots=True)
class Machine:
    """Folders of a machine that holds nothing yet."""

    home: Path
    path: Path
    cache: Path

    @classmethod
    def empty(cls, folder: Path, patch: pytest.MonkeyPatch) -> Machine:
        """Make the machine and make it this process's environment."""
        machine = cls(folder / "home", folder / "path", folder / "home" / ".cache" / "kubectl-prism")
        machine.home.mkdir()
        machine.path.mkdir()
        for variable in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "KUBECONFIG", "KUBEBUILDER_ASSETS"):
            patch.delenv(variable, raising=False)
        patch.delenv("KUBECTL_PRISM_BINARIES_DIR", raising=False)
        patch.setenv("HOME", str(machine.home))
        patch.setenv("PATH", f"{machine.path}:/usr/bin:/bin")
        patch.setattr("kubectl_prism.sandbox.binaries._on_path", machine.find)
        patch.setattr(build, "go_program", lambda: machine.find("go"))
        return machine

    def find(self, name: str) -> Path | None:
        """Find a program on the machine's own PATH, not on that of the machine the tests run on."""
        path = self.path / name
        return path if path.exists() else None

    def install(self, name: str, script: str = "#!/bin/sh\n", *, folder: Path | None = None) -> Path:
        """Put a program on PATH, or into a folder."""
        program = (folder or self.path) / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(script)
        program.chmod(0o755)
        return program

    def install_all(self, *, version: str = "v1.36.3", folder: Path | None = None) -> None:
        """Put all programs there; kube-apiserver says its version."""
        for name in PROGRAMS:
            self.install(name, f"#!/bin/sh\necho Kubernetes {version}\n", folder=folder)

    def install_go(self, *, version: str = "go1.26.8", listing: str = LIST, building: str = BUILD) -> Path:
        """Put a Go there that notes its calls and builds a program that says Kubernetes v1.36.3."""
        program = self.install("program", "#!/bin/sh\necho Kubernetes v1.36.3\n", folder=self.home)
        calls = self.home / "go-calls"
        script = GO.format(calls=calls, version=version, list=listing, build=building, program=program)
        return self.install("go", script)

    def go_calls(self, verb: str) -> int:
        """Count Go's calls of a verb."""
        calls = self.home / "go-calls"
        return sum(line.startswith(verb) for line in calls.read_text().splitlines()) if calls.exists() else 0
