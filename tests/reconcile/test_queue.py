"""The queue: nothing is lost, nothing runs twice at once, and news comes first."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kubectl_prism.reconcile.queue import NEWS, RESYNC, RETRY, Queue, ShutDown

ITEMS = st.integers(min_value=0, max_value=4)
PRIORITIES = st.sampled_from([NEWS, RETRY, RESYNC])


class Clock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def queue(clock: Clock | None = None, jitter: float = 1.0) -> Queue[int]:
    """Return a queue without chance in it."""
    return Queue(clock=clock or Clock(), jitter=lambda: jitter)


class QueueMachine(RuleBasedStateMachine):
    """Any order of adds, takes, ends and waits, against a model of what is owed."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.queue = queue(self.clock)
        self.owed: set[int] = set()  # a run of these must still begin
        self.delayed: dict[int, float] = {}
        self.running: set[int] = set()

    @rule(item=ITEMS, priority=PRIORITIES)
    def add(self, item: int, priority: int) -> None:
        """Ask for a run now."""
        self.queue.add(item, priority)
        self.owed.add(item)

    @rule(item=ITEMS, seconds=st.integers(min_value=1, max_value=20))
    def add_after(self, item: int, seconds: int) -> None:
        """Ask for a run later."""
        self.queue.add_after(item, seconds)
        self.delayed[item] = min(self.delayed.get(item, float("inf")), self.clock() + seconds)

    @rule(item=ITEMS)
    def fail(self, item: int) -> None:
        """Ask for a retry."""
        due = self.clock() + self.queue.add_rate_limited(item)
        self.delayed[item] = min(self.delayed.get(item, float("inf")), due)

    @rule(seconds=st.integers(min_value=0, max_value=15))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.clock.now += seconds

    @rule()
    def take(self) -> None:
        """Take what is next: it is owed and does not run; nothing comes only where nothing is due."""
        due = {item for item, at in self.delayed.items() if at <= self.clock()}
        self.owed |= due
        self.delayed = {item: at for item, at in self.delayed.items() if item not in due}
        item = self.queue.take()
        if item is None:
            assert not self.owed - self.running
        else:
            assert item in self.owed - self.running
            self.owed.remove(item)
            self.delayed.pop(item, None)
            self.running.add(item)

    @precondition(lambda self: bool(self.running))
    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        """End a run."""
        item = data.draw(st.sampled_from(sorted(self.running)))
        self.queue.done(item)
        self.running.remove(item)

    @invariant()
    def counts_agree(self) -> None:
        """What the metrics say is what is so."""
        assert self.queue.active == len(self.running)
        assert self.queue.depth() <= len(self.owed)


TestQueueMachine = QueueMachine.TestCase


def test_one_item_added_often_runs_once() -> None:
    """Adds before the run are one run."""
    work = queue()
    for _ in range(5):
        work.add(1)
    assert [work.take(), work.take()] == [1, None]
    assert work.adds == 1


def test_an_item_added_while_it_runs_runs_again_after_done() -> None:
    """A change during a reconcile is neither lost nor run beside it."""
    work = queue()
    work.add(1)
    assert work.take() == 1
    work.add(1)
    assert work.take() is None
    work.done(1)
    assert work.take() == 1


@given(st.permutations([(1, RESYNC), (2, RETRY), (3, NEWS)]))
def test_news_comes_before_retries_and_those_before_resyncs(adds: list[tuple[int, int]]) -> None:
    """The order of adding does not matter, the priority does."""
    work = queue()
    for item, priority in adds:
        work.add(item, priority)
    assert [work.take(), work.take(), work.take()] == [3, 2, 1]


def test_news_about_a_resynced_item_lifts_it() -> None:
    """The higher of two priorities counts, and the item still runs once."""
    work = queue()
    work.add(1, RESYNC)
    work.add(2, RESYNC)
    work.add(2, NEWS)
    assert [work.take(), work.take(), work.take()] == [2, 1, None]


def test_a_run_makes_good_for_the_later_one_that_was_wished_for() -> None:
    """What was put off is not done again once it is done; what is put off meanwhile is."""
    clock = Clock()
    work = queue(clock)
    work.add_after(1, 5)
    work.add(1)
    assert work.take() == 1
    work.add_after(1, 8)
    work.done(1)
    clock.now += 6
    assert work.take() is None
    clock.now += 2
    assert work.take() == 1


