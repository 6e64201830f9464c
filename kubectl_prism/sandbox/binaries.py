"""Finds the programs of a sandbox, or gets them: a given folder, PATH, our cache, official releases, a build.

Called by the command line and by tests. Each family of programs is decided on its own, so etcd may be the machine's and
the rest built. Nothing outside our cache folder is written, but for Go's own caches.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kubectl_prism.errors import PrismError, UsageError
from kubectl_prism.sandbox import build, download
from kubectl_prism.sandbox.folders import Report, cache_folder, explained, locked, make_folder, silent
from kubectl_prism.sandbox.programs import (
    FAMILIES,
    KUBERNETES,
    KWOK,
    OLDEST_KUBERNETES,
    SERVERS,
    SOURCES,
    Binaries,
    Family,
    Mirror,
    releases,
)

_FOLDER_VARIABLES = ("KUBECTL_PRISM_BINARIES_DIR", "KUBEBUILDER_ASSETS")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where programs may come from; every way but the cache can be closed."""

    folder: Path | None = None
    search_path: bool = True
    downloads: Mirror | None = field(default_factory=Mirror)
    building: bool = True
    patience: download.Patience = field(default_factory=download.Patience)


def binaries_folder() -> Path:
    """Return the cache folder for the programs of these versions."""
    return cache_folder() / "bin" / f"{KUBERNETES}-kwok-{KWOK}"


def log_file() -> Path:
    """Return the one log of the last run that had to get programs."""
    return cache_folder() / "sandbox-programs.log"


def ensure_binaries(sources: Sources | None = None, report: Report = silent) -> Binaries:
    """Return all programs, getting what is missing; a PrismError says all that was tried and what to do."""
    search = _Search(sources or Sources(), report)
    search.look()
    if search.missing:
        make_folder(binaries_folder())
        waiting = "another run is getting the sandbox's programs: waiting for it"
        with locked(binaries_folder().parent / ".lock", report=report, waiting=waiting):
            search.look()
            search.get()
    if search.missing:
        raise search.failure()
    return Binaries(search.paths, search.origins)


class _Search:
    """One search: what was found, where, and what was tried in vain."""

    def __init__(self, sources: Sources, report: Report) -> None:
        self.sources = sources
        self.report = report
        self.paths: dict[str, Path] = {}
        self.origins: dict[str, str] = {}
        self.tried: list[str] = []
        self.skipped: set[str] = set()

    @property
    def missing(self) -> list[Family]:
        return [family for family in FAMILIES if family.title not in self.origins]

    def look(self) -> None:
        """Take every family that is on the machine."""
        for origin, finder in self._places():
            for family in self.missing:
                self._take(family, origin, {name: finder(name) for name in family.names})

    def _places(self) -> Iterable[tuple[str, Callable[[str], Path | None]]]:
        if self.sources.folder is not None:
            if not self.sources.folder.is_dir():
                raise UsageError(
                    f"{self.sources.folder} is no folder", hint="--binaries-dir takes a folder of programs"
                )
            yield f"the given folder {self.sources.folder}", _within(self.sources.folder)
        for variable in _FOLDER_VARIABLES:
            if value := os.environ.get(variable):
                yield f"{variable} {value}", _within(Path(value))
        if self.sources.search_path:
            yield "PATH", _on_path
        yield f"the cache {binaries_folder()}", _within(binaries_folder())

    def _take(self, family: Family, origin: str, found: Mapping[str, Path | None]) -> None:
        whole = {name: path for name, path in found.items() if path is not None}
        if len(whole) < len(family.names):
            return
        if family is SERVERS and not origin.startswith("the cache") and not _new_enough(whole["kube-apiserver"]):
            oldest = ".".join(map(str, OLDEST_KUBERNETES))
            self._skip(f"{origin} holds a Kubernetes that is older than {oldest} or does not start: not used")
            return
        self.paths.update(whole)
        self.origins[family.title] = origin

    def _skip(self, line: str) -> None:
        if line not in self.skipped:
            self.skipped.add(line)
            self.report(line)

    def get(self) -> None:
        """Download, then build, what is still missing; the caller holds the lock."""
        for leftover in binaries_folder().glob(".*"):
            leftover.unlink(missing_ok=True)
        with explained(log_file()):
            log_file().write_text("")
        if self.missing and self.sources.downloads is not None:
            self._download(self.sources.downloads)
        if self.missing and self.sources.building:
            self._build()

    def _download(self, mirror: Mirror) -> None:
        system, machine = _platform()
        offline: set[str] = set()
        for family in self.missing:
            files = releases(family, system, machine, mirror)
            if not files:
                self._failed(f"download of {family.title}: nobody publishes it for {system}/{machine}")
                continue
            server = files[0].address or files[0].listing
            host = server.split("/")[2]
            if host in offline or not download.reachable(server, self.sources.patience):
                offline.add(host)
                self._failed(f"download of {family.title}: {host} cannot be reached")
                continue
            try:
                for release in files:
                    download.fetch(release, binaries_folder(), report=self.report, patience=self.sources.patience)
            except download.DownloadFailed as error:
                self._failed(f"download of {family.title}: {error.message}")
                continue
            self._take(family, "official releases", _found(family))

    def _build(self) -> None:
        go = build.go_program()
        if go is None:
            self._failed("build from source: Go is not installed")
            return
        for source in (SOURCES[name] for name in dict.fromkeys(family.source for family in self.missing)):
            try:
                build.build(source, binaries_folder(), go=go, report=self.report, log=log_file())
            except build.BuildFailed as error:
                self._failed(error.message)
        for family in self.missing:
            self._take(family, f"built with {go}", _found(family))

    def _failed(self, line: str) -> None:
        with explained(log_file()), log_file().open("a") as log:
            log.write(line + "\n")
        self.tried.append(line)

    def failure(self) -> PrismError:
        titles = " and ".join(family.title for family in self.missing)
        looked = ["not in a given folder, on PATH or in the cache", *self.tried]
        hint = (
            "install Go 1.21 or newer (https://go.dev/dl) with access to Go modules, or give a folder that holds "
            f"{', '.join(name for family in self.missing for name in family.names)} with --binaries-dir"
        )
        if sys.platform == "darwin":
            hint += "; for macOS there are no official Kubernetes servers to download, so Go is the way there"
        return PrismError(f"no {titles} for the sandbox: {'; '.join(looked)}", hint=hint)


def _found(family: Family) -> dict[str, Path | None]:
    return {name: _within(binaries_folder())(name) for name in family.names}


def _within(folder: Path) -> Callable[[str], Path | None]:
    def find(name: str) -> Path | None:
        path = folder.absolute() / name
        return path if path.is_file() and os.access(path, os.X_OK) else None

    return find


def _on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found).absolute() if found else None


def _new_enough(server: Path) -> bool:
    try:
        run = subprocess.run([server, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    numbers = re.search(r"v(\d+)\.(\d+)\.", run.stdout)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= OLDEST_KUBERNETES


def _platform() -> tuple[str, str]:
    machine = platform.machine().lower()
    return sys.platform, {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
