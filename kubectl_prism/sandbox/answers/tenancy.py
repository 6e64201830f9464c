"""The namespaces of one simulated stack: what they may use, what they use, and where that is kept.

All proxies and runners of a stack share one. State lies in SQLite, so that a restart of the sandbox loses nothing;
counts are held in memory and are exact, for all requests are taken one after the other.
"""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kubectl_prism.proxy.proto import quota_pb2 as pb
from kubectl_prism.proxy.serving import Refusal
from kubectl_prism.sandbox.answers.bucket import Bucket

ENFORCED = ("max_keys", "max_connections", "rate_limit")
WINDOW = 10.0
"""The seconds that the rate of requests is an average of."""

_SCHEMA = """
create table if not exists namespaces (id text primary key, told blob not null);
create table if not exists keys (namespace text, key text, value blob, primary key (namespace, key)) without rowid;
"""


@dataclass(slots=True)
class Member:
    """One namespace: what the reconciler told of it, and what it uses; `let_through` holds when requests were."""

    told: pb.Namespace
    keys: int
    bucket: Bucket | None
    connections: int = 0
    refused: int = 0
    let_through: deque[float] = field(default_factory=deque)


class Tenancy:
    """The namespaces of one stack, kept in `file`; `clock` counts seconds."""

    def __init__(self, file: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._database = sqlite3.connect(file)
        self._database.executescript(_SCHEMA)
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = off")  # a lost second of a simulation is no loss
        self._members: dict[str, Member] = {}
        for id, told in self._database.execute("select id, told from namespaces"):
            self._members[id] = self._member(pb.Namespace.FromString(told))

    def close(self) -> None:
        """Keep everything, and close the file."""
        self.save()
        self._database.close()

    def save(self) -> None:
        """Keep what was stored so far."""
        self._database.commit()

    def apply(self, wanted: pb.Namespace) -> tuple[pb.Namespace, bool]:
        """Hold a namespace to what is wanted; return it as it is now, and whether that changed anything."""
        if not wanted.id or not wanted.owner:
            raise Refusal("INVALID_ARGUMENT", "a namespace needs an id and an owner")
        told = pb.Namespace()
        told.CopyFrom(wanted)
        told.ClearField("usage")
        del told.enforced[:]
        member = self._members.get(told.id)
        if member is not None and member.told.owner != told.owner:
            raise Refusal("ALREADY_EXISTS", f"{told.id} belongs to another owner")
        is_changed = member is None or member.told != told
        if member is None:
            self._members[told.id] = self._member(told)
        elif is_changed:
            member.told = told
            self._change(member)
        if is_changed:
            self._database.execute("replace into namespaces values (?, ?)", (told.id, told.SerializeToString()))
            self.save()
        return self.shown(told.id), is_changed

    def delete(self, id: str, owner: str) -> None:
        """Forget a namespace and all that it stores."""
        if self._found(id).told.owner != owner:
            raise Refusal("PERMISSION_DENIED", f"{id} belongs to another owner")
        del self._members[id]
        self._database.execute("delete from namespaces where id = ?", (id,))
        self._database.execute("delete from keys where namespace = ?", (id,))
        self.save()

    def ids(self) -> list[str]:
        """Return the identifiers of all namespaces, in order."""
        return sorted(self._members)

    def shown(self, id: str) -> pb.Namespace:
        """Return a namespace with its use and what is enforced."""
        member = self._found(id)
        shown = pb.Namespace()
        shown.CopyFrom(member.told)
        shown.usage.CopyFrom(self._usage(member))
        shown.enforced.extend(name for name in ENFORCED if member.told.limits.HasField(name))
        return shown

    @contextmanager
    def connected(self, id: str) -> Iterator[None]:
        """Be one of the clients that are connected; refused where there are as many as there may be."""
        member = self._found(id)
        limits = member.told.limits
        if limits.HasField("max_connections") and member.connections >= limits.max_connections:
            member.refused += 1
            raise Refusal("RESOURCE_EXHAUSTED", f"{id} has its {limits.max_connections} connections")
        member.connections += 1
        try:
            yield
        finally:
            member.connections -= 1

    def set(self, id: str, key: str, value: bytes) -> None:
        """Store a value; a new key is refused where there are as many as there may be. `id` is empty for nobody's."""
        if id:
            member = self._request(id)
            limits = member.told.limits
            is_new = self.read(id, key) is None
            if is_new and limits.HasField("max_keys") and member.keys >= limits.max_keys:
                member.refused += 1
                raise Refusal("RESOURCE_EXHAUSTED", f"{id} has its {limits.max_keys} keys")
            member.keys += is_new
        self._database.execute("replace into keys values (?, ?, ?)", (id, key, value))

    def get(self, id: str, key: str) -> bytes | None:
        """Return what is stored under a key; None for nothing."""
        if id:
            self._request(id)
        return self.read(id, key)

    def read(self, id: str, key: str) -> bytes | None:
        """Return what is stored under a key, without its being a request."""
        found = self._database.execute("select value from keys where namespace = ? and key = ?", (id, key)).fetchone()
        return found[0] if found else None

    def _request(self, id: str) -> Member:
        """Count a request; refused where the rate is spent."""
        member = self._found(id)
        if member.bucket is not None and not member.bucket.take():
            member.refused += 1
            rate = member.told.limits.rate_limit.requests_per_second
            raise Refusal("RESOURCE_EXHAUSTED", f"{id} has had its {rate} requests per second")
        member.let_through.append(self._clock())
        return member

    def _found(self, id: str) -> Member:
        member = self._members.get(id)
        if member is None:
            raise Refusal("NOT_FOUND", f"there is no namespace {id}")
        return member

    def _usage(self, member: Member) -> pb.Usage:
        since = self._clock() - WINDOW
        while member.let_through and member.let_through[0] < since:
            member.let_through.popleft()
        return pb.Usage(
            keys=member.keys,
            connections=member.connections,
            requests_per_second=len(member.let_through) / WINDOW,
            refused=member.refused,
        )

    def _member(self, told: pb.Namespace) -> Member:
        (keys,) = self._database.execute("select count(*) from keys where namespace = ?", (told.id,)).fetchone()
        member = Member(told, keys, None)
        self._change(member)
        return member

    def _change(self, member: Member) -> None:
        """Make the bucket what the limits say."""
        limits = member.told.limits
        if not limits.HasField("rate_limit"):
            member.bucket = None
            return
        rate = limits.rate_limit.requests_per_second
        burst = limits.rate_limit.burst_size or rate
        if member.bucket is None:
            member.bucket = Bucket(rate, burst, self._clock)
        else:
            member.bucket.change(rate, burst)
