"""The processes of a sandbox, told from all others by where their program lies: in the cluster's own folder.

Called by `cluster`. A pid alone proves nothing: after a restart of the machine it may be anyone's.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO

from kubectl_prism.errors import PrismError

COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok-controller")


@contextlib.contextmanager
def session(
    command: Sequence[str],
    *,
    variables: Mapping[str, str],
    output: IO[bytes] | int,
    errors: IO[bytes],
    folder: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program out of reach of the terminal's Ctrl-C for the time of a block.

    However the block ends, the program has ended after it; it and all that it has started are killed, unless it ended
    by itself. An interrupt that arrives while it is being started is held back until it can be killed.
    """
    process, release = None, _hold_interrupts()
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        release()
        yield process
    finally:
        release()
        if process is not None:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def running(cluster: Path) -> dict[str, int]:
    """Return the pid of every component that runs out of the cluster's folder."""
    folder = f"{cluster.resolve() / 'bin'}{os.sep}"
    found = {}
    for pid, program, _ in _processes():
        if program.startswith(folder) and program.removeprefix(folder) in COMPONENTS:
            found[program.removeprefix(folder)] = pid
    return found


def told(argument: str) -> list[int]:
    """Return the pids of every other process that was given this argument."""
    return [pid for pid, _, command in _processes() if argument in command and pid != os.getpid()]


def kill_told(argument: str) -> None:
    """End every process that was given this argument."""
    for pid in told(argument):
        _end(pid)


def kill(cluster: Path) -> None:
    """End every process of the cluster and wait until none is left."""
    deadline = time.monotonic() + 20
    while processes := running(cluster):
        for pid in processes.values():
            _end(pid)
        if time.monotonic() > deadline:
            raise PrismError(f"processes of the sandbox do not end: {_listed(processes)}")
        time.sleep(0.02)


def forget_strangers(cluster: Path) -> None:
    """Remove notes of pids that are not the component's any more, which kwokctl would believe."""
    processes = running(cluster)
    for note in (cluster / "pids").glob("*.pid"):
        if str(processes.get(note.stem)) != note.read_text().strip():
            note.unlink(missing_ok=True)


def _hold_interrupts() -> Callable[[], None]:
    """Hold SIGINT and SIGTERM back until what is returned is called; other threads are never interrupted by them."""
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    held: list[int] = []

    def hold(number: int, _frame: FrameType | None) -> None:
        held.append(number)

    handlers = {number: signal.signal(number, hold) for number in (signal.SIGINT, signal.SIGTERM)}

    def release() -> None:
        while handlers:
            signal.signal(*handlers.popitem())
        if held:
            signal.raise_signal(held.pop())

    return release


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _listed(processes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({pid})" for name, pid in sorted(processes.items()))


def _processes() -> Iterator[tuple[int, str, str]]:
    """Yield pid, program and whole command of every live process; a zombie has no command and is not one."""
    if Path("/proc/self/cmdline").exists():
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal():
                with contextlib.suppress(OSError):
                    command = (folder / "cmdline").read_bytes().decode(errors="replace")
                    yield int(folder.name), command.split("\0")[0], command
        return
    if shutil.which("ps") is None:
        raise PrismError("cannot list processes: there is neither /proc nor ps", hint="install procps")
    run = subprocess.run(["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True)
    for line in run.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        # A folder may hold spaces, so the program ends where its flags begin.
        yield int(pid), command.split(" --")[0].strip(), command
