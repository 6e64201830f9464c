"""How long a watch is left unread: a burst is answered at once, what goes on for long is read in few goes."""

from __future__ import annotations

from kubectl_prism.kube.tempo import BURST, CALM, FULL, GATHER, PROMPT, Tempo
from tests.reconcile.fake import Clock


def test_a_burst_is_read_at_once_and_what_lasts_in_few_goes() -> None:
    """Until it has lasted a second somebody may wait for each change."""
    clock = Clock()
    tempo = Tempo(clock=clock)
    pauses = []
    for _ in range(5):
        pauses.append(tempo.pause(100))
        clock.now += BURST / 4
    assert pauses == [PROMPT] * 4 + [GATHER]


def test_after_a_calm_moment_what_comes_is_a_new_burst() -> None:
    """A long stream that paused is prompt again."""
    clock = Clock()
    tempo = Tempo(clock=clock)
    for _ in range(20):
        tempo.pause(100)
        clock.now += CALM / 2
    assert tempo.pause(100) == GATHER
    clock.now += CALM * 1.1
    assert tempo.pause(100) == PROMPT


def test_no_pause_is_longer_than_asked_for() -> None:
    """What is reconciled is read promptly however much comes; 0 means never to leave it unread."""
    clock = Clock()
    prompt, eager = Tempo(PROMPT, clock=clock), Tempo(0, clock=clock)
    for _ in range(10):
        assert (prompt.pause(100), eager.pause(100)) == (PROMPT, 0)
        clock.now += BURST / 4


def test_what_is_much_already_waits_for_no_more() -> None:
    """However fast changes come, nothing is left behind: only what was read to its end is left to gather."""
    clock = Clock()
    tempo = Tempo(clock=clock)
    for _ in range(10):
        tempo.pause(100)
        clock.now += BURST / 4
    assert (tempo.pause(FULL - 1), tempo.pause(FULL), tempo.pause(FULL - 1)) == (GATHER, 0, GATHER)