def test_what_is_due_within_a_tick_is_due() -> None:
    """A timer that calls a hair too early would be set again and again, for ever where the clock stands still."""
    clock = Clock()
    work = queue(clock)
    work.add_after(1, 5)
    clock.now += 5 - 0.9e-6
    assert work.take() == 1


def test_a_retry_waits_as_long_as_it_was_told_to() -> None:
    """A server's wish counts where it is longer than the backoff, and all who heard it do not come at once."""
    assert queue(jitter=0.0).add_rate_limited(1, at_least=20.0) == 20.0
    assert queue(jitter=1.0).add_rate_limited(1, at_least=20.0) == pytest.approx(22.0)
    assert queue(jitter=1.0).add_rate_limited(1, at_least=0.001) == 0.005


def test_news_do_not_cut_short_what_somebody_asked_for() -> None:
    """Neither those that came while the item was worked on, nor later ones; and it comes once."""
    clock = Clock()
    work = queue(clock, jitter=0.0)
    work.add(1)
    assert work.take() == 1
    work.add(1)
    work.add_after(1, 3)
    assert work.add_rate_limited(1, at_least=20.0) == 20.0
    work.done(1)
    work.add(1)
    clock.now += 19.9
    work.add(1)
    assert work.take() is None
    clock.now += 0.1
    assert work.take() == 1
    work.done(1)
    assert (work.take(), work.delayed) == (None, {})
    work.add(1)
    assert work.take() == 1


def test_equal_priorities_are_first_in_first_out() -> None:
    """Nobody is overtaken by an equal."""
    work = queue()
    for item in (3, 1, 2):
        work.add(item)
    assert [work.take(), work.take(), work.take()] == [3, 1, 2]


def test_backoff_doubles_from_5_ms_to_1000_s_and_is_forgotten() -> None:
    """The delays are client-go's; success begins anew."""
    work = queue()
    delays = [work.add_rate_limited(1) for _ in range(20)]
    assert delays[:3] == [0.005, 0.01, 0.02]
    assert delays[-1] == 1000.0
    work.forget(1)
    assert work.add_rate_limited(1) == 0.005
    assert work.retries == 21


def test_jitter_takes_at_most_half_of_a_delay() -> None:
    """Keys that failed together do not come back together."""
    assert queue(jitter=0.0).add_rate_limited(1) == 0.0025


def test_the_earliest_of_several_delays_counts() -> None:
    """A later wish does not push an earlier one away."""
    clock = Clock()
    work = queue(clock)
    work.add_after(1, 10)
    work.add_after(1, 60)
    work.add_after(1, 5)
    assert work.next_due == clock() + 5
    clock.now += 5
    assert work.take() == 1
    work.done(1)
    clock.now += 100
    assert work.take() is None


def test_ages_are_told() -> None:
    """The oldest waiting and the longest running are what the clock says."""
    clock = Clock()
    waited: list[float] = []
    worked: list[float] = []
    work: Queue[int] = Queue(clock=clock, waited=waited.append, worked=worked.append)
    work.add(1)
    clock.now += 3
    work.add(2)
    assert work.oldest == (1, 3)
    work.add(1, RESYNC)
    work.take()
    clock.now += 4
    assert work.running == {1: 4}
    assert work.oldest == (2, 4)
    work.done(1)
    work.take()
    assert work.oldest is None
    assert (waited, worked) == ([3, 4], [4])


def test_everything_in_it_can_be_read() -> None:
    """Due with priority and age, delayed with what is left, running with age, and failures."""
    clock = Clock()
    work = queue(clock)
    work.add(1, RESYNC)
    clock.now += 2
    work.add(2)
    work.add_after(3, 30)
    work.take()
    work.add(2, RETRY)
    work.add_rate_limited(4)
    clock.now += 1
    assert work.due == {1: (RESYNC, 3), 2: (RETRY, 1)}
    assert work.delayed == {3: 29, 4: pytest.approx(-0.995)}
    assert work.running == {2: 1}
    assert work.failed == {4: 1}
    assert (1 in work, 2 in work, 3 in work) == (True, True, False)


