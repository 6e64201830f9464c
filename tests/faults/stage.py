"""Plays a workload in a namespace of its own, with the operator behind the proxy, and holds the oracles afterwards."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubectl_prism.kube.leader import NAME
from tests.cluster import Cluster
from tests.faults import oracles
from tests.faults.oracles import Run
from tests.faults.plan import Asked, Rule
from tests.faults.proxy import Proxy
from tests.faults.replica import Replica
from tests.faults.workloads import Workload
from tests.reconcile.kinds.world import World, eventually, fingerprint

FULL = os.environ.get("PRISM_FAULTS") == "full"
"""Whether every case of the plan runs."""
QUIET = 30.0 if FULL else 1.0
"""Seconds in which nothing may change after a case (O3)."""
REST = 0.8
"""Seconds without a write after which an undisturbed world is at its end."""
WITHIN = 60.0


@dataclass
class Stage:
    """A namespace, the proxy, and how the operator reaches it; `figures` are what the case measured."""

    world: World
    proxy: Proxy
    access: Cluster
    folder: Path
    figures: dict[str, float] = field(default_factory=dict)
    forgets: bool = True
    """Whether the Lease of an operator that was killed is taken away, so that nobody waits until it has run out."""
    patience: float = WITHIN
    """Seconds until the end must be reached, other controllers' part included."""

    def operator(self, **altered: str) -> Replica:
        """Return an operator of this namespace, not started yet."""
        return Replica(self.access, namespace=self.world.namespace, folder=self.folder, altered=altered)

    def asked(self, since: float = 0.0) -> list[Asked]:
        """Return what was asked about this namespace since a monotonic second."""
        return [one for one in self.proxy.since(since) if one.namespace == self.world.namespace]

    def prepare(self, workload: Workload) -> None:
        """Do what comes before the change, and wait until all is at rest."""
        workload.before(self.world)
        self.rests()

    def rests(self) -> None:
        """Wait until every Prism object is judged and Ready, and nothing has changed for a moment."""
        eventually(lambda: oracles.is_ready(self.world), within=WITHIN)
        eventually(lambda: not oracles.leftovers(self.world), within=WITHIN)
        since, before = time.monotonic(), fingerprint(self.world)

        def is_long_enough() -> bool:
            nonlocal since, before
            if (now := fingerprint(self.world)) != before:
                since, before = time.monotonic(), now
            return time.monotonic() - since > REST

        eventually(is_long_enough, within=WITHIN)
        eventually(lambda: oracles.is_ready(self.world), within=WITHIN)

    def unperturbed(self, workload: Workload) -> Run:
        """Play a workload in peace and return what it led to."""
        with self.operator() as replica:
            self.prepare(workload)
            began = time.monotonic()
            workload.change(self.world)
            self.rests()
            run = self._run(began)
            oracles.ends_well(replica)
        oracles.same("Leases held", oracles.held_leases(self.world), [])
        return run

    def perturbed(
        self,
        workload: Workload,
        reference: Run,
        *rules: Rule,
        during: Callable[[Replica], object] = lambda replica: None,
        replica: Replica | None = None,
    ) -> Run:
        """Play a workload with rules in force from the change on, and hold all oracles in the end.

        `during` is called after the change, with the operator; when it returns, the fault is over.
        """
        with replica or self.operator() as replica:
            self.prepare(workload)
            began = time.monotonic()
            with self.proxy.rules(*rules):
                workload.change(self.world)
                during(replica)
            run = self.converges(replica, reference, began)
            self.holds(replica, run, reference)
        oracles.same("Leases held", oracles.held_leases(self.world), [])
        return run

    def converges(self, replica: Replica, reference: Run, began: float) -> Run:
        """Wait until the world is as after the reference, and hold that it stays so."""
        self.arrives(replica, reference)
        oracles.stays(self.world, seconds=QUIET)
        oracles.equals(self.world, reference.state)
        return self._run(began)

    def arrives(self, replica: Replica, reference: Run) -> None:
        """Wait until the world is as after the reference, the operator being started again where it ends."""
        over = time.monotonic()

        def look() -> bool:
            self.revived(replica)
            oracles.are_seen(self.world)
            return oracles.equals(self.world, reference.state) and oracles.is_ready(self.world) and replica.is_idle

        eventually(look, within=self.patience)
        self.measures("seconds to converge", time.monotonic() - over)
        eventually(lambda: oracles.tells_of_scalers(self.world), within=self.patience)

    def measures(self, name: str, value: float) -> None:
        """Keep a figure, the largest where there are several."""
        self.figures[name] = max(value, self.figures.get(name, value))

    def holds(self, replica: Replica, run: Run, reference: Run) -> None:
        """Hold what is left of the oracles; the operator is stopped by it."""
        oracles.is_sparing(run, reference)
        oracles.same("what is left over", oracles.leftovers(self.world), [])
        self.figures["writes over reference"] = run.writes - reference.writes
        oracles.ends_well(replica)

    def revived(self, replica: Replica) -> bool:
        """Start the operator again where it has ended; the time that its Lease would last is not waited for."""
        if not replica.has_ended:
            return False
        if self.forgets and self.world.find("Lease", NAME):
            self.world.delete("Lease", NAME)
        return replica.revive()

    def _run(self, began: float) -> Run:
        asked = self.asked(began)
        return Run(oracles.state(self.world), *oracles.counted(asked), oracles.again(asked))


@contextmanager
def opened(dynamic: Any, cluster: Cluster, proxy: Proxy, access: Cluster, folder: Path) -> Iterator[Stage]:  # noqa: ANN401
    """Open a stage in a fresh namespace, emptied in the end; `dynamic` is the official client."""
    world = World(dynamic, cluster, f"faults-{uuid.uuid4().hex[:8]}")
    world.create("Namespace", world.namespace)
    (place := folder / world.namespace).mkdir()
    yield Stage(world, proxy, access, place)
    world.abandon()
