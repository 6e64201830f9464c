"""The operators that are compared, each a process of its own, started by a command and stopped by its pid.

Ours, the Kopf one, and whatever `--peer` names. What they use is read from /proc, children included.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.arena import Login
from kubectl_prism.sandbox import ports

HERE = Path(__file__).parent
ROOT = HERE.parent
VENV = ROOT / ".venv-bench"
PORT = ports.choose(None).api
"""Where our operator serves its metrics."""
FLOOR = "floor"
OURS = "ours"
KOPF = "kopf"


@dataclass(frozen=True, slots=True)
class Peer:
    """An operator: its CRDs (ours where None) and the shell command that runs it; the floor has none."""

    name: str
    command: str | None
    crds: Path | None = None


def known() -> list[Peer]:
    """Return what is always compared: the floor, ours and Kopf."""
    ours = f"{sys.executable} -m kubectl_prism operator --kubeconfig={{kubeconfig}} --probes=127.0.0.1:{PORT}"
    kopf = f"{VENV}/bin/kopf run --standalone --all-namespaces --quiet {HERE}/kopf_operator.py"
    return [Peer(FLOOR, None), Peer(OURS, ours), Peer(KOPF, kopf)]


def ensure_kopf() -> None:
    """Install what the Kopf operator needs into its own virtual environment, as locked."""
    stamp, lock = VENV / ".installed", HERE / "requirements.lock"
    if stamp.exists() and stamp.stat().st_mtime >= lock.stat().st_mtime:
        return
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    (VENV / ".gitignore").write_text("*\n")
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(lock)], check=True)
    stamp.touch()


class Failed(Exception):
    """An operator does not do what is measured: it ended, or it never woke."""


class Process:
    """A running operator, known by its session: a shell's children count with it."""

    def __init__(self, launch: Callable[[], subprocess.Popen[bytes]], log: Path) -> None:
        self._launch = launch
        self._popen = launch()
        self.log = log

    def revive(self) -> bool:
        """Start it again where it has ended, as Kubernetes would; tell whether it had."""
        if self._popen.poll() is None:
            return False
        self._popen = self._launch()
        return True

    def seconds(self) -> float:
        """Return the processor time used so far, user and system."""
        ticks = sum(int(fields[11]) + int(fields[12]) + int(fields[13]) + int(fields[14]) for _, fields in self._all())
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Return the resident memory, in MiB."""
        return sum(int(fields[21]) for _, fields in self._all()) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def check(self) -> None:
        """Fail with the end of the log where it ended by itself."""
        if self._popen.poll() is not None:
            raise Failed(f"the operator ended: {self.said()}")

    def said(self) -> str:
        """Return the end of its log."""
        return self.log.read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        """Ask it to stop as Kubernetes does, and see to it after 20 seconds."""
        for number, patience in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
            for pid in [pid for pid, _ in self._all()]:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(patience)
                if not list(self._all()):
                    return

    def _all(self) -> Iterator[tuple[int, list[str]]]:
        """Yield pid and the fields of /proc/PID/stat after the name, of every live process of the session."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                with suppress(OSError):
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                    if fields[3] == str(self._popen.pid) and fields[0] != "Z":
                        yield int(entry.name), fields


@contextmanager
def started(peer: Peer, login: Login) -> Iterator[Process]:
    """Run an operator; it has ended when this does."""
    assert peer.command is not None
    command = "exec " + peer.command.format(kubeconfig=login.kubeconfig)
    log = login.kubeconfig.with_name(f"{peer.name}.log")
    environment = {**os.environ, "KUBECONFIG": str(login.kubeconfig)}

    def launch() -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            return subprocess.Popen(  # noqa: S602 - the command is the one that the person gave
                command,
                shell=True,
                env=environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    process = Process(launch, log)
    try:
        yield process
    finally:
        process.stop()
