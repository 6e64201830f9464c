"""Runs a command's coroutine: on uvloop where it is installed, with errors as if nothing ran in parallel.

A command that runs until it is told to end hands `on_signals` what that means.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from kubectl_prism.cli.edge import INTERRUPTED

T = TypeVar("T")

_UNRETRIEVED = "Future exception was never retrieved"


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end and return its result; of a group of errors, the first is raised."""
    with asyncio.Runner(loop_factory=_factory()) as runner:
        runner.get_loop().set_exception_handler(_complain)
        try:
            return runner.run(main)
        except BaseExceptionGroup as group:
            raise _first(group) from group


def on_signals(stop: Callable[[], None]) -> None:
    """Call `stop` on Ctrl-C or SIGTERM; the second of them ends the process at once, whatever is still on its way."""
    stops = iter((stop,))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, lambda: next(stops, _end)())


def _end() -> None:
    """End without a last word: an exception would wait for servers and threads that may not answer."""
    os._exit(INTERRUPTED)


def _factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _complain(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what a callback raised, unless it is what uvloop says of a connection that is gone, and others say better.

    It complains of late bytes on one that we closed (uvloop issue 506), and of one that was cut in its TLS handshake.
    """
    error = context.get("exception")
    is_closed = isinstance(error, RuntimeError) and str(error).endswith("the handler is closed")
    is_cut = isinstance(error, ConnectionResetError) and context.get("message", "").startswith(_UNRETRIEVED)
    if not is_closed and not is_cut:
        loop.default_exception_handler(context)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
