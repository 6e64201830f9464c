"""A download is whole and checked, or it is not there."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from kubectl_prism.sandbox.download import DownloadFailed, Patience, fetch, progress, reachable
from kubectl_prism.sandbox.folders import silent
from kubectl_prism.sandbox.programs import Release
from tests.sandbox.releases import Releases

QUICK = Patience(answer=1.0, bytes=1.0)
CONTENT = b"program" * 200_000


def release_of(releases: Releases) -> Release:
    """The file that the tests download."""
    return Release("tool", f"{releases.address}/tool", f"{releases.address}/tool.sha256")


def test_a_checked_file_is_executable(releases: Releases, tmp_path: Path) -> None:
    """What was published arrives whole and can be started."""
    releases.publish("/tool", CONTENT)
    program = fetch(release_of(releases), tmp_path, report=silent, patience=QUICK)
    assert program.read_bytes() == CONTENT
    assert program.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(("digest", "reason"), [("0" * 64, "its publisher says 0000"), ("<html>", "holds no SHA-256")])
def test_a_wrong_checksum_leaves_nothing(releases: Releases, tmp_path: Path, digest: str, reason: str) -> None:
    """A file that does not match its checksum, or whose checksum is none, is thrown away."""
    releases.publish("/tool", CONTENT, digest=digest)
    with pytest.raises(DownloadFailed, match=reason):
        fetch(release_of(releases), tmp_path, report=silent, patience=QUICK)
    assert list(tmp_path.iterdir()) == []


def test_a_body_that_breaks_off_leaves_nothing_and_the_next_run_recovers(releases: Releases, tmp_path: Path) -> None:
    """Half a body is an error that says how much came; asked again, the whole file arrives."""
    releases.publish("/tool", CONTENT)
    releases.cut.add("/tool")
    with pytest.raises(DownloadFailed, match="broke off"):
        fetch(release_of(releases), tmp_path, report=silent, patience=QUICK)
    assert list(tmp_path.iterdir()) == []
    releases.cut.clear()
    assert fetch(release_of(releases), tmp_path, report=silent, patience=QUICK).read_bytes() == CONTENT


def test_a_server_that_stalls_is_given_up(releases: Releases, tmp_path: Path) -> None:
    """No bytes for the time of patience end the download."""
    releases.publish("/tool", CONTENT)
    releases.stall.add("/tool")
    with pytest.raises(DownloadFailed, match="timed out"):
        fetch(release_of(releases), tmp_path, report=silent, patience=QUICK)
    assert list(tmp_path.iterdir()) == []


def test_a_kill_in_the_middle_leaves_no_program_and_the_next_run_recovers(releases: Releases, tmp_path: Path) -> None:
    """A process killed with half a file leaves none of the program's name; the next run replaces its rubbish."""
    releases.publish("/tool", CONTENT)
    releases.stall.add("/tool")
    script = (
        "import sys; from pathlib import Path; from kubectl_prism.sandbox import download, programs;"
        "download.fetch(programs.Release('tool', sys.argv[1], sys.argv[1] + '.sha256'), Path(sys.argv[2]),"
        " report=print, patience=download.Patience())"
    )
    victim = subprocess.Popen([sys.executable, "-c", script, f"{releases.address}/tool", str(tmp_path)])
    assert releases.stalled.wait(30)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    assert not (tmp_path / "tool").exists()
    releases.stall.clear()
    assert fetch(release_of(releases), tmp_path, report=silent, patience=QUICK).read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["tool"]


def test_a_program_inside_an_archive_is_taken_out(releases: Releases, tmp_path: Path) -> None:
    """Etcd comes in an archive; its checksum is in GitHub's list of the release."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        entry = tarfile.TarInfo("etcd-v3/etcd")
        entry.size = len(CONTENT)
        tar.addfile(entry, io.BytesIO(CONTENT))
    releases.list_assets("/repos/etcd", {"etcd-v3.tar.gz": archive.getvalue()})
    listing = f"{releases.address}/repos/etcd"
    release = Release("etcd", listing=listing, asset="etcd-v3.tar.gz", member="etcd-v3/etcd")
    assert fetch(release, tmp_path, report=silent, patience=QUICK).read_bytes() == CONTENT
    missing = Release("etcd", listing=listing, asset="etcd-v3.tar.gz", member="etcd-v3/other")
    with pytest.raises(DownloadFailed, match="holds no etcd-v3/other"):
        fetch(missing, tmp_path, report=silent, patience=QUICK)


def test_an_asset_without_a_digest_is_not_trusted(releases: Releases, tmp_path: Path) -> None:
    """A file whose publisher gives no SHA-256 is not downloaded at all."""
    releases.files["/repos/kwok"] = b'{"assets": [{"name": "kwok", "browser_download_url": "http://127.0.0.1:9/kwok"}]}'
    release = Release("kwok", listing=f"{releases.address}/repos/kwok", asset="kwok")
    with pytest.raises(DownloadFailed, match="publishes no SHA-256 for kwok"):
        fetch(release, tmp_path, report=silent, patience=QUICK)


def test_a_missing_file_is_said(releases: Releases, tmp_path: Path) -> None:
    """A release that is not there is an error with the server's answer."""
    with pytest.raises(DownloadFailed, match="404"):
        fetch(release_of(releases), tmp_path, report=silent, patience=QUICK)


def test_a_server_that_does_not_answer_costs_no_more_than_the_patience(releases: Releases) -> None:
    """Reachability is decided within the time for a first answer, and a server that answers is reachable."""
    started = time.monotonic()
    assert not reachable("http://127.0.0.1:9/", QUICK)
    assert time.monotonic() - started < QUICK.answer + 0.5
    assert reachable(releases.address, QUICK)


def test_progress_says_how_much_is_left() -> None:
    """A download half done in ten seconds has ten to go; of an unknown size only what came is said."""
    assert progress("etcd", 40_000_000, 80_000_000, 10) == "downloading etcd: 40 of 80 MB, about 10 s left"
    assert progress("etcd", 40_000_000, 0, 10) == "downloading etcd: 40 MB"
