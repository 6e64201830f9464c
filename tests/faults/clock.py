"""A wall clock that is wrong, for the program under test; the monotonic clock stays as it is.

`altered` calls `displace` before the program runs. Whatever else asks for the time of day gets the wrong one, too.
"""

from __future__ import annotations

import datetime
import time
from types import SimpleNamespace
from unittest import mock

from kubectl_prism.kube import leader
from kubectl_prism.reconcile import events

VARIABLE = "PRISM_FAULTS_CLOCK"
TURN = 3.0
"""Seconds for which an offset lasts; a Lease is renewed every two, so it sees all of them."""

_time = time.time


def offset(offsets: list[float], now: float) -> float:
    """Return by how many seconds the clock is wrong at a second of the right one: each offset has its turn."""
    return offsets[int(now / TURN) % len(offsets)]


def displace(text: str) -> None:
    """Make the wall clock wrong by the seconds in `text`, `3600` or `0,1`, which take turns."""
    offsets = [float(one) for one in text.split(",")]

    def shifted() -> float:
        now = _time()
        return now + offset(offsets, now)

    time.time = shifted
    wrong = SimpleNamespace(now=lambda zone=None: datetime.datetime.fromtimestamp(shifted(), zone))
    for module in (events, leader):
        mock.patch.object(module, "datetime", SimpleNamespace(datetime=wrong, UTC=datetime.UTC)).start()
