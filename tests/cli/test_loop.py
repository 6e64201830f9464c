"""The loop that commands run on: one error at a time, and no noise about connections that were closed on purpose."""

from __future__ import annotations

import asyncio
import logging

import pytest

from kubectl_prism.cli.loop import run
from kubectl_prism.errors import PrismError


async def _complaining(error: Exception, message: str = "Fatal error on SSL protocol") -> None:
    asyncio.get_running_loop().call_exception_handler({"message": message, "exception": error})


def test_of_a_group_of_errors_the_first_is_raised() -> None:
    """What failed inside a task group is raised as if nothing ran in parallel."""

    async def fail() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(_raise())

    async def _raise() -> None:
        raise PrismError("no")

    with pytest.raises(PrismError, match="no"):
        run(fail())


def test_a_connection_that_we_closed_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """Uvloop complains about late bytes on a closed connection; nobody needs to hear that."""
    closed = "unable to perform operation on <TCPTransport closed=True>; the handler is closed"
    run(_complaining(RuntimeError(closed)))
    assert caplog.records == []


def test_a_connection_that_was_cut_in_its_handshake_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever opened it gets an error; the future that uvloop forgot has nothing to add."""
    run(_complaining(ConnectionResetError(), "Future exception was never retrieved"))
    assert caplog.records == []


def test_any_other_complaint_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """What a callback raises is not lost."""
    with caplog.at_level(logging.ERROR, logger="asyncio"):
        run(_complaining(RuntimeError("boom")))
        run(_complaining(ConnectionResetError()))
    assert [record.message.splitlines()[0] for record in caplog.records] == ["Fatal error on SSL protocol"] * 2
