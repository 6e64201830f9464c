"""P12 and P13: the replica that leads is killed, frozen, cut off or told to end, and its clock may be wrong."""

from __future__ import annotations

import datetime
import json
import socket
import socketserver
import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from math import inf
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml
from kubernetes.client import Configuration
from kubernetes.config import new_client_from_config
from kubernetes.dynamic import DynamicClient

from kubectl_prism.model.meta import Manifest
from kubectl_prism.sandbox import cluster as sandbox
from kubectl_prism.sandbox.configuration import configuration
from kubectl_prism.sandbox.ports import Ports
from tests.cluster import Cluster, install
from tests.faults import audit, clock, oracles
from tests.faults.audit import Audit, Fate, Late, Write, late, terms
from tests.faults.pair import CUT, KILLED, NAMES, SILENT, TERMINATED, Act, Candidate, Pair, frozen, token, wired
from tests.faults.replica import HOME, account
from tests.faults.servers import Servers, servers
from tests.faults.stage import FULL
from tests.faults.wire import Wires
from tests.reconcile.kinds.world import World

pytestmark = pytest.mark.timeout(1800)

FROZEN = frozen(30.0 if FULL else 18.0)
PACE = 0.4
"""Seconds between two edits; with many pairs at once more would only measure the machine."""
STARTED = 180.0
DELAYED = 2.0
"""Seconds after a pause in which what was on its way arrives."""
CONNECTIONS = 64
UNCOUNTED = 1 << 14
"""Megabytes that the audit log may have before the API server begins another."""


@dataclass(frozen=True, slots=True)
class Case:
    """What `pairs` go through at once: `runs` acts among them; `clocks` are by how much the left one's is wrong."""

    acts: Sequence[Act]
    runs: int
    pairs: int = 1
    clocks: Sequence[str] = ("",)

    def shares(self) -> Iterator[tuple[list[Act], str]]:
        """Yield the acts and the clock of each pair."""
        acts = list(islice(cycle(self.acts), self.runs))
        for number, wrong in zip(range(self.pairs), cycle(self.clocks), strict=False):
            yield acts[number :: self.pairs], wrong


ACTS = (KILLED, FROZEN, CUT, SILENT, TERMINATED)
CASES = {
    "killed": Case([KILLED], runs=100, pairs=3),
    "frozen": Case([FROZEN], runs=100, pairs=5),
    "partitioned": Case([CUT, SILENT], runs=100, pairs=3),
    "terminated": Case([TERMINATED], runs=100),
    "displaced": Case(ACTS, runs=20, pairs=4, clocks=["3600", "-3600", "1,-1", "3600,-3600"]),
}
QUICK = {
    "killed": Case([KILLED], runs=1),
    "frozen": Case([FROZEN], runs=1),
    "partitioned": Case([CUT, SILENT], runs=2, pairs=2),
    "terminated": Case([TERMINATED], runs=1),
    "displaced": Case([TERMINATED, KILLED], runs=2, clocks=["3600,-3600"]),
}
TEXTS = {
    "killed": ("P12", "two replicas, the leader killed"),
    "frozen": ("P12", "frozen for 30 s"),
    "partitioned": ("P12", "cut off from the API server"),
    "terminated": ("P12", "told to end"),
    "displaced": ("P13", "all of these while one's wall clock is an hour wrong, or steps"),
}


@dataclass(frozen=True, slots=True)
class Played:
    """What came of the acts of one pair: the takeovers, the writes out of term, and the number of all writes."""

    took: Sequence[tuple[Act, float]]
    late: Sequence[Late]
    writes: int
    resumed: Sequence[float]
    unseen: frozenset[int]
    """Seconds by which the left clock should have been wrong and never was, as its Leases tell."""

    def excuses(self, late: Late) -> bool:
        """Tell whether a write was on its way when its writer was paused, and left nothing behind."""
        is_delayed = any(0 <= late.write.received - resumed < DELAYED for resumed in self.resumed)
        return is_delayed and late.fate is not Fate.OVERLAPPING


