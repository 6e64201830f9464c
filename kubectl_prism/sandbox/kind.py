"""Hands over to kind, for a cluster whose pods really run, where kind and a container engine are on PATH.

Called by the command line for `--runtime kind`. It is kind's cluster from then on; we write a kubeconfig, no more.
Not exercised with a real container engine: tests prove the command that kind is given, no more.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from kubectl_prism.errors import PrismError
from kubectl_prism.sandbox import kubeconfig
from kubectl_prism.sandbox.folders import Report, data_folder, make_folder, silent

ENGINES = ("docker", "podman", "nerdctl")
NAME = "prism"


def kubeconfig_file(name: str = NAME) -> Path:
    """Return the kubeconfig of the kind cluster that we ask for."""
    return data_folder() / f"kind-{name}.kubeconfig"


def create_command(name: str, *, use: bool) -> list[str]:
    """Return the command that makes the cluster."""
    file = kubeconfig.persons_file() if use else kubeconfig_file(name)
    return ["kind", "create", "cluster", "--name", name, "--kubeconfig", str(file), "--wait", "120s"]


def delete_command(name: str) -> list[str]:
    """Return the command that removes the cluster."""
    return ["kind", "delete", "cluster", "--name", name, "--kubeconfig", str(kubeconfig_file(name))]


def up(name: str = NAME, *, use: bool = False, report: Report = silent) -> Path:
    """Have a kind cluster; return its kubeconfig. The context is `kind-NAME`."""
    engine = _require()
    file = kubeconfig.persons_file() if use else kubeconfig_file(name)
    make_folder(file.parent)
    if name in _clusters(engine):
        report(f"the kind cluster {name} is there already")
        _run(["kind", "export", "kubeconfig", "--name", name, "--kubeconfig", str(file)], engine, report)
    else:
        _run(create_command(name, use=use), engine, report)
    return file


def down(name: str = NAME, *, report: Report = silent) -> bool:
    """Remove the kind cluster; tell whether there was one."""
    engine = _require()
    there = name in _clusters(engine)
    if there:
        _run(delete_command(name), engine, report)
    kubeconfig_file(name).unlink(missing_ok=True)
    return there


def _require() -> str:
    if shutil.which("kind") is None:
        hint = "install it (https://kind.sigs.k8s.io), or leave out --runtime for the sandbox that needs no containers"
        raise PrismError("kind is not on PATH", hint=hint)
    asked_for = os.environ.get("KIND_EXPERIMENTAL_PROVIDER")
    engine = next((name for name in ([asked_for] if asked_for else ENGINES) if shutil.which(name)), None)
    if engine is None:
        hint = "kind needs one that runs; leave out --runtime for the sandbox that needs no containers"
        raise PrismError(f"no container engine on PATH ({', '.join(ENGINES)})", hint=hint)
    return engine


def _environment(engine: str) -> dict[str, str]:
    return {**os.environ, "KIND_EXPERIMENTAL_PROVIDER": engine}


def _clusters(engine: str) -> list[str]:
    command = ["kind", "get", "clusters"]
    run = subprocess.run(command, env=_environment(engine), capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise PrismError(f"kind cannot list its clusters: {_last_line(run.stderr)}", hint=f"does {engine} run?")
    return run.stdout.split()


def _run(command: Sequence[str], engine: str, report: Report) -> None:
    """Run kind and pass its progress on; an interrupt reaches it, so that it can clean up after itself."""
    process = subprocess.Popen(
        command, env=_environment(engine), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    said = ""
    with process:
        try:
            for line in process.stderr or ():
                said = line.strip() or said
                report(line.rstrip())
        except BaseException:
            process.send_signal(signal.SIGINT)
            raise
    if process.returncode != 0:
        raise PrismError(f"`{' '.join(command)}` failed: {_last_line(said)}", hint=f"does {engine} run?")


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it did not say why")
