"""Whatever goes wrong is one line, one hint and an exit code; never a traceback."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from kubectl_prism.cli import commands, edge
from kubectl_prism.errors import PrismError, TimedOut, UsageError
from tests.cli.terminal import BIN, DEAD_SERVER, environment, prism


@pytest.mark.parametrize(
    ("words", "code", "error", "hint"),
    [
        ("stauts", 2, "unknown command stauts", "did you mean `kubectl prism status`?"),
        ("xyzzy", 2, "unknown command xyzzy", "`kubectl prism --help` lists the commands"),
        ("status --contxt=x", 2, "unknown flag --contxt", "did you mean --context?"),
        ("render --smaple x", 2, "unknown flag --smaple", "did you mean --sample?"),
        ("status -o", 2, "flag -o needs a value", "`kubectl prism status --help`"),
        ("status -o jsn", 2, "-o jsn is not known", "write one of: wide, json, yaml, name, jsonpath=TEMPLATE"),
        ("status -o jsonpath={.a", 2, "jsonpath {.a: a { is not closed", "quote the template"),
        ("status a b", 2, "got unexpected extra argument", "`kubectl prism status --help`"),
        ("sandbox up --port=many", 2, "invalid value for '--port': many is not a whole number", "sandbox up --help"),
        ("sandbox up --port=70000", 2, "invalid value for '--port': 70000 is out of range", "sandbox up --help"),
        ("sandbox up --runtime=vm", 2, "--runtime vm is not known", "write one of: binary, kind"),
        ("render", 2, "render needs a file or a sample", "-f FILE"),
        ("render -f /no/such", 2, "/no/such: No such file or directory", "-f takes the path of a file"),
        ("render --sample quikstart", 2, "there is no sample quikstart", "did you mean quickstart?"),
        ("init", 2, "init needs the name of the stack", "kubectl prism init my-prism"),
        ("init Shop", 2, "Shop cannot be the name of a stack", "lower-case"),
        ("init shop -t multizone", 2, "there is no template multizone", "did you mean multi-zone?"),
        ("status", 1, "no cluster is configured", "--kubeconfig"),
        ("status --context=x", 1, "context x is not in any kubeconfig", "contexts"),
        (f"status {DEAD_SERVER}", 1, "cannot reach the API server 127.0.0.1:1: connection refused", ""),
        (f"diff --sample quickstart {DEAD_SERVER}", 2, "cannot reach the API server", ""),
        (f"status -n a --as-group=x {DEAD_SERVER}", 2, "--as-group and --as-uid need --as", "add --as USER"),
    ],
)
def test_an_error_is_one_line_and_a_hint(tmp_path: Path, words: str, code: int, error: str, hint: str) -> None:
    """Nothing is on stdout; stderr holds the error and the way out; the exit code tells usage from failure."""
    done = prism(tmp_path, *words.split())
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert lines[0].startswith(f"error: {error}")
    assert hint in (lines[1] if len(lines) > 1 else "")
    assert len(lines) <= 2
    assert all(line.startswith("hint: ") for line in lines[1:])


def broken_by(monkeypatch: pytest.MonkeyPatch, failure: Callable[[], object]) -> None:
    """Make the verb `crds` do `failure` and nothing else."""

    def register(app: typer.Typer) -> None:
        def crds() -> None:
            """Fail."""
            failure()

        commands.add(app, crds, examples={"Fail": "kubectl prism crds"})

    monkeypatch.setattr("kubectl_prism.cli.crds.register", register)


def raising(error: BaseException) -> Callable[[], object]:
    def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (PrismError("it broke", hint="mend it"), 1, "error: it broke\nhint: mend it\n"),
        (UsageError("two\nlines"), 2, "error: two lines\n"),
        (TimedOut("too late"), 4, "error: too late\n"),
        (KeyboardInterrupt(), 130, ""),
        (typer.Abort(), 130, ""),
        (OSError(errno.ENOSPC, "No space left on device", "/data"), 1, "error: /data: No space left on device\n"),
        (
            ValueError("odd"),
            1,
            "error: internal: ValueError: odd\nhint: this is a fault of kubectl prism; -v=9 shows where it happened\n",
        ),
    ],
)
def test_every_kind_of_error_has_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    """Errors of ours carry their codes, an interrupt is silent, a fault of ours says so."""
    broken_by(monkeypatch, raising(error))
    assert (edge.run(["crds"]), capsys.readouterr().err) == (code, said)


def test_a_traceback_is_shown_on_request_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`-v=9` shows where it happened, also for an error of ours."""
    broken_by(monkeypatch, raising(ValueError("odd")))
    edge.run(["crds", "-v=8"])
    assert "Traceback" not in capsys.readouterr().err
    edge.run(["crds", "-v=9"])
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_has_had_enough_is_no_error(tmp_path: Path) -> None:
    """`crds | head -1`: nothing on stderr and exit code 0, although far more was to be written."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [str(BIN / "kubectl-prism"), "crds"], env=environment(tmp_path), stdout=writing, stderr=subprocess.PIPE
    )
    os.close(writing)
    assert os.read(reading, 1)
    os.close(reading)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, b"")


def test_an_interrupt_is_130(tmp_path: Path) -> None:
    """Ctrl-C while something is waited for: here, for the rest of stdin."""
    process = subprocess.Popen(
        [str(BIN / "kubectl-prism"), "render", "-f", "-"],
        env=environment(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    _until_reading(process.pid)
    process.send_signal(2)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, b"")


def _until_reading(pid: int) -> None:
    """Wait until a process sleeps in a read of its stdin."""
    syscall = Path(f"/proc/{pid}/syscall")
    for _ in range(10_000_000):
        if syscall.read_text().split()[:2] == ["0", "0x0"]:
            return
    raise AssertionError("it never read its stdin")


@pytest.mark.parametrize("words", [[], ["--help"], ["help"], ["sandbox"], ["help", "status"], ["status", "-h"]])
def test_help_is_data(tmp_path: Path, words: list[str]) -> None:
    """Asking for help, or for nothing at all, is no error; help goes to stdout."""
    done = prism(tmp_path, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: kubectl prism")


def test_sigterm_ends_like_ctrl_c(tmp_path: Path) -> None:
    """A command that is told to end while it waits for its input ends with 130, and without a traceback."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kubectl_prism", "render", "-f", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONVERBOSE": "1"},
        text=True,
    )
    assert process.stderr is not None
    assert any("kubectl_prism.cli.render" in line for line in process.stderr)
    process.terminate()
    _, err = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in err) == (130, False)