@dataclass
class Arena:
    """The cluster that all pairs share, and how they reach it."""

    own: Servers
    client: Any
    wires: Wires
    audit: Audit
    access: Cluster
    tokens: Mapping[str, str]
    folder: Path

    def played(self, acts: Sequence[Act], wrong: str, begin: threading.Barrier) -> Played:
        """Have a fresh pair go through acts, once all pairs are there: many programs that start slow down the rest."""
        with self._pair(wrong) as pair:
            begin.wait(STARTED)
            for act in acts:
                pair.play(act)
            pair.ends_well()
        journal = self.audit.journal(pair.world.namespace)
        offsets = {_offset(write) for write in journal.leases if write.user == NAMES[0] and write.is_done}
        unseen = frozenset(int(one) for one in (wrong or "0").split(",")) - offsets
        found = late(journal.writes, journal.terms())
        return Played(pair.took, found, len(journal.writes), pair.resumed, unseen)

    @contextmanager
    def _pair(self, wrong: str) -> Iterator[Pair]:
        world = World(self.client, self.own.cluster, f"pair-{uuid.uuid4().hex[:8]}")
        world.create("Namespace", world.namespace)
        (folder := self.folder / world.namespace).mkdir()
        with ExitStack() as stack:
            made = {}
            for name, altered in zip(NAMES, ({clock.VARIABLE: wrong} if wrong else {}, {}), strict=True):
                wire = self.wires.lay()
                cluster = wired(self.access, self.tokens[name], wire, folder / f"{name}.kubeconfig")
                (logs := folder / name).mkdir()
                candidate = Candidate(name, wire, cluster, namespace=world.namespace, folder=logs, altered=altered)
                stack.enter_context(candidate)
                made[name] = candidate
            pair = Pair(world, self.audit, made, PACE)
            pair.furnish()
            yield pair
        world.abandon()


def _offset(lease: Write) -> int:
    """Return by how many seconds the writer of a Lease takes the time to be another than the API server does."""
    return round(datetime.datetime.fromisoformat(lease.renewed).timestamp() - lease.received)


def _audited(file: Path) -> Any:  # noqa: ANN401 - a patch
    """Return a patch by which a sandbox writes an audit log, with the policy in `file`."""

    def configured(paths: Mapping[str, Path], ports: Ports) -> Manifest:
        found = configuration(paths, ports)
        size = {"key": "audit-log-maxsize", "value": str(UNCOUNTED)}
        patches = [*found["componentsPatches"], {"name": "kube-apiserver", "extraArgs": [size]}]
        options = {**found["options"], "kubeAuditPolicy": str(file)}
        return {**found, "options": options, "componentsPatches": patches}

    return mock.patch.object(sandbox, "configuration", configured)


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """Return a cluster whose API server writes an audit log."""
    folder = tmp_path_factory.mktemp("replicas")
    users = [f"system:serviceaccount:{HOME}:{name}" for name in NAMES]
    (rules := folder / "audit.yaml").write_text(yaml.safe_dump(audit.policy(users)))
    pool = Configuration()
    pool.connection_pool_maxsize = CONNECTIONS
    with _audited(rules), servers(folder) as own:
        at = own.cluster
        with (
            new_client_from_config(str(at.kubeconfig), context=at.context, client_configuration=pool) as api,
            Wires(at.server) as wires,
        ):
            install(api)
            access = account(at, address=at.server, certificates=own.certificates, folder=folder)
            tokens = {name: token(at, name) for name in NAMES}
            dynamic = DynamicClient(api, cache_file=str(folder / "discovery.json"))
            oracles.leftovers(World(dynamic, at, HOME))  # it learns every kind before many threads ask it
            yield Arena(own, dynamic, wires, Audit(own.api.folder / "logs" / "audit.log"), access, tokens, folder)


@pytest.fixture(scope="module")
def plays(arena: Arena) -> Iterator[Mapping[str, Sequence[Future[Played]]]]:
    """Begin all cases at once, and return what comes of their pairs."""
    cases = CASES if FULL else QUICK
    begin = threading.Barrier(sum(case.pairs for case in cases.values()))
    with ThreadPoolExecutor(begin.parties, "pair") as pool:
        yield {
            name: [pool.submit(arena.played, acts, wrong, begin) for acts, wrong in case.shares()]
            for name, case in cases.items()
        }


