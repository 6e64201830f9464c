"""Builds the programs that this package carries as Go source, with progress and the time left.

Called by `binaries`. Go does the work and keeps its own cache, so a build that was cut short goes on where it was; the
result gets its name only when it is whole. Interrupting this process stops Go and everything that Go has started.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from kubectl_prism.errors import PrismError
from kubectl_prism.sandbox.folders import Report, explained, settle
from kubectl_prism.sandbox.programs import Source

GO_SOURCES = Path(__file__).parent / "golang"
_OLDEST_GO = (1, 21)
"""The first Go that fetches a newer Go by itself."""
_LINK_SHARE = 0.12
"""How much of a whole build the link takes, measured: no package is named while it runs."""


class BuildFailed(PrismError):
    """A program could not be built."""


def go_program() -> Path | None:
    """Return the Go on PATH, or where Go's own installer puts it."""
    found = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    return Path(found) if found else None


def environment(go: Path) -> dict[str, str]:
    """Return the person's environment less what would change the result; BuildFailed for a Go that is too old."""
    variables = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"}
    version = _output([str(go), "env", "GOVERSION"], variables)
    numbers = re.search(r"go(\d+)\.(\d+)", version)
    found = (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)
    if found < _OLDEST_GO:
        raise BuildFailed(
            f"{go} is {version or 'no Go'}; Go 1.21 or newer is needed, which fetches what it lacks itself"
        )
    if found < _wanted():
        variables["GOTOOLCHAIN"] = "auto"
    return variables


def _wanted() -> tuple[int, int]:
    line = re.search(r"^go (\d+)\.(\d+)", (GO_SOURCES / "controlplane" / "go.mod").read_text(), re.MULTILINE)
    return (int(line[1]), int(line[2])) if line else (0, 0)


def build(source: Source, folder: Path, *, go: Path, report: Report, log: IO[str]) -> None:
    """Build a source into `folder` and link it under each of its names; BuildFailed or PrismError says why not."""
    variables = environment(go)
    flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", _linker_flags(source)]
    report(f"building {source.title}: looking at what there is to do")
    stale = _stale_packages(go, flags, source, variables=variables, report=report, log=log)
    temporary = folder / f".{source.folder}.tmp"
    command = [*_gently(), str(go), "build", *flags, "-v", "-o", str(temporary), "."]
    try:
        with _started(command, GO_SOURCES / source.folder, variables) as process:
            said = _follow(process, Progress(source.title, stale), report=report, log=log)
        if process.returncode != 0:
            raise _failure(source, said, log)
        with explained(folder):
            temporary.chmod(0o755)
            settle(temporary, folder / source.folder)
            link(folder, source.folder, source.names)
    finally:
        temporary.unlink(missing_ok=True)


def link(folder: Path, target: str, names: Sequence[str]) -> None:
    """Make `target` in `folder` known under other names too, but for names that a program there already has."""
    for name in names:
        place = folder / name
        if place.exists() or name == target:
            continue
        place.unlink(missing_ok=True)
        place.symlink_to(target)


def _linker_flags(source: Source) -> str:
    return " ".join(["-s", "-w", *(f"-X {variable}={value}" for variable, value in source.variables.items())])


def _gently() -> list[str]:
    nice = shutil.which("nice")
    return [nice, "-n", "5"] if nice else []


def _output(command: Sequence[str], variables: Mapping[str, str]) -> str:
    try:
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def _stale_packages(
    go: Path, flags: Sequence[str], source: Source, *, variables: Mapping[str, str], report: Report, log: IO[str]
) -> int:
    # Asking also fetches the modules, so it takes its time on a first run and fails where there is no network.
    command = [str(go), "list", *flags, "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", "."]
    with tempfile.TemporaryFile("w+") as output:
        with _started(command, GO_SOURCES / source.folder, variables, output=output.fileno()) as process:
            said = []
            for line in process.stderr or ():
                log.write(line)
                said.append(line.rstrip())
                if len(said) % 25 == 0:
                    report(f"building {source.title}: {len(said)} Go modules fetched")
        if process.returncode != 0:
            raise _failure(source, said, log)
        output.seek(0)
        return len(output.read().split())


@contextmanager
def _started(
    command: Sequence[str], folder: Path, variables: Mapping[str, str], *, output: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[str]]:
    """Run a command in its own process group, which ends with the block however the block ends."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        yield process
        process.wait()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.stderr is not None:
            process.stderr.close()


class Progress:
    """What a build says of itself: packages compiled of those that must be, and the time left at that pace."""

    def __init__(self, title: str, packages: int) -> None:
        self.title = title
        self.packages = packages
        self.done = 0

    def line(self, elapsed: float) -> str:
        """Say how far the build is `elapsed` seconds after it began."""
        spent = f"building {self.title}: {clock(elapsed)} so far"
        if not self.packages or self.done >= self.packages:
            return f"{spent}, linking"
        share = self.done / self.packages * (1 - _LINK_SHARE)
        left = f", about {clock(elapsed * (1 - share) / share)} left" if elapsed > 10 and share > 0.02 else ""
        return f"{spent}, {self.done} of {self.packages} packages{left}"


def clock(seconds: float) -> str:
    """Write a duration the way a person says it: 40 s, 3 min 05 s."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _follow(process: subprocess.Popen[str], progress: Progress, *, report: Report, log: IO[str]) -> list[str]:
    """Pass on what Go says until it ends; return its lines that name no package."""
    said: list[str] = []
    started = last = time.monotonic()
    for line in process.stderr or ():
        log.write(line)
        if re.fullmatch(r"[\w.~/-]+\n", line):
            progress.done += 1
        else:
            said.append(line.rstrip())
        now = time.monotonic()
        if now - last >= 2 or progress.done == progress.packages:
            last = now
            report(progress.line(now - started))
    return said


def _failure(source: Source, said: Sequence[str], log: IO[str]) -> PrismError:
    text = "\n".join(said)
    if "no space left on device" in text:
        hint = (
            "a first build takes about 4 GB in Go's caches (`go env GOCACHE GOMODCACHE`); free some and run this again"
        )
        return PrismError(f"the disk is full: cannot build {source.title}", hint=hint)
    reason = next((line for line in reversed(said) if line.strip()), "Go did not say why")
    return BuildFailed(f"cannot build {source.title}: {reason.strip()} (log: {log.name})")
