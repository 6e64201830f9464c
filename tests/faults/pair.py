"""Two replicas of the operator that compete for one Lease, and what is done to the one that leads.

Meanwhile a person edits without a pause, so that the leader always has something to write. Each replica is a
ServiceAccount of its own, by which the audit log tells them apart, and has a wire of its own to the API server.
"""

from __future__ import annotations

import os
import random
import signal
import time
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import yaml

from tests.cluster import Cluster
from tests.faults import oracles
from tests.faults.audit import Audit, Term
from tests.faults.replica import HOME, Replica
from tests.faults.wire import Wire
from tests.reconcile.kinds.world import World, eventually, is_judged, kubectl

T = TypeVar("T")

NAMES = ("left", "right")
"""The replicas, by their ServiceAccounts."""
BACKENDS = 12
"""How many objects are edited in turn: one that changes more than once a second would in the end be held back."""
WITHIN = 90.0
LOST = "no longer the holder"
"""What a leader says when it finds out that it leads no more."""
MOMENT = 0.03
"""Seconds in which the leader writes what an edit asks for."""


def token(cluster: Cluster, name: str) -> str:
    """Make the ServiceAccount `name` with the operator's rules, which are there, and return its token."""
    kubectl(cluster, "create", "serviceaccount", name, f"--namespace={HOME}")
    rights = [f"--clusterrole={HOME}", f"--serviceaccount={HOME}:{name}"]
    kubectl(cluster, "create", "clusterrolebinding", f"{HOME}-{name}", *rights)
    return kubectl(cluster, "create", "token", name, f"--namespace={HOME}", "--duration=24h").strip()


def wired(access: Cluster, token: str, wire: Wire, path: Path) -> Cluster:
    """Return the cluster as the ServiceAccount of a token reaches it over a wire; its kubeconfig is put at `path`."""
    config = yaml.safe_load(access.kubeconfig.read_text())
    config["users"][0]["user"]["token"] = token
    config["clusters"][0]["cluster"]["server"] = wire.address
    path.write_text(yaml.safe_dump(config))
    return Cluster(access.name, path, access.context, wire.address, access.kubectl)


class Candidate(Replica):
    """One of the two."""

    def __init__(
        self, name: str, wire: Wire, cluster: Cluster, *, namespace: str, folder: Path, altered: Mapping[str, str]
    ) -> None:
        super().__init__(cluster, namespace=namespace, folder=folder, altered=altered)
        self.name = name
        self.wire = wire

    @property
    def hears(self) -> bool:
        """Whether its caches are synced and it has heard of an edit in the last second."""
        try:
            is_synced = self._is_served() and self._is_ready()
            return is_synced and self.metric("prism_cache_age_seconds", kind="PrismBackend") < 1
        except OSError:
            return False

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def returns(self, code: int) -> None:
        """Wait until it has ended with a code, and start it again, as a cluster does."""
        eventually(self.revive)
        oracles.same("exit code", self.exits[-1], code)


@dataclass(frozen=True, slots=True)
class Act:
    """What is done to the leader and how that ends, `lasts` seconds later or when the other one leads.

    A takeover may take `most` seconds. What `pauses` the leader may catch it between its last look at the Lease and the
    writes that follow.
    """

    name: str
    harm: Callable[[Candidate], None]
    mend: Callable[[Candidate], None]
    most: float = 17.0
    lasts: float = 0.0
    pauses: bool = False


KILLED = Act("killed", Replica.strike, lambda leader: leader.returns(-signal.SIGKILL))
TERMINATED = Act("terminated", lambda leader: leader.signal(signal.SIGTERM), lambda leader: leader.returns(0), most=3.0)
CUT = Act("cut off", lambda leader: leader.wire.cut(), lambda leader: leader.wire.mend(), lasts=20.0)
SILENT = Act("unheard", lambda leader: leader.wire.silence(), lambda leader: leader.wire.mend(), lasts=20.0)