@dataclass
class Measured:
    """What a case measured."""

    figures: dict[str, float] = field(default_factory=dict)


@pytest.fixture
def stage() -> Measured:
    """Return where figures go."""
    return Measured()


@pytest.mark.parametrize(
    "case", [pytest.param(name, marks=pytest.mark.perturbation(*text)) for name, text in TEXTS.items()]
)
def test_one_replica_writes_at_a_time_and_the_next_one_leads_in_time(
    stage: Measured, plays: Mapping[str, Sequence[Future[Played]]], case: str
) -> None:
    """Whatever ends a term, nothing is written out of term; the other replica leads within 17 s, or 3 s when handed."""
    played = [future.result() for future in plays[case]]
    took = [one for pair in played for one in pair.took]
    found = [one for pair in played for one in pair.late]
    overlapping = [one for pair in played for one in pair.late if not pair.excuses(one)]
    stage.figures |= {f"takeovers ({case})": len(took), "overlapping writes": len(overlapping)}
    stage.figures |= _seconds(took) | _excused(found)
    assert overlapping == []
    assert [(act.name, seconds) for act, seconds in took if seconds > act.most] == []
    assert min(pair.writes for pair in played) > 0
    assert [pair.unseen for pair in played if pair.unseen] == []


def _seconds(took: Sequence[tuple[Act, float]]) -> dict[str, float]:
    """Return the longest times that takeovers took."""
    clean = [seconds for act, seconds in took if act is TERMINATED]
    hard = [seconds for act, seconds in took if act is not TERMINATED]
    return {words: max(all) for words, all in (("s to take over", hard), ("s to be handed over", clean)) if all}


def _excused(found: Sequence[Late]) -> dict[str, float]:
    """Return how many writes were on their way when the leader was frozen, and what came of them."""
    counts: Mapping[str, float] = Counter(f"late writes {one.fate.value}" for one in found)
    anew = [one.seconds for one in found if one.fate is Fate.SUPERSEDED]
    return {**counts} | ({"s until the leader wrote anew": max(anew)} if anew else {})


LEASES = [
    Write("left", "create", "leases/l/", 10.0, 201, 10, holder="left@1"),
    Write("left", "update", "leases/l/", 12.0, 200, 12, holder="left@1"),
    Write("right", "update", "leases/l/", 20.0, 409, 0, holder=""),
    Write("right", "update", "leases/l/", 21.0, 200, 30, holder="right@1"),
    Write("right", "update", "leases/l/", 40.0, 200, 50, holder=""),
    Write("right", "update", "leases/l/", 45.0, 200, 60, holder="right@2"),
]
WRITES = [
    Write("left", "patch", "secrets/a/", 11.0, 200, 11),
    Write("left", "patch", "secrets/b/", 20.9, 200, 29),
    Write("right", "patch", "secrets/a/", 22.0, 200, 31),
    Write("right", "patch", "secrets/a/", 30.0, 200, 41),
    Write("right", "patch", "secrets/a/", 46.0, 200, 61),
]


def test_terms_begin_and_end_with_writes_of_the_lease() -> None:
    """A renewal goes on with a term and a refused write ends none; a release ends one, and leaves nobody."""
    assert [(term.holder, term.began, term.ended) for term in terms(LEASES)] == [
        ("left@1", 10.0, 21.0),
        ("right@1", 21.0, 40.0),
        ("right@2", 45.0, inf),
    ]
    assert late(WRITES, terms(LEASES)) == []


