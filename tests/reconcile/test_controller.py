"""One controller: four outcomes, and a fault of one key costs the others nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from kubectl_prism.errors import PrismError
from kubectl_prism.kube.errors import ApiError, TooManyRequests, Unreachable
from kubectl_prism.model.conditions import Mark
from kubectl_prism.model.meta import Manifest
from kubectl_prism.reconcile.breaker import Breaker
from kubectl_prism.reconcile.controller import Controller, Outcome
from kubectl_prism.reconcile.queue import LINGER, NEWS, RESYNC
from kubectl_prism.reconcile.request import Postponed, Request, Result, TerminalError
from kubectl_prism.store import Change, Store
from tests.reconcile.fake import Clock

KEY = Request("PrismStack", "default", "s")
OTHER = Request("PrismStack", "default", "other")


class Attempts:
    """A reconcile that does what it is told, and the outcomes the controller reports."""

    def __init__(self, *does: Callable[[], Awaitable[Result]]) -> None:
        self.does = list(does)
        self.seen: list[Request] = []
        self.outcomes: list[Outcome] = []
        self.ended = asyncio.Event()

    async def __call__(self, request: Request) -> Result:
        """Do the next thing; with nothing left to do, be done."""
        self.seen.append(request)
        return await self.does.pop(0)() if self.does else Result()

    def observe(self, kind: str, outcome: Outcome, seconds: float) -> None:
        """Note an outcome."""
        self.outcomes.append(outcome)
        if not self.does:
            self.ended.set()


@asynccontextmanager
async def running(attempts: Attempts, *, workers: int = 1, deadline: float = 60.0) -> AsyncIterator[Controller]:
    """Run a controller around `attempts` until the block ends."""
    controller = Controller("PrismStack", attempts, workers=workers, deadline=deadline)
    controller.observe = attempts.observe
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(controller.run())
        yield controller
        controller.queue.shutdown()


def returns(result: Result) -> Callable[[], Awaitable[Result]]:
    """Return what returns `result`."""

    async def do() -> Result:
        return result

    return do


def raises(error: BaseException) -> Callable[[], Awaitable[Result]]:
    """Return what raises `error`."""

    async def do() -> Result:
        raise error

    return do


async def hang() -> Result:
    """Never return."""
    await asyncio.Event().wait()
    return Result()


async def test_done_is_done() -> None:
    """Nothing comes again by itself."""
    attempts = Attempts(returns(Result()))
    async with running(attempts) as controller:
        controller.queue.add(KEY)
        await attempts.ended.wait()
        assert controller.queue.next_due is None
    assert attempts.outcomes == [Outcome.SUCCESS]


@pytest.mark.parametrize(
    "later", [returns(Result(requeue_after=100.0)), raises(Postponed("it is being deleted", after=100.0))]
)
async def test_later_comes_after_its_time_and_is_no_failure(later: Callable[[], Awaitable[Result]]) -> None:
    """A result and an exception say the same."""
    attempts = Attempts(later)
    async with running(attempts) as controller:
        controller.queue.add(KEY)
        await attempts.ended.wait()
        assert controller.queue.next_due == pytest.approx(controller.clock() + 100, abs=5)
        assert controller.queue.failures(KEY) == 0
    assert attempts.outcomes == [Outcome.LATER]


async def test_a_busy_server_is_not_asked_before_it_wants_to_be() -> None:
    """What it asked for is longer than the backoff of a first failure."""
    attempts = Attempts(raises(TooManyRequests(429, "", "busy", details={"retryAfterSeconds": 60})))
    async with running(attempts) as controller:
        controller.queue.add(KEY)
        await attempts.ended.wait()
        assert controller.queue.next_due == pytest.approx(controller.clock() + 63, abs=5)
    assert attempts.outcomes == [Outcome.ERROR]


async def test_errors_come_again_until_they_do_not(caplog: pytest.LogCaptureFixture) -> None:
    """Each says one line; success forgets them."""
    attempts = Attempts(raises(PrismError("the API server is away")), raises(KeyError("oops")), returns(Result()))
    with caplog.at_level(logging.DEBUG):
        async with running(attempts) as controller:
            controller.queue.add(KEY)
            await attempts.ended.wait()
            assert controller.queue.failures(KEY) == 0
    assert attempts.outcomes == [Outcome.ERROR, Outcome.PANIC, Outcome.SUCCESS]
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert [error.split("; try")[0] for error in errors] == [
        "PrismStack default/s: the API server is away",
        "PrismStack default/s: unexpected KeyError: 'oops'",
    ]
    traces = [record for record in caplog.records if record.exc_info]
    assert {record.levelno for record in traces} == {logging.DEBUG}


async def test_a_terminal_error_waits_for_a_change(caplog: pytest.LogCaptureFixture) -> None:
    """No backoff, no delay; the next change runs it."""
    attempts = Attempts(raises(TerminalError("NameTaken", "Service default/x is not ours")))
    async with running(attempts) as controller:
        controller.queue.add(KEY)
        await attempts.ended.wait()
        assert controller.queue.next_due is None
        attempts.ended.clear()
        controller.queue.add(KEY)
        await attempts.ended.wait()
    assert attempts.outcomes == [Outcome.TERMINAL, Outcome.SUCCESS]
    assert "Service default/x is not ours" in caplog.text


async def test_a_hanging_reconcile_is_cut_at_its_deadline() -> None:
    """And tried again."""
    attempts = Attempts(hang, returns(Result()))
    async with running(attempts, deadline=0.01) as controller:
        controller.queue.add(KEY)
        await attempts.ended.wait()
    assert attempts.outcomes == [Outcome.TIMEOUT, Outcome.SUCCESS]


async def test_a_timeout_inside_a_reconcile_is_not_the_deadline() -> None:
    """It is an error like any other."""
    attempts = Attempts(raises(TimeoutError("inner")))
    async with running(attempts) as controller:
        controller.queue.add(KEY)
        await attempts.ended.wait()
    assert attempts.outcomes[0] == Outcome.PANIC


async def test_a_stray_cancellation_costs_the_key_a_backoff_and_not_the_worker() -> None:
    """A reconcile that awaits something cancelled does not take its worker with it."""
    attempts = Attempts(raises(asyncio.CancelledError()), returns(Result()))
    async with running(attempts) as controller:
        controller.queue.add(KEY)
        await attempts.ended.wait()
    assert attempts.outcomes == [Outcome.PANIC, Outcome.SUCCESS]


async def test_cancelling_the_controller_ends_it() -> None:
    """A cancellation that is meant is never swallowed."""
    started = asyncio.Event()

    async def reconcile(request: Request) -> Result:
        started.set()
        return await hang()

    controller = Controller("PrismStack", reconcile)
    task = asyncio.create_task(controller.run())
    controller.queue.add(KEY)
    async with asyncio.timeout(10):
        await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(10):
            await task


async def test_a_poison_key_does_not_stop_the_others() -> None:
    """One key fails for ever, the other is done at once."""
    attempts = Attempts()

    async def reconcile(request: Request) -> Result:
        attempts.seen.append(request)
        if request == KEY:
            raise RuntimeError("poison")
        attempts.ended.set()
        return Result()

    controller = Controller("PrismStack", reconcile, workers=1)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(controller.run())
        controller.queue.add(KEY)
        controller.queue.add(OTHER)
        await attempts.ended.wait()
        controller.queue.shutdown()
    assert OTHER in attempts.seen


async def test_keys_that_hang_leave_a_worker_to_the_others() -> None:
    """However many of them are due: after their first failure they never take the last worker."""
    poison = [Request("PrismStack", "default", f"poison {number}") for number in range(3)]
    failed: set[Request] = set()
    hanging: set[Request] = set()
    all_failed, one_hangs, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def reconcile(request: Request) -> Result:
        if request == OTHER:
            done.set()
        elif request in failed:
            hanging.add(request)
            one_hangs.set()
            await hang()
        else:
            failed.add(request)
            raise RuntimeError("poison")
        return Result()

    def observe(kind: str, outcome: Outcome, seconds: float) -> None:
        if failed == set(poison):
            all_failed.set()

    controller = Controller("PrismStack", reconcile, workers=2)
    controller.observe = observe
    async with asyncio.timeout(10):
        running = asyncio.create_task(controller.run())
        for request in poison:
            controller.queue.add(request)
        await all_failed.wait()
        for request in poison:
            controller.queue.add(request)
        await one_hangs.wait()
        controller.queue.add(OTHER, RESYNC)
        await done.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert (len(failed), len(hanging)) == (3, 1)


async def test_a_long_queue_does_not_hold_up_the_event_loop() -> None:
    """Reconciles that never wait let others run in between."""
    order: list[str] = []

    async def reconcile(request: Request) -> Result:
        order.append(request.name)
        return Result()

    async def beside() -> None:
        order.append("beside")
        controller.queue.shutdown()

    controller = Controller("PrismStack", reconcile, workers=1)
    for number in range(100):
        controller.queue.add(Request("PrismStack", "default", str(number)))
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(controller.run())
        await asyncio.sleep(0)
        group.create_task(beside())
    assert "beside" in order
    assert len(order) < 10


async def test_a_resync_begins_with_one_object_a_turn() -> None:
    """Whatever else is ready, such as an answer of the server, never waits for more than one reconcile that is not."""
    order: list[str] = []

    async def reconcile(request: Request) -> Result:
        order.append("reconcile")
        return Result()

    controller = Controller("PrismStack", reconcile)
    for number in range(50):
        controller.queue.add(Request("PrismStack", "default", str(number)), RESYNC)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(controller.run())
        while order.count("reconcile") < 50:
            await asyncio.sleep(0)
            order.append("beside")
        controller.queue.shutdown()
    assert "reconcile reconcile" not in " ".join(order)


@pytest.mark.looptime
async def test_a_resync_steps_aside_while_there_is_news() -> None:
    """As long as a change is in work, and a moment longer, a resync goes on slowly; then it ends at once."""
    ends = asyncio.Event()

    async def reconcile(request: Request) -> Result:
        if request == KEY:
            await ends.wait()
        else:
            done.append(request)
        return Result()

    done: list[Request] = []
    controller = Controller("PrismStack", reconcile, clock=asyncio.get_running_loop().time)
    running = asyncio.create_task(controller.run())
    controller.queue.add(KEY)
    await asyncio.sleep(0.01)
    for number in range(1000):
        controller.queue.add(Request("PrismStack", "default", str(number)), RESYNC)
    await asyncio.sleep(1)
    assert 190 <= len(done) <= 202
    ends.set()
    await asyncio.sleep(LINGER - 0.01)
    assert len(done) <= 225
    await asyncio.sleep(0.02)
    assert len(done) == 1000
    running.cancel()


async def test_what_is_in_work_can_be_seen() -> None:
    """The task and the start of each; once it ended, only what took long is remembered."""
    clock = Clock()
    seen: list[tuple[str, float]] = []

    async def reconcile(request: Request) -> Result:
        task, started = controller.tasks[request]
        assert task is asyncio.current_task()
        assert controller.is_running
        seen.append((request.name, started))
        clock.now += 2 if request == KEY else 0.5
        if len(seen) == 2:
            controller.queue.shutdown()
        return Result()

    controller = Controller("PrismStack", reconcile, workers=1, clock=clock)
    controller.queue.add(KEY)
    controller.queue.add(OTHER)
    async with asyncio.timeout(10):
        await controller.run()
    assert seen == [("s", 1000.0), ("other", 1002.0)]
    assert (controller.tasks, list(controller.slow)) == ({}, [(KEY, 2.0, 1002.0)])
    assert not controller.is_running


def stack(generation: int) -> Manifest:
    """Return the stack behind KEY."""
    return {"kind": "PrismStack", "metadata": {"name": "s", "namespace": "default", "generation": generation}}


def noticing(clock: Clock) -> Controller:
    """Return a controller whose breaker opens after two changes."""

    async def reconcile(request: Request) -> Result:
        return Result()

    return Controller("PrismStack", reconcile, clock=clock, breaker=Breaker(clock=clock, burst=2))


def test_changes_that_come_too_thick_are_put_off_and_not_lost() -> None:
    """The third of two that are allowed waits for half a minute; so do all after it, in one run."""
    clock = Clock()
    controller = noticing(clock)
    for generation in range(2):
        controller.notice(Change("PrismStack", stack(generation), stack(generation + 1)), store=Store())
        assert controller.queue.take() == KEY
        controller.queue.done(KEY)
    for generation in range(2, 5):
        controller.notice(Change("PrismStack", stack(generation), stack(generation + 1)), store=Store())
        assert controller.queue.take() is None
    assert (controller.breaker.openings, controller.queue.delayed) == (1, {KEY: 30.0})
    clock.now += 30
    assert controller.queue.take() == KEY
    controller.queue.done(KEY)
    assert controller.queue.take() is None


@pytest.mark.parametrize(("priority", "opens"), [(NEWS, 1), (RESYNC, 0)])
def test_a_first_list_does_not_count_as_news(priority: int, opens: int) -> None:
    """Nor does a resync: nobody insists there."""
    controller = noticing(Clock())
    for generation in range(5):
        change = Change("PrismStack", stack(generation), stack(generation + 1))
        controller.notice(change, store=Store(), priority=priority)
        if controller.queue.take() is not None:
            controller.queue.done(KEY)
    assert controller.breaker.openings == opens


@pytest.mark.parametrize("wait", [0.0, 5.0])
def test_what_may_wait_waits_for_news(wait: float) -> None:
    """It is looked at in the end, and at once when the child changes in a way that may not wait."""
    clock = Clock()
    controller = noticing(clock)
    controller.owns, controller.may_wait = ("Deployment",), lambda change: wait
    owner = {"kind": "PrismStack", "name": "s", "uid": "u", "controller": True}
    metadata = {"name": "d", "namespace": "default", "ownerReferences": [owner]}
    child = {"kind": "Deployment", "metadata": metadata}
    controller.notice(Change("Deployment", None, child), store=Store())
    assert controller.queue.take() == (None if wait else KEY)
    if wait:
        clock.now += wait
        assert controller.queue.take() == KEY
    controller.queue.done(KEY)
    controller.notice(Change("Deployment", None, child), store=Store())
    controller.may_wait = lambda change: 0.0
    controller.notice(Change("Deployment", child, child), store=Store())
    assert controller.queue.take() == KEY
    assert not controller.queue.delayed


def test_changes_that_share_a_run_count_once() -> None:
    """What is due already is woken by nobody."""
    controller = noticing(Clock())
    for generation in range(50):
        controller.notice(Change("PrismStack", stack(generation), stack(generation + 1)), store=Store())
    assert controller.breaker.openings == 0
    assert controller.queue.take() == KEY


def test_news_lift_what_is_due_as_a_resync() -> None:
    """Somebody waits for it now."""
    controller = noticing(Clock())
    controller.queue.add(KEY, RESYNC)
    controller.notice(Change("PrismStack", stack(1), stack(2)), store=Store())
    assert controller.queue.due == {KEY: (NEWS, 0.0)}


async def test_a_change_during_a_reconcile_runs_it_again_and_never_beside() -> None:
    """One key, many workers, one at a time."""
    running_now, most, runs = 0, 0, 0
    finished = asyncio.Event()

    async def reconcile(request: Request) -> Result:
        nonlocal running_now, most, runs
        running_now, runs = running_now + 1, runs + 1
        most = max(most, running_now)
        if runs < 5:
            controller.queue.add(request)
        await asyncio.sleep(0)
        running_now -= 1
        if runs == 5:
            finished.set()
        return Result()

    controller = Controller("PrismStack", reconcile, workers=8)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(controller.run())
        controller.queue.add(KEY)
        await finished.wait()
        controller.queue.shutdown()
    assert (most, runs) == (1, 5)


class Flags:
    """What was told on objects, and when."""

    def __init__(self) -> None:
        self.told: list[tuple[float, str, str]] = []

    async def __call__(self, request: Request, marks: list[Mark]) -> None:
        """Note it, and fail: that costs nobody anything."""
        ready = next(mark for mark in marks if mark.type == "Ready")
        self.told.append((asyncio.get_running_loop().time(), ready.reason, ready.message))
        raise ValueError("the status is odd too")


async def played(reconcile: Callable[[Request], Awaitable[Result]], seconds: float) -> Flags:
    """Run a controller for so long, on a clock that jumps; return what it told."""
    flags = Flags()
    controller = Controller("PrismStack", reconcile, clock=asyncio.get_running_loop().time, deadline=30, flag=flags)
    running = asyncio.create_task(controller.run())
    controller.queue.add(KEY)
    await asyncio.sleep(seconds)
    controller.queue.shutdown()
    running.cancel()
    return flags


@pytest.mark.looptime
async def test_what_goes_on_failing_is_told_on_the_object() -> None:
    """Within ten seconds, and not at the first failure; the words of an unexpected error may be secret."""

    async def reconcile(request: Request) -> Result:
        raise KeyError("hunter2")

    flags = await played(reconcile, 10)
    at, reason, message = flags.told[0]
    assert 0.5 < at < 10
    assert (reason, message) == (
        "ReconcileError",
        "unexpected KeyError: a fault of the operator; it is tried again and again",
    )


@pytest.mark.looptime
async def test_what_hangs_is_told_at_its_deadline() -> None:
    """Nobody waits for a second try to hear of it."""

    async def reconcile(request: Request) -> Result:
        return await hang()

    flags = await played(reconcile, 31)
    assert [told[2] for told in flags.told] == ["took longer than 30 s; it is tried again and again"]


@pytest.mark.looptime
@pytest.mark.parametrize("error", [Unreachable("here", "refused"), ApiError(503, "Busy", "busy")])
async def test_trouble_of_the_server_is_told_on_no_object(error: PrismError) -> None:
    """An object is not to blame for it, and there would be nobody to tell."""

    async def reconcile(request: Request) -> Result:
        raise error

    assert (await played(reconcile, 60)).told == []
