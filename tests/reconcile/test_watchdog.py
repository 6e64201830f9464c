"""The watchdog: what is stuck is said once with where it stands, and once more when it is over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from kubectl_prism.reconcile.controller import Controller
from kubectl_prism.reconcile.request import Request, Result
from kubectl_prism.reconcile.watchdog import LAG, TICK, WAIT, WINDOW, Watchdog, stack
from tests.reconcile.fake import Clock

KEY = Request("PrismStack", "default", "s")
OTHER = Request("PrismStack", "default", "other")


class Loop:
    """A loop whose sleeps take as long as they are told, and then never end."""

    def __init__(self, *lags: float) -> None:
        self.clock = Clock()
        self.lags = list(lags)

    async def sleep(self, seconds: float) -> None:
        """Be late, or end the test."""
        if not self.lags:
            raise EOFError
        self.clock.now += seconds + self.lags.pop(0)


async def watched(loop: Loop, *controllers: Controller) -> Watchdog:
    """Return a watchdog that watched until the end of `loop`."""
    watchdog = Watchdog(controllers, clock=loop.clock, sleep=loop.sleep)
    with suppress(EOFError):
        await watchdog.run()
    return watchdog


class Hanging:
    """A reconcile that hangs until it is let go."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.let_go = asyncio.Event()

    async def __call__(self, request: Request) -> Result:
        """Hang somewhere below."""
        self.began.set()
        await self.wait_for_something()
        return Result()

    async def wait_for_something(self) -> None:
        """Be where the stack ends."""
        await self.let_go.wait()


@asynccontextmanager
async def hanging(clock: Clock, *, workers: int = 1) -> AsyncIterator[tuple[Controller, Hanging]]:
    """Return a controller that hangs on KEY."""
    reconcile = Hanging()
    controller = Controller("PrismStack", reconcile, workers=workers, clock=clock)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(controller.run())
        controller.queue.add(KEY)
        await reconcile.began.wait()
        yield controller, reconcile
        reconcile.let_go.set()
        controller.queue.shutdown()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the log lines since the last time."""
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    caplog.clear()
    return lines


async def test_the_lag_is_how_late_the_loop_is() -> None:
    """Every time that it is looked at."""
    loop, seen = Loop(0.0, 0.09, 0.3), list[float]()
    watchdog = Watchdog([], clock=loop.clock, sleep=loop.sleep)
    watchdog.observe = seen.append
    with suppress(EOFError):
        await watchdog.run()
    assert seen == pytest.approx([0.0, 0.09, 0.3])


async def test_the_lag_of_a_real_loop_is_measured() -> None:
    """A task that never waits is seen once it ended."""
    now = 0.0

    async def block(seconds: float) -> None:
        nonlocal now
        await asyncio.sleep(0)
        now += seconds + 0.5
        if now > 1:
            raise EOFError

    watchdog, seen = Watchdog([], clock=lambda: now, sleep=block), list[float]()
    watchdog.observe = seen.append
    with pytest.raises(EOFError):
        await watchdog.run()
    assert max(seen) == pytest.approx(0.5)


async def test_a_loop_that_stood_still_is_said_once_and_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    """Afterwards, as nothing turns meanwhile."""
    await watched(Loop(0.0, 2.0, *[0.0] * (WINDOW - 20)))
    assert said(caplog) == ["stuck: the event loop stood still for 2.0 s; in work: nothing"]
    await watched(Loop(2.0, 0.0, 1.5, *[0.0] * (WINDOW + 10)))
    assert said(caplog)[1:] == ["no longer stuck: the event loop stood still for 2.0 s"]


async def test_a_late_loop_is_not_stuck(caplog: pytest.LogCaptureFixture) -> None:
    """A busy machine is late now and then."""
    await watched(Loop(*[LAG - TICK] * 100))
    assert said(caplog) == []


async def test_the_reconcile_that_held_the_loop_up_is_named(caplog: pytest.LogCaptureFixture) -> None:
    """It has ended when the loop turns again; what ended before or was quick is not meant."""

    async def nothing(request: Request) -> Result:
        return Result()

    loop = Loop(0.0, 2.0)
    controller = Controller("PrismStack", nothing, clock=loop.clock)
    now = loop.clock()
    controller.slow.extend([(OTHER, 3.0, now - 1), (KEY, 2.0, now + TICK + 2)])
    await watched(loop, controller)
    assert said(caplog) == [
        "stuck: the event loop stood still for 2.0 s while these were reconciled: PrismStack default/s (2.0 s);"
        " in work: nothing"
    ]


async def test_a_reconcile_beyond_half_of_its_deadline_is_said_with_where_it_stands(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once, and when it ended."""
    clock = Clock()
    async with hanging(clock) as (controller, reconcile):
        watchdog = Watchdog([controller], clock=clock)
        clock.now += controller.deadline / 2
        watchdog.look(since=clock())
        assert said(caplog) == []
        for _ in range(3):
            clock.now += 1
            watchdog.look(since=clock())
        (line,) = said(caplog)
        begin, _, where = line.partition(" at ")
        assert begin == (
            "stuck: PrismStack default/s has been worked on for 31 s; in work: PrismStack default/s (31.0 s)"
        )
        functions = [frame.split()[1] for frame in where.split(" < ")]
        assert functions == ["Event.wait", "Hanging.wait_for_something", "Hanging.__call__", "Controller._attempt"]
        ended = asyncio.Event()
        controller.observe = lambda kind, outcome, seconds: ended.set()
        reconcile.let_go.set()
        await ended.wait()
        watchdog.look(since=clock())
        assert said(caplog) == ["no longer stuck: PrismStack default/s has been worked on for 31 s"]


async def test_a_key_that_waits_too_long_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """With what keeps the workers busy."""
    clock = Clock()
    async with hanging(clock) as (controller, _):
        controller.deadline = 1000.0
        watchdog = Watchdog([controller], clock=clock)
        controller.queue.add(OTHER)
        clock.now += WAIT
        watchdog.look(since=clock())
        assert said(caplog) == []
        clock.now += 1
        watchdog.look(since=clock())
        (line,) = said(caplog)
        assert line.startswith("stuck: PrismStack default/other has waited for a worker for 61 s; in work: PrismStack ")


async def test_who_stands_by_is_not_stuck(caplog: pytest.LogCaptureFixture) -> None:
    """Its queue is full and its workers have not begun."""
    clock = Clock()
    controller = Controller("PrismStack", Hanging(), clock=clock)
    controller.queue.add(KEY)
    clock.now += 10 * WAIT
    Watchdog([controller], clock=clock).look(since=clock())
    assert said(caplog) == []


async def test_the_controllers_are_looked_at_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    """Without any lag."""
    loop = Loop(*[0.0] * 9)
    async with hanging(loop.clock) as (controller, _):
        loop.clock.now += 40
        await watched(loop, controller)
        assert said(caplog) == []
        loop.lags = [0.0] * 10
        await watched(loop, controller)
        assert len(said(caplog)) == 1


async def test_a_stack_reaches_down_to_what_is_awaited() -> None:
    """`Task.get_stack` shows the outermost coroutine only."""
    reconcile = Hanging()
    task = asyncio.ensure_future(reconcile(KEY))
    await reconcile.began.wait()
    found = stack(task)
    assert [frame.split()[1] for frame in found] == ["Event.wait", "Hanging.wait_for_something", "Hanging.__call__"]
    assert found[1].split(":")[0] == "test_watchdog.py"
    reconcile.let_go.set()
    await task
    assert stack(task) == []