@pytest.mark.parametrize(
    ("write", "fate"),
    [
        (Write("left", "patch", "secrets/b/", 21.5, 200, 32), Fate.OVERLAPPING),
        (Write("left", "patch", "secrets/b/", 20.5, 200, 32), Fate.OVERLAPPING),
        (Write("left", "delete", "secrets/a/", 21.5, 200), Fate.OVERLAPPING),
        (Write("right", "patch", "secrets/c/", 20.5, 200, 28), Fate.OVERLAPPING),
        (Write("right", "patch", "secrets/c/", 9.0, 200, 9), Fate.OVERLAPPING),
        (Write("right", "patch", "secrets/b/", 42.0, 200, 55), Fate.OVERLAPPING),
        (Write("left", "patch", "secrets/a/", 29.5, 200, 40), Fate.SUPERSEDED),
        (Write("left", "patch", "secrets/a/", 46.5, 200, 62), Fate.OVERLAPPING),
        (Write("left", "patch", "secrets/a/", 29.5, 409), Fate.NOTHING),
        (Write("left", "patch", "secrets/b/", 29.5, 200, 29), Fate.NOTHING),
        (Write("left", "patch", "secrets/a/", 30.5, 200, 41), Fate.NOTHING),
        (Write("left", "create", "events/e/", 29.5, 201, 40), Fate.NOTHING),
    ],
    ids=[
        "received in another's term",
        "done in another's term",
        "deleted in another's term",
        "before the first term",
        "before anybody's term",
        "after a release",
        "written anew",
        "written last",
        "rejected",
        "old",
        "as it was",
        "told",
    ],
)
def test_a_write_out_of_term_is_found_and_judged(write: Write, fate: Fate) -> None:
    """By when it was received or by when it was done, a write is late; then it counts what it has left behind."""
    assert [(one.write, one.fate) for one in late([*WRITES, write], terms(LEASES))] == [(write, fate)]


def test_the_log_is_read_as_it_grows(tmp_path: Path) -> None:
    """A line that is only begun is left for the next time; who wrote what, where and to what effect is read."""
    reference = {"resource": "secrets", "namespace": "n", "name": "a"}
    line = {
        "verb": "patch",
        "user": {"username": "system:serviceaccount:n:left"},
        "requestReceivedTimestamp": "1970-01-01T00:00:11.500000Z",
        "objectRef": reference,
        "responseStatus": {"code": 200},
        "responseObject": {"metadata": {"resourceVersion": "11"}, "data": {}},
    }
    lease = {**line, "objectRef": {**reference, "resource": "leases"}}
    lease["responseObject"] = {"metadata": {"resourceVersion": "10"}, "spec": {"holderIdentity": "l@1"}}
    text = f"{json.dumps(lease)}\n{json.dumps(line)}\n"
    (path := tmp_path / "audit.log").write_text(text[:-9])
    found = Audit(path)
    assert [term.holder for term in found.terms("n")] == ["l@1"]
    assert found.journal("n").writes == []
    path.write_text(text)
    assert found.journal("n").writes == [Write("left", "patch", "secrets/a/", 11.5, 200, 11)]
    assert len(found.journal("n").leases) == 1


def test_a_clock_that_steps_is_wrong_by_each_of_its_offsets_in_turn() -> None:
    """For some seconds the clock is wrong by one of the offsets, then by the next."""
    found = [clock.offset([3600.0, -3600.0], turn * clock.TURN) for turn in (10.0, 10.9, 11.0, 12.0)]
    assert found == [3600.0, 3600.0, -3600.0, 3600.0]


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(1):
            self.request.sendall(data)


def _echoed(connection: socket.socket) -> bytes:
    """Send a byte and return what comes back within a moment; nothing where the connection is broken."""
    try:
        connection.sendall(b"x")
        return connection.recv(1)
    except ConnectionError:
        return b""


def test_a_wire_carries_loses_or_breaks() -> None:
    """What a silent wire was given never arrives, and its connections are broken in the end; a cut one breaks all."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server, ExitStack() as stack:
        threading.Thread(target=server.serve_forever, args=(0.01,), name="echo").start()
        stack.callback(server.shutdown)
        wires = stack.enter_context(Wires(f"https://127.0.0.1:{server.server_address[1]}"))
        wire = wires.lay()

        def connection() -> socket.socket:
            port = int(wire.address.rpartition(":")[2])
            return stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=0.2))

        first = connection()
        assert _echoed(first) == b"x"
        wire.silence()
        for silent in (first, connection()):
            with pytest.raises(TimeoutError):
                _echoed(silent)
        wire.mend()
        assert _echoed(first) == b""
        second = connection()
        assert _echoed(second) == b"x"
        wire.cut()
        assert _echoed(second) == b""
        assert _echoed(connection()) == b""
        wire.mend()
        assert _echoed(connection()) == b"x"
