"""Builds the programs that this package carries as Go source, with progress and the time left.

Called by `binaries`. Go does the work and keeps its own cache, so a build that was cut short goes on where it was; the
result gets its name only when it is whole. Interrupting this process stops Go and everything that Go has started.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from kubectl_prism.errors import PrismError
from kubectl_prism.sandbox import processes
from kubectl_prism.sandbox.folders import Report, explained, settle
from kubectl_prism.sandbox.programs import Source

GO_SOURCES = Path(__file__).parent / "golang"
_OLDEST_GO = (1, 21)
"""The first Go that fetches a newer Go by itself."""
_PACKAGE = re.compile(r"[\w.~/-]+")
_LINK_SHARE = 0.12
"""How much of a whole build the link takes, measured: no package is named while it runs."""

REPORT_EVERY = 10.0
"""Seconds between two lines about a build: enough on a terminal, not too many in a log."""


class BuildFailed(PrismError):
    """A program could not be built."""


def go_program() -> Path | None:
    """Return the Go on PATH, or where Go's own installer puts it."""
    found = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    return Path(found) if found else None


def environment(go: Path) -> dict[str, str]:
    """Return the person's environment less what would change the result; BuildFailed for a Go that is too old."""
    own = {name: value for name, value in os.environ.items() if name not in ("GOOS", "GOARCH")}
    variables = {**own, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}
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


def build(source: Source, folder: Path, *, go: Path, report: Report, log: Path) -> None:
    """Build a source into `folder` and link it under each of its names; BuildFailed or PrismError says why not."""
    variables = environment(go)
    flags = ["-trimpath", "-buildvcs=false", "-ldflags", _linker_flags(source)]
    temporary = folder / f".{source.folder}.tmp"
    try:
        with explained(log):
            stale = _stale_packages([str(go), "list", *flags], source, variables, report=report, log=log)
            command = [*_gently(), str(go), "build", *flags, "-v", "-o", str(temporary), "."]
            _run(command, source, variables, follow=Progress(source.title, stale), report=report, log=log)
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
    listing: Sequence[str], source: Source, variables: Mapping[str, str], *, report: Report, log: Path
) -> int:
    # Asking also fetches the modules, so it takes its time on a first run and fails where there is no network.
    command = [*listing, "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", "."]
    with tempfile.TemporaryFile() as output:
        fetching = Fetching(source.title)
        _run(command, source, variables, follow=fetching, report=report, log=log, output=output)
        output.seek(0)
        return len(output.read().split())


def _run(
    command: Sequence[str],
    source: Source,
    variables: Mapping[str, str],
    *,
    follow: Follower,
    report: Report,
    log: Path,
    output: IO[bytes] | int = subprocess.DEVNULL,
) -> None:
    """Run Go to its end, reporting now and then; however this ends, Go and all that it has started end with it."""
    with log.open("ab") as errors, log.open(errors="replace") as reading:
        reading.seek(0, os.SEEK_END)
        started = time.monotonic()
        said: list[str] = []
        folder = GO_SOURCES / source.folder
        with processes.session(command, variables=variables, output=output, errors=errors, folder=folder) as process:
            report(follow.line(0))
            while not _ends_within(process, REPORT_EVERY):
                said += _new_lines(reading, follow)
                report(follow.line(time.monotonic() - started))
        said += _new_lines(reading, follow)
    if process.returncode != 0:
        raise _failure(source, said, log)


def _ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _new_lines(log: IO[str], follow: Follower) -> list[str]:
    """Read what Go has said since; return the lines that are no package, which is where errors are."""
    lines = log.read().splitlines()
    for line in lines:
        follow.hear(line)
    return [line for line in lines if not _PACKAGE.fullmatch(line)]


class Fetching:
    """What the first step says of itself: Go says each module that it fetches."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.modules = 0

    def hear(self, line: str) -> None:
        """Take one line of Go's."""
        self.modules += line.startswith("go: downloading ")

    def line(self, elapsed: float) -> str:
        """Say how far the step is."""
        fetched = f", {self.modules} Go modules fetched" if self.modules else ""
        return f"building {self.title}: looking at what there is to do, {clock(elapsed)} so far{fetched}"


class Progress:
    """What a build says of itself: packages compiled of those that must be, and the time left at that pace."""

    def __init__(self, title: str, packages: int) -> None:
        self.title = title
        self.packages = packages
        self.done = 0

    def hear(self, line: str) -> None:
        """Take one line of Go's: a package that is compiled now."""
        self.done += bool(_PACKAGE.fullmatch(line))

    def line(self, elapsed: float) -> str:
        """Say how far the build is `elapsed` seconds after it began."""
        spent = f"building {self.title}: {clock(elapsed)} so far"
        if not self.packages or self.done >= self.packages:
            return f"{spent}, linking"
        share = self.done / self.packages * (1 - _LINK_SHARE)
        left = f", about {clock(elapsed * (1 - share) / share)} left" if elapsed > 10 and share > 0.02 else ""
        return f"{spent}, {self.done} of {self.packages} packages{left}"


Follower = Fetching | Progress


def clock(seconds: float) -> str:
    """Write a duration the way a person says it: 40 s, 3 min 05 s."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _failure(source: Source, said: Sequence[str], log: Path) -> PrismError:
    text = "\n".join(said)
    if "no space left on device" in text:
        hint = (
            "a first build takes about 4 GB in Go's caches (`go env GOCACHE GOMODCACHE`); free some and run this again"
        )
        return PrismError(f"the disk is full: cannot build {source.title}", hint=hint)
    reason = next((line for line in reversed(said) if line.strip()), "Go did not say why")
    return BuildFailed(f"cannot build {source.title}: {reason.strip()} (log: {log})")
