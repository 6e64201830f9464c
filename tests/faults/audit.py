"""Who led and who wrote, as the API server's audit log has it, which no replica can colour.

The log holds every write of the replicas with its answer; `late` finds those that fall outside their writer's terms.
What took effect is ordered by resourceVersion, which is one count for the whole store; what did not, by time.
"""

from __future__ import annotations

import datetime
import threading
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import inf
from pathlib import Path
from typing import Any

import msgspec


def policy(users: Collection[str]) -> dict[str, Any]:
    """Return the policy that logs every write of `users` with its answer, and nothing else."""
    # A SelfSubjectAccessReview is a question in the form of a write.
    nothing = {"level": "None", "resources": [{"group": "authorization.k8s.io"}]}
    verbs = ["create", "update", "patch", "delete", "deletecollection"]
    writes = {"level": "RequestResponse", "users": sorted(users), "verbs": verbs}
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitManagedFields": True,
        "omitStages": ["RequestReceived"],
        "rules": [nothing, writes, {"level": "None"}],
    }


@dataclass(frozen=True, slots=True)
class Write:
    """One write: who did what to which object, the second of the wall clock at which that was received, the answer.

    `object` is resource, name and subresource. `version` is the resourceVersion of the answer, 0 where it has none.
    `holder` is who holds the Lease by it, None where it is about something else; `renewed` is when, by its writer's
    clock.
    """

    user: str
    verb: str
    object: str
    received: float
    code: int
    version: int = 0
    holder: str | None = None
    renewed: str = ""

    @property
    def is_done(self) -> bool:
        """Whether the API server did it."""
        return 200 <= self.code < 300

    @property
    def is_told(self) -> bool:
        """Whether it tells people of what was done, and changes nothing that anybody acts on."""
        return self.object.startswith("events/")


@dataclass(slots=True)
class Term:
    """One replica's time as the leader: from when the write was received that made it so to when one ended it."""

    user: str
    holder: str
    began: float
    version: int
    ended: float = inf
    ended_version: float = inf


class Fate(Enum):
    """What came of a write that fell outside its writer's terms."""

    NOTHING = "rejected, or changed nothing"
    SUPERSEDED = "written anew by the leader"
    OVERLAPPING = "changed something for good"


@dataclass(frozen=True, slots=True)
class Late:
    """A write outside its writer's terms; `seconds` passed until the leader wrote the object anew, 0 if it did not."""

    write: Write
    fate: Fate
    seconds: float = 0.0


@dataclass(slots=True)
class Journal:
    """What the replicas of one namespace wrote, in the order in which the writes ended."""

    leases: list[Write] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)

    def terms(self) -> list[Term]:
        """Return who led when."""
        return terms(self.leases)


def terms(leases: Iterable[Write]) -> list[Term]:
    """Return the terms that writes of one Lease make."""
    found: list[Term] = []
    for write in sorted(leases, key=lambda write: write.version):
        if not write.is_done or (found and found[-1].ended == inf and found[-1].holder == write.holder):
            continue
        if found and found[-1].ended == inf:
            found[-1].ended, found[-1].ended_version = write.received, write.version
        if write.holder:
            found.append(Term(write.user, write.holder, write.received, write.version))
    return found


def late(writes: Sequence[Write], terms: Sequence[Term]) -> list[Late]:
    """Return the writes that were received or took effect while their writer did not lead."""
    made: dict[int, float] = {}
    for write in writes:
        made[write.version] = min(write.received, made.get(write.version, inf))
    found = []
    for write in writes:
        index = bisect_right(terms, write.received, key=lambda term: term.began) - 1
        term = terms[index] if index >= 0 else None
        if term and term.user == write.user and write.received < term.ended and write.version < term.ended_version:
            continue
        is_old = made[write.version] < write.received or (term is not None and write.version < term.version)
        if not write.is_done or write.is_told or (write.version and is_old):
            found.append(Late(write, Fate.NOTHING))
        else:
            found.append(_superseded(write, writes, terms))
    return found


def _superseded(write: Write, writes: Sequence[Write], terms: Sequence[Term]) -> Late:
    """Return what came of a late write that changed something."""
    leads = {term.user for term in terms if term.user != write.user and term.ended_version > write.version}
    for other in sorted(writes, key=lambda other: other.version):
        if other.object == write.object and other.user in leads and other.version > write.version > 0:
            return Late(write, Fate.SUPERSEDED, other.received - write.received)
    return Late(write, Fate.OVERLAPPING)


class Audit:
    """Reads one audit log as it grows; any thread may ask."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self._lock = threading.Lock()
        self._journals: defaultdict[str, Journal] = defaultdict(Journal)
        self._decode = msgspec.json.Decoder(_Line).decode

    def journal(self, namespace: str) -> Journal:
        """Return what was written in a namespace so far."""
        with self._lock:
            self._catch_up()
            found = self._journals[namespace]
            return Journal(list(found.leases), list(found.writes))

    def terms(self, namespace: str) -> list[Term]:
        """Return who led in a namespace so far."""
        with self._lock:
            self._catch_up()
            return self._journals[namespace].terms()

    def _catch_up(self) -> None:
        if not self._path.exists():
            return
        with self._path.open("rb") as log:
            log.seek(self._read)
            for line in log:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                self._note(self._decode(line))

    def _note(self, line: _Line) -> None:
        about, answer = line.object_ref, line.response_object or _Object()
        is_lease = about.resource == "leases"
        write = Write(
            user=line.user.username.rpartition(":")[2],
            verb=line.verb,
            object=f"{about.resource}/{about.name}/{about.subresource}",
            received=line.request_received_timestamp.timestamp(),
            code=line.response_status.code,
            version=int(answer.metadata.resource_version or 0),
            holder=(answer.spec.holder_identity or "") if is_lease else None,
            renewed=(answer.spec.renew_time or "") if is_lease else "",
        )
        journal = self._journals[about.namespace]
        (journal.leases if is_lease else journal.writes).append(write)


class _Metadata(msgspec.Struct, rename="camel"):
    resource_version: str = ""


class _Spec(msgspec.Struct, rename="camel"):
    holder_identity: str | None = None
    renew_time: str | None = None


class _Object(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    spec: _Spec = msgspec.field(default_factory=_Spec)


class _User(msgspec.Struct):
    username: str


class _Reference(msgspec.Struct):
    resource: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""


class _Status(msgspec.Struct):
    code: int = 0


class _Line(msgspec.Struct, rename="camel"):
    verb: str
    user: _User
    request_received_timestamp: datetime.datetime
    object_ref: _Reference = msgspec.field(default_factory=_Reference)
    response_status: _Status = msgspec.field(default_factory=_Status)
    response_object: _Object | None = None