def test_what_failed_never_takes_every_worker() -> None:
    """Suspects wait for one another, even where they are news; whoever did not fail passes them by."""
    work: Queue[int] = Queue(clock=Clock(), most_suspects=1)
    for item in (1, 2):
        work.add(item)
    assert [work.take(), work.take()] == [1, 2]
    for item in (1, 2):
        work.add_rate_limited(item)
        work.add(item)
        work.done(item)
    assert [work.take(), work.take()] == [1, None]
    work.add(3, RESYNC)
    assert [work.take(), work.take()] == [3, None]
    work.done(3)
    assert work.take() is None
    work.done(1)
    assert work.take() == 2


async def test_a_resync_leaves_room_for_news() -> None:
    """So many of a resync run at once; news passes them by, and the next one follows when one is done."""
    work: Queue[int] = Queue(clock=Clock(), most_background=2)
    for item in (1, 2, 3):
        work.add(item, RESYNC)
    assert [work.take(), work.take(), work.take()] == [1, 2, None]
    work.add(4)
    assert [work.take(), work.take()] == [4, None]
    waiting = asyncio.ensure_future(work.get())
    await asyncio.sleep(0)
    work.done(4)
    await asyncio.sleep(0)
    assert not waiting.done()
    work.done(1)
    assert await waiting == 3


def test_a_suspect_that_succeeds_is_one_no_more() -> None:
    """Its next change is anybody's."""
    work: Queue[int] = Queue(clock=Clock(), most_suspects=1)
    for item in (1, 2):
        work.add(item)
    assert [work.take(), work.take()] == [1, 2]
    for item in (1, 2):
        work.add_rate_limited(item)
        work.forget(item)
        work.add(item)
        work.done(item)
    assert [work.take(), work.take()] == [1, 2]


@given(st.permutations([(1, RESYNC), (2, RETRY), (3, NEWS)]))
def test_suspects_keep_to_their_priority(adds: list[tuple[int, int]]) -> None:
    """Having failed does not change whose turn it is."""
    work = queue()
    work.add_rate_limited(1)
    work.add_rate_limited(3)
    for item, priority in adds:
        work.add(item, priority)
    assert [work.take(), work.take(), work.take()] == [3, 2, 1]


async def test_a_waiting_worker_takes_the_suspect_that_may_run_now() -> None:
    """The end of one suspect wakes whoever waits for another."""
    work: Queue[int] = Queue(most_suspects=1, jitter=lambda: 1e6)  # no retry comes before the test ends
    for item in (1, 2):
        work.add(item)
    assert [work.take(), work.take()] == [1, 2]
    for item in (1, 2):
        work.add_rate_limited(item)
        work.add(item)
        work.done(item)
    assert work.take() == 1
    waiting = asyncio.ensure_future(work.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    work.done(1)
    async with asyncio.timeout(5):
        assert await waiting == 2


async def test_get_waits_for_an_add_and_for_a_delay() -> None:
    """A waiting worker wakes for both."""
    work: Queue[int] = Queue()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        getter = group.create_task(work.get())
        group.create_task(work.get())
        await asyncio.sleep(0)
        work.add(1)
        work.add_after(2, 0.01)
    assert getter.result() == 1
    assert work.active == 2


async def test_shutdown_sends_waiting_workers_home_and_hands_out_nothing() -> None:
    """What is queued at the end stays undone."""
    work: Queue[int] = Queue()
    getters = [asyncio.ensure_future(work.get()) for _ in range(3)]
    await asyncio.sleep(0)
    work.shutdown()
    async with asyncio.timeout(5):
        outcomes = await asyncio.gather(*getters, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ShutDown] * 3
    work.add(1)
    with pytest.raises(ShutDown):
        await work.get()


async def test_a_wake_up_survives_its_worker() -> None:
    """When the woken worker is cancelled before it runs, another one takes the item."""
    work: Queue[int] = Queue()
    first, second = asyncio.ensure_future(work.get()), asyncio.ensure_future(work.get())
    await asyncio.sleep(0)
    work.add(1)
    first.cancel()
    async with asyncio.timeout(5):
        assert await second == 1
