"""P19, `make soak`: many patterns that change all the time, and an operator that is started again every few minutes.

`python -m tests.faults.soak 2h` plays it on a cluster of its own, holds the oracles in the end and prints what it
measured; a run of ten minutes or more becomes docs/soak.md. O7 is left out: the server is never away.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubernetes.config import new_client_from_config
from kubernetes.dynamic import DynamicClient

from tests.cluster import install
from tests.faults import oracles, report
from tests.faults.churn import Churn, Tally
from tests.faults.proxy import Proxy
from tests.faults.replica import Replica, account
from tests.faults.servers import servers
from tests.faults.stage import Stage, opened
from tests.reconcile.kinds.world import Object, World, conditions, eventually, is_judged

PAGE = Path(__file__).parents[2] / "docs" / "soak.md"
LONG = 600.0
"""Seconds from which on a run is worth a page."""
LIFE = 300.0
"""Seconds that an operator lives until it is started again."""
SHARE = 0.01
"""The part of all patterns that changes every second."""
SAMPLE = 20
"""Patterns that are made anew undisturbed, to compare with."""
QUIET = 30.0
PATIENCE = 900.0
LAG = 0.05
LATE = 0.01
"""The part of all looks that may find the event loop later than LAG seconds: 99 of 100 may not."""
GROWTH = 0.1
SETTLED = 90.0
"""Seconds into a life from which on its event loop counts: the start has a figure of its own in the bench."""
LOOK = 10.0
"""Seconds between two looks at the operator."""
UNITS = {"s": 1, "m": 60, "h": 3600}


@dataclass
class Lives:
    """What the operator's lives were like.

    `turns` counts the looks at the event loop, `late` those that found it more than LAG seconds late; `growth` are
    parts of the memory.
    """

    turns: float = 0.0
    late: float = 0.0
    growth: list[float] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)


def _turns(replica: Replica) -> tuple[float, float]:
    """Return how often an operator has looked at its event loop, and how often that was later than LAG seconds."""
    turns = replica.metric("prism_event_loop_lag_seconds_count")
    return turns, turns - replica.metric("prism_event_loop_lag_seconds_bucket", le=f"{LAG:g}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Play it; return 1 where an oracle or a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("length", nargs="?", default="2h", type=_seconds, help="e.g. 10m (2h)")
    parser.add_argument("--patterns", type=int, default=2000, help="how many there are (2000)")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as home, _stages(Path(home)) as (stage, reference):
        figures, broken = Soak(stage, reference, asked.patterns, asked.length).play()
    what = f"{asked.patterns} patterns for {asked.length:g} s, {SHARE:.0%} changed every second as far as they can be"
    page = report.soak(what, figures, broken)
    print(page)  # noqa: T201 - this is what it is run for
    if asked.length >= LONG:
        PAGE.write_text(page)
    return int(bool(broken))


def _seconds(text: str) -> float:
    unit = text[-1:] if text[-1:] in UNITS else ""
    return float(text.removesuffix(unit)) * UNITS.get(unit, 1)


@contextmanager
def _stages(home: Path) -> Iterator[tuple[Stage, Stage]]:
    """Yield two stages on a cluster of their own: the one that is soaked, and one to compare with."""
    with (
        servers(home) as own,
        new_client_from_config(str(own.cluster.kubeconfig), context=own.cluster.context) as api,
        Proxy(own.cluster.server, own.certificates) as proxy,
    ):
        install(api)
        dynamic = DynamicClient(api, cache_file=str(home / "discovery.json"))
        access = account(own.cluster, address=proxy.address, certificates=own.certificates, folder=home)
        with (
            opened(dynamic, own.cluster, proxy, access, home) as soaked,
            opened(dynamic, own.cluster, proxy, access, home) as other,
        ):
            yield soaked, other


@contextmanager
def _watched(world: World) -> Iterator[subprocess.Popen[bytes]]:
    """Have `kubectl prism status -w` look at a namespace meanwhile."""
    where = [f"--kubeconfig={world.cluster.kubeconfig}", f"--namespace={world.namespace}"]
    command = [sys.executable, "-m", "kubectl_prism", "status", "-w", *where]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Soak:
    """One run on a stage of its own."""

    def __init__(self, stage: Stage, reference: Stage, patterns: int, seconds: float) -> None:
        self._stage = stage
        self._reference = reference
        self._seconds = seconds
        self._churn = Churn(stage.world, patterns)
        self._tally = Tally(stage.proxy)
        self._lives = Lives()
        self._broken: list[str] = []

    def play(self) -> tuple[dict[str, float], list[str]]:
        """Make everything, let it churn, hold the oracles; return the figures and what did not hold."""
        stage = self._stage
        with stage.operator() as replica, _watched(stage.world) as watcher:
            _say(f"making {len(self._churn.specs)} patterns")
            began = time.monotonic()
            self._churn.furnish(self._tally.count)
            self._settles(replica)
            figures = {"s to make all": time.monotonic() - began}
            self._soak(replica)
            began = time.monotonic()
            self._settles(replica)
            figures["s to settle"] = time.monotonic() - began
            if watcher.poll() is not None:
                self._broken.append(f"the watcher ended with {watcher.returncode}")
            if replica.exits:
                self._broken.append(f"O5: the operator ended by itself with {replica.exits}")
            self._holds(replica)
        figures |= {"changes": self._churn.changes, "changes a second": self._churn.changes / self._seconds}
        figures |= {"restarts": len(self._lives.ended)}
        late, growth = self._lives.late / max(1.0, self._lives.turns), max(self._lives.growth, default=0.0)
        figures |= {f"% of the time the event loop was late by more than {LAG:g} s": 100 * late}
        figures |= {"% of memory grown within a life": 100 * growth}
        self._within("event loop late", late, LATE)
        self._within("growth of memory", growth, GROWTH)
        return figures, self._broken

    def _within(self, what: str, found: float, most: float) -> None:
        if found > most:
            self._broken.append(f"{what}: {found:.3g}, at most {most:g}")

    def _settles(self, replica: Replica) -> None:
        """Wait until every pattern is judged and Ready, and the operator has nothing left to do."""

        def look() -> bool:
            self._tally.count()
            found = {one["metadata"]["name"]: one for one in self._stage.world.all("PrismPattern")}
            assert found.keys() == self._churn.specs.keys()
            waiting = [name for name, one in found.items() if not _is_ready(one)]
            assert not waiting, f"{len(waiting)} are not Ready, e.g. {found[waiting[0]].get('status')}"
            return replica.is_idle

        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(AssertionError):
                if look():
                    return
            time.sleep(1)  # one look lists every pattern
        assert look(), "the operator is not idle"

    def _soak(self, replica: Replica) -> None:
        """Change patterns at a steady rate, and start the operator again by turns with SIGTERM and SIGKILL."""
        life = min(LIFE, self._seconds / 4)
        rate = max(1.0, SHARE * len(self._churn.specs))
        _say(f"{rate:g} changes a second for {self._seconds:g} s, the operator started again every {life:g} s")
        ends = time.monotonic() + self._seconds
        while (left := ends - time.monotonic()) > 0:
            self._live(replica, rate, min(life, left))
            if ends - time.monotonic() > life / 2:
                self._restart(replica)

    def _live(self, replica: Replica, rate: float, seconds: float) -> None:
        """Have one life of the operator; its memory is compared with what it was a third into it."""
        began = looked = time.monotonic()
        steps = early = 0
        settled: tuple[float, float] | None = None
        while (now := time.monotonic()) - began < seconds:
            self._churn.step()
            steps += 1
            if now - looked > LOOK:
                looked = now
                self._tally.count()
                if replica.has_ended:
                    self._returns(replica)
                early = early or (replica.memory if now - began > seconds / 3 else 0)
                if settled is None and now - began > SETTLED:
                    settled = _turns(replica)
            time.sleep(max(0.0, began + steps / rate - time.monotonic()))  # a steady rate is what is wanted
        if settled is not None:
            turns, late = _turns(replica)
            self._lives.turns += turns - settled[0]
            self._lives.late += late - settled[1]
        if early:
            self._lives.growth.append(replica.memory / early - 1)
        _say(f"{steps / seconds:.3g} changes a second, {replica.memory} kB after {early} kB")

    def _restart(self, replica: Replica) -> None:
        is_killed = len(self._lives.ended) % 2 == 1
        self._lives.ended.append("SIGKILL" if is_killed else "SIGTERM")
        if is_killed:
            replica.kill()
        elif code := replica.stop():
            self._broken.append(f"O5: ended with {code} on SIGTERM")
        replica.start()
        self._returns(replica)

    def _returns(self, replica: Replica) -> None:
        """Wait until the operator is ready, and go on changing patterns meanwhile."""

        def look() -> bool:
            self._churn.step()
            replica.revive()
            return replica.serves

        eventually(look, within=PATIENCE)

    def _holds(self, replica: Replica) -> None:
        """Hold O1 to O6, all of them whatever becomes of the others."""
        _say("holding the oracles")
        world = self._stage.world
        self._tally.count()
        self._hold("O3", lambda: oracles.stays(world, seconds=QUIET))
        self._hold("O4", lambda: oracles.same("what is left over", oracles.leftovers(world), []))
        self._hold("O5", lambda: oracles.ends_well(replica))
        self._hold("O4", lambda: oracles.same("Leases held", oracles.held_leases(world), []))
        made = self._tally.created(world.namespace, "deployments")
        often = [name for name, times in made.items() if times > self._churn.made[name]]
        self._hold("O2", lambda: oracles.same("made too often", often, []))
        self._hold("O2", lambda: oracles.same("how many were deleted", self._tally.removed(world.namespace), 0))
        self._hold("O1", self._compare)

    def _compare(self) -> None:
        """Make some of the patterns anew undisturbed, and hold O1 and O6 against them."""
        other, specs = self._reference, dict(list(self._churn.specs.items())[:SAMPLE])
        with other.operator():
            for name in specs:
                other.world.pattern(name, config={"ttl": "0s"})
            other.rests()
            self._tally.count()
            created = self._tally.writes(other.world.namespace) / len(specs)
            for name, spec in specs.items():
                other.world.specify("PrismPattern", name, **spec)
            other.rests()
            self._tally.count()
            edited = self._tally.writes(other.world.namespace) / len(specs) - created
        found, wanted = oracles.state(self._stage.world), oracles.state(other.world)
        ours = {key: value for key, value in found.items() if key in wanted}
        oracles.same("differences from patterns that were made undisturbed", oracles.differences(ours, wanted), [])
        oracles.same("objects", len(found), len(wanted) * len(self._churn.specs) // len(specs))
        usual = created * self._churn.made.total() + edited * self._churn.edits
        writes = self._tally.writes(self._stage.world.namespace)
        assert writes <= oracles.MORE_WRITES * usual, f"O6: {writes} writes of desired state, {usual:.0f} undisturbed"

    def _hold(self, name: str, oracle: Any) -> Any:  # noqa: ANN401 - whatever the oracle returns
        try:
            return oracle()
        except AssertionError as error:
            self._broken.append(f"{name}: {error}")
            return None


def _is_ready(obj: Object) -> bool:
    return is_judged(obj) and conditions(obj)["Ready"].startswith("True")


def _say(line: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")


if __name__ == "__main__":
    sys.exit(main())
