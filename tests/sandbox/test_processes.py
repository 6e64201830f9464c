"""Programs that end with the block they were started for."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kubectl_prism.sandbox import processes

SLEEP = ("sleep", "600")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """What was started; each start is interrupted right after the program runs, before anybody holds it."""
    found: list[subprocess.Popen[bytes]] = []

    class Interrupted(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Popen's own
            super().__init__(*arguments, **options)
            found.append(self)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    return found


def test_an_interrupt_while_a_program_is_started_ends_it(
    started: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """The interrupt is kept until the program can be ended, and comes after it."""
    handler = signal.getsignal(signal.SIGINT)
    with (
        (tmp_path / "log").open("wb") as log,
        pytest.raises(KeyboardInterrupt),
        processes.session(SLEEP, variables=os.environ, output=log, errors=log),
    ):
        pytest.fail("the block ran")
    assert [process.returncode for process in started] == [-signal.SIGKILL]
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_program_that_is_not_there_leaves_interrupts_as_they_were(tmp_path: Path) -> None:
    """What held interrupts back while the program was to be started is gone."""
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with (
        (tmp_path / "log").open("wb") as log,
        pytest.raises(FileNotFoundError),
        processes.session([str(tmp_path / "none")], variables=os.environ, output=log, errors=log),
    ):
        pytest.fail("the block ran")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
