"""How long a watch is left unread: a burst is answered at once, what goes on for long is read in few goes."""

from __future__ import annotations

import pytest

from kubectl_prism.kube.tempo import BURST, CALM, FULL, GATHER, PROMPT, TICK, Tempo
from tests.reconcile.fake import Clock


def moment(clock: Clock, pause: float, step: float) -> float:
    """Return which of the common moments, `step` seconds from each other, a pause from now ends at."""
    assert 0 < pause <= step + TICK
    return (clock.now + pause - TICK) / step


def test_a_burst_is_read_at_once_and_what_lasts_in_few_goes() -> None:
    """Until it has lasted a second somebody may wait for each change."""
    clock = Clock()
    tempo = Tempo(clock=clock)
    for _ in range(4):
        assert 0 < tempo.pause(100) <= PROMPT + TICK
        clock.now += BURST / 4
    clock.now += 0.05
    assert tempo.pause(100) == pytest.approx(GATHER - 0.05 + TICK)


@pytest.mark.parametrize(("longest", "lasted"), [(PROMPT, 0.0), (PROMPT, 2 * BURST), (GATHER, 2 * BURST)])
def test_watches_are_read_at_the_same_moments(longest: float, lasted: float) -> None:
    """However far apart they brought something: the process wakes up once for all of them."""
    ends = []
    for late in (0.05, 0.4, 0.95):
        clock = Clock()
        tempo = Tempo(longest, clock=clock)
        for _ in range(4):
            tempo.pause(100)
            clock.now += lasted / 4
        clock.now += late * longest
        ends.append(moment(clock, tempo.pause(100), longest))
    assert ends == pytest.approx([round(ends[0])] * 3)


def test_after_a_calm_moment_what_comes_is_a_new_burst() -> None:
    """A long stream that paused is prompt again."""
    clock = Clock()
    tempo = Tempo(clock=clock)
    for _ in range(20):
        tempo.pause(100)
        clock.now += CALM / 2
    clock.now += 0.1
    assert tempo.pause(100) == pytest.approx(GATHER - 0.1 + TICK)
    clock.now += CALM * 1.1
    assert tempo.pause(100) <= PROMPT + TICK


def test_no_pause_is_longer_than_asked_for() -> None:
    """What is reconciled is read promptly however much comes; 0 means never to leave it unread."""
    clock = Clock()
    prompt, eager = Tempo(PROMPT, clock=clock), Tempo(0, clock=clock)
    for _ in range(10):
        assert 0 < prompt.pause(100) <= PROMPT + TICK
        assert eager.pause(100) == 0
        clock.now += BURST / 4


def test_what_is_much_already_waits_for_no_more() -> None:
    """However fast changes come, nothing is left behind: only what was read to its end is left to gather."""
    clock = Clock()
    tempo = Tempo(clock=clock)
    for _ in range(10):
        tempo.pause(100)
        clock.now += BURST / 4
    assert tempo.pause(FULL - 1) == pytest.approx(GATHER / 2 + TICK)
    assert tempo.pause(FULL) == 0
    assert tempo.pause(FULL - 1) == pytest.approx(GATHER / 2 + TICK)
