"""`python -m bench.screen`: how soon the dashboard is there, and how soon it answers keys over a large, busy cluster.

Prints what it measures and writes docs/performance-screen.md; `--quick` takes a tenth of the objects and only prints.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import crowd, filling, keys, screen_page, wire
from bench.arena import Arena, arena
from bench.audit import Audit, counted
from bench.crowd import Crowd
from bench.keys import Pressed
from bench.peers import ROOT
from bench.restarts import Server
from bench.tape import Chunk, Tape, taped
from kubectl_prism.sandbox import binaries
from kubectl_prism.sandbox.programs import Binaries

PAGE = ROOT / "docs" / "performance-screen.md"
RUNS = 9
WORDS = b"1 Overview"
NOWHERE = ROOT / "bench" / "kubeconfig.yaml"
EMPTY = [sys.executable, "-m", "bench.empty_app"]
OURS = [sys.executable, "-m", "kubectl_prism", "tui"]
PER_SECOND = 200.0
PAUSE = (0.4, 0.6)
"""Seconds between two keys, at random, so that they keep no step with anything."""
WARM = 5.0
REST = 15.0
"""Seconds without a key, on each of two pages, in which drawings are counted."""
APART = 0.02
"""Seconds between two pieces that were not written in one go."""
PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class First:
    """Seconds until the first frame, run by run: of an empty application, and of ours."""

    empty: Sequence[float]
    ours: Sequence[float]


@dataclass(frozen=True, slots=True)
class Load:
    """What a minute over a large, busy cluster was like: `visits` are the first keys, `draws` those of rests.

    `requests` are all of it, `in_use` those that are still being answered at its end.
    """

    objects: int
    changes: float
    visits: Sequence[Pressed]
    pressed: Sequence[Pressed]
    draws: dict[str, float]
    rest_cpu: dict[str, float]
    cpu: float
    memory: float
    requests: Counter[str]
    in_use: Counter[str]


def first_frames(runs: int) -> First:
    """Start both programs in turn, so that a machine whose speed drifts slows both."""
    environment = {**os.environ, "KUBECONFIG": str(NOWHERE)}
    found: dict[str, list[float]] = {"empty": [], "ours": []}
    for number in range(runs + 1):
        for name, command in (("empty", EMPTY), ("ours", OURS)):
            with taped(command, environment, str(ROOT)) as tape:
                at = tape.until(WORDS, within=30)
                assert at is not None, f"no first frame of {command}"
            if number:  # the first reads what the others find in the page cache
                found[name].append(at - tape.began)
    return First(found["empty"], found["ours"])


def loaded(programs: Binaries, size: Crowd, seconds: float) -> Load:
    """Measure the dashboard over a crowd that changes all the time."""
    with arena(programs) as place:
        objects = asyncio.run(_filled(place, size))
        _say(f"{objects} objects are there")
        server = Server.of(place.sandbox)
        with server.others_held(), _changing(place, quick=size is crowd.QUICK) as changing, _shown(place) as tape:
            return _measured(place, tape, changing, objects, seconds)


async def _filled(place: Arena, size: Crowd) -> int:
    async with wire.opened(place.sandbox.server, place.ca, place.person.token) as person:
        await filling.ready(person)
        with Server.of(place.sandbox).others_held():
            return await filling.fill(person, size)


@contextmanager
def _changing(place: Arena, *, quick: bool) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        filling.command(place, PER_SECOND, quick=quick),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def _shown(place: Arena) -> Iterator[Tape]:
    environment = {**os.environ, "KUBECONFIG": str(place.peer.kubeconfig), "XDG_CONFIG_HOME": str(place.ca.parent)}
    with taped([*OURS, "-A"], environment, str(ROOT)) as tape:
        assert tape.until(b"stack-01", within=PATIENCE), "the dashboard shows nothing"
        time.sleep(WARM)
        yield tape


def _measured(place: Arena, tape: Tape, changing: subprocess.Popen[str], objects: int, seconds: float) -> Load:
    draws: dict[str, float] = {}
    rest_cpu: dict[str, float] = {}
    for name, key in (("overview", b"1"), ("namespaces", b"3"), ("overview again", b"1")):
        tape.press(key)
        time.sleep(2)
        draws[name], rest_cpu[name] = _rest(tape, REST)
    visits = list(_walk(tape))
    spent, began = tape.seconds(), time.monotonic()
    pressed = list(_press(tape, seconds))
    cpu = (tape.seconds() - spent) / (time.monotonic() - began)
    memory = tape.memory()
    changes = float(changing.communicate("")[0])
    asked = Audit(place.audit).since(0, {place.peer.user}, left_out=())
    answered = keys.answered(tape.chunks, [*visits, *pressed])
    return Load(
        objects,
        changes,
        answered[: len(visits)],
        answered[len(visits) :],
        draws,
        rest_cpu,
        cpu,
        memory,
        counted(asked),
        counted([one for one in asked if one.is_open]),
    )


def _rest(tape: Tape, seconds: float) -> tuple[float, float]:
    """Return the drawings a second and the share of a core, in percent, while nobody presses a key."""
    start, spent, began = len(tape.chunks), tape.seconds(), time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    return bursts(tape.chunks[start:]) / took, (tape.seconds() - spent) / took * 100


def bursts(chunks: Sequence[Chunk]) -> int:
    """Return how many times something was written, counting what came in one go once."""
    return sum(index == 0 or chunk.at - chunks[index - 1].at >= APART for index, chunk in enumerate(chunks))


def _press(tape: Tape, seconds: float) -> Iterator[Pressed]:
    """Press keys for so long, and yield each with its time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield from _walk(tape)


def _walk(tape: Tape) -> Iterator[Pressed]:
    for key in keys.round_trip():
        waited = tape.waited()
        yield Pressed(key, tape.press(key.sent), waited)
        time.sleep(random.uniform(*PAUSE))  # noqa: S311 (keeps no secret)


def main() -> int:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.screen", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the objects; prints and writes nothing")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"starts of each program (default {RUNS})")
    parser.add_argument("--seconds", type=float, default=60, help="how long keys are pressed (default 60)")
    parser.add_argument("--only", choices=["first", "load"], help="measure only this, and write nothing")
    parser.add_argument("--write", type=Path, help="write the page to this file, whatever was run")
    asked = parser.parse_args()
    first = first_frames(asked.runs) if asked.only != "load" else None
    load = None
    if asked.only != "first":
        size = crowd.QUICK if asked.quick else crowd.FULL
        load = loaded(binaries.ensure_binaries(report=_say), size, asked.seconds)
    print(screen_page.terminal(first, load))
    if asked.write or not (asked.quick or asked.only):
        (asked.write or PAGE).write_text(screen_page.page(first, load))
        _say(f"written: {asked.write or PAGE}")
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