def frozen(seconds: float) -> Act:
    """Return the act that stops the leader for so long where it stands."""

    def freeze(leader: Candidate) -> None:
        leader.signal(signal.SIGSTOP)

    def thaw(leader: Candidate) -> None:
        said = len(leader.said(LOST))
        leader.signal(signal.SIGCONT)
        eventually(lambda: len(leader.said(LOST)) > said)

    return Act("frozen", freeze, thaw, lasts=seconds, pauses=True)


@dataclass
class Pair:
    """The two replicas of one namespace and its person, who edits every `pace` seconds."""

    world: World
    audit: Audit
    candidates: Mapping[str, Candidate]
    pace: float
    took: list[tuple[Act, float]] = field(default_factory=list)
    """The takeovers so far, and the seconds from the act until the API server got the Lease of the next leader."""
    resumed: list[float] = field(default_factory=list)
    """When a leader that was paused went on, in seconds of the wall clock."""
    _edits: int = 0
    _edited: float = 0.0

    def furnish(self) -> None:
        """Make what is edited."""
        for number in range(BACKENDS):
            self.world.backend(_name(number), connection={"url": _url(number)})
        self._edits = BACKENDS

    def play(self, act: Act) -> None:
        """Do something to the leader; it is over when the other one leads, both are well and the world is as edited."""
        self._until(lambda: all(candidate.hears for candidate in self.candidates.values()))
        before = self._last_term()
        leader = self.candidates[before.user]
        self._busy()
        began, ends = time.time(), time.monotonic() + act.lasts
        act.harm(leader)
        after = self._until(lambda: self._next_term(before))
        oracles.same("the next leader", {before.user, after.user}, set(NAMES))
        self.took.append((act, after.began - began))
        self._until(lambda: time.monotonic() > ends)
        if act.pauses:
            self.resumed.append(time.time())
        act.mend(leader)
        self._until(lambda: leader.hears)
        eventually(self._is_as_edited, within=WITHIN)

    def ends_well(self) -> None:
        """Stop both, who stands by first, and hold what their logs and the world tell."""
        last = self._last_term().user
        for candidate in sorted(self.candidates.values(), key=lambda candidate: candidate.name == last):
            oracles.ends_well(candidate)
        oracles.same("what is left over", oracles.leftovers(self.world), [])
        oracles.same("Leases held", oracles.held_leases(self.world), [])

    def _busy(self) -> None:
        """Give the leader many things to write at once, and return while it is at them."""
        for _ in range(BACKENDS):
            self._edit()
        time.sleep(random.uniform(0.0, MOMENT))  # noqa: S311 - any moment of them will do

    def _until(self, look: Callable[[], T]) -> T:
        """Edit on until `look` finds something, and return it."""

        def step() -> T:
            if time.monotonic() - self._edited >= self.pace:
                self._edit()
            return look()

        return eventually(step, within=WITHIN)

    def _edit(self) -> None:
        self._edited = time.monotonic()
        self.world.specify("PrismBackend", _name(self._edits), connection={"url": _url(self._edits)})
        self._edits += 1

    def _last_term(self) -> Term:
        return eventually(lambda: self.audit.terms(self.world.namespace))[-1]

    def _next_term(self, before: Term) -> Term:
        last = self._last_term()
        assert last.version > before.version, f"nobody leads after {before}"
        return last

    def _is_as_edited(self) -> bool:
        """Hold that every edit has arrived where pods read it."""
        last = range(self._edits - BACKENDS, self._edits)
        found = {secret["metadata"]["name"]: secret["data"] for secret in self.world.all("Secret")}
        urls = {name: b64decode(data["PRISM_BACKEND_URL"]).decode() for name, data in found.items()}
        oracles.same("connections", urls, {_name(number): _url(number) for number in last})
        return all(is_judged(backend) for backend in self.world.all("PrismBackend"))


def _name(number: int) -> str:
    return f"b{number % BACKENDS}"


def _url(number: int) -> str:
    return f"redis://cache-{number}:6379"
