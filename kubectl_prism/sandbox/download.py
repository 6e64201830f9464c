"""Fetches one official release file, checks it against its published SHA-256, and only then gives it its name.

Called by `binaries`. A fetch that is cut short, killed or wrong leaves nothing that a later run would take for a
program.
"""

from __future__ import annotations

import functools
import hashlib
import http.client
import json
import re
import tarfile
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from kubectl_prism.errors import PrismError
from kubectl_prism.sandbox.folders import Report, explained, settle
from kubectl_prism.sandbox.programs import Release

_BLOCK = 1 << 18


class DownloadFailed(PrismError):
    """A release could not be had, or was not what its publisher says it is."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds: for a first answer, and for the next bytes."""

    answer: float = 3.0
    bytes: float = 20.0


def reachable(address: str, patience: Patience) -> bool:
    """Tell whether the server answers at all, within the time for a first answer, name lookup included."""
    answered: list[bool] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=patience.answer):  # noqa: S310 - https, or a mirror that was asked for
                answered.append(True)
        except urllib.error.HTTPError as error:
            answered.append(error.code not in (403, 407, 502, 503, 504))  # what a blocking proxy answers
        except (OSError, http.client.HTTPException):
            answered.append(False)

    # A name lookup has no timeout of its own, so a thread that nobody waits for takes the risk.
    thread = threading.Thread(target=ask, name="reach", daemon=True)
    thread.start()
    thread.join(patience.answer)
    return answered == [True]


def fetch(release: Release, folder: Path, *, report: Report, patience: Patience) -> Path:
    """Return the checked program in `folder`, executable; a DownloadFailed says what was wrong with it."""
    part = folder / f".{release.name}.part"
    try:
        address, expected = _published(release, patience)
        with explained(folder):
            actual = _copy(release.name, address, part, report=report, patience=patience)
            if actual != expected:
                raise DownloadFailed(f"{address} has the SHA-256 {actual}, its publisher says {expected}")
            if release.member:
                _extract(part, release.member)
            part.chmod(0o755)
            settle(part, folder / release.name)
    finally:
        part.unlink(missing_ok=True)
    return folder / release.name


def _published(release: Release, patience: Patience) -> tuple[str, str]:
    if release.listing:
        return _listed(_document(release.listing, patience), release)
    words = _read(release.checksum, patience).decode("ascii", "replace").split()
    if not words or not re.fullmatch(r"[0-9a-f]{64}", words[0]):
        raise DownloadFailed(f"{release.checksum} holds no SHA-256")
    return release.address, words[0]


def _listed(listing: object, release: Release) -> tuple[str, str]:
    assets = listing.get("assets", []) if isinstance(listing, dict) else []
    for asset in assets:
        if asset.get("name") == release.asset:
            kind, _, digest = str(asset.get("digest") or "").partition(":")
            if kind == "sha256":
                return str(asset["browser_download_url"]), digest
    raise DownloadFailed(f"{release.listing} publishes no SHA-256 for {release.asset}")


@functools.lru_cache(maxsize=8)
def _document(address: str, patience: Patience) -> object:
    try:
        return json.loads(_read(address, patience))
    except ValueError as error:
        raise DownloadFailed(f"{address} is not JSON: {error}") from error


def _open(address: str, patience: Patience) -> http.client.HTTPResponse:
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(address, timeout=patience.bytes)  # noqa: S310 - https, or a mirror that was asked for
    except (OSError, http.client.HTTPException) as error:
        raise DownloadFailed(f"cannot fetch {address}: {error}") from error
    return response


def _read(address: str, patience: Patience) -> bytes:
    with _open(address, patience) as response:
        try:
            return response.read()
        except (OSError, http.client.HTTPException) as error:
            raise DownloadFailed(f"{address} broke off: {error}") from error


def _copy(name: str, address: str, part: Path, *, report: Report, patience: Patience) -> str:
    digest, done, started = hashlib.sha256(), 0, time.monotonic()
    said = started
    with _open(address, patience) as response, part.open("wb") as file:
        total = int(response.headers.get("Content-Length") or 0)
        while block := _block(address, response):
            file.write(block)
            digest.update(block)
            done += len(block)
            if time.monotonic() - said >= 1:
                said = time.monotonic()
                report(progress(name, done, total, said - started))
    if total and done != total:
        raise DownloadFailed(f"{address} broke off after {done} of {total} bytes")
    return digest.hexdigest()


def _block(address: str, response: http.client.HTTPResponse) -> bytes:
    # Errors of the connection are told apart from errors of the disk here: both are OSErrors.
    try:
        return response.read(_BLOCK)
    except (OSError, http.client.HTTPException) as error:
        raise DownloadFailed(f"{address} broke off: {error}") from error


def progress(name: str, done: int, total: int, elapsed: float) -> str:
    """Say how far a download is, in MB, and how many seconds are left at its pace so far."""
    words = f"downloading {name}: {done / 1e6:.0f}"
    if not total:
        return f"{words} MB"
    left = elapsed * (total - done) / done
    return f"{words} of {total / 1e6:.0f} MB, about {left:.0f} s left"


def _extract(archive: Path, member: str) -> None:
    inner = archive.with_suffix(".member")
    try:
        with tarfile.open(archive) as tar:
            source = tar.extractfile(member)
            if source is None:
                raise DownloadFailed(f"{member} in the downloaded archive is no file")
            with source, inner.open("wb") as target:
                while block := source.read(_BLOCK):
                    target.write(block)
        inner.replace(archive)
    except (tarfile.TarError, KeyError, EOFError) as error:
        raise DownloadFailed(f"the downloaded archive holds no {member}: {error}") from error
    finally:
        inner.unlink(missing_ok=True)
