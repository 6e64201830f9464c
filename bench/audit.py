"""What was asked of the API server, by whom: read from its audit log, which treats every operator alike.

A request counts once, however many stages it passed. Leases are left out: electing a leader is no work on an object.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

READS = frozenset({"get", "list", "watch"})
LEFT_OUT = frozenset({"leases"})


class _User(msgspec.Struct):
    username: str


class _Reference(msgspec.Struct):
    resource: str = ""
    subresource: str = ""
    name: str = ""


class _Status(msgspec.Struct):
    code: int = 0


class Asked(msgspec.Struct, rename="camel"):
    """One request as the audit log has it."""

    audit_id: str = msgspec.field(name="auditID")
    verb: str
    stage: str
    user: _User
    request_received_timestamp: datetime.datetime
    object_ref: _Reference = msgspec.field(default_factory=_Reference)
    response_status: _Status = msgspec.field(default_factory=_Status)

    @property
    def at(self) -> float:
        """When the API server received it, in seconds of its wall clock."""
        return self.request_received_timestamp.timestamp()

    @property
    def is_write(self) -> bool:
        """Whether it is no read."""
        return self.verb not in READS

    @property
    def is_open(self) -> bool:
        """Whether it is still being answered, as a watch is for as long as it is in use."""
        return self.stage == "ResponseStarted"

    @property
    def what(self) -> str:
        """Verb, resource and subresource in words."""
        reference = self.object_ref
        return f"{self.verb} {reference.resource}{'/' + reference.subresource if reference.subresource else ''}"


class Audit:
    """Reads one audit log from marks on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._decode = msgspec.json.Decoder(Asked).decode

    def mark(self) -> int:
        """Return where the log ends now."""
        return self._path.stat().st_size if self._path.exists() else 0

    def since(self, mark: int, users: Collection[str], *, left_out: Collection[str] = LEFT_OUT) -> list[Asked]:
        """Return the requests of `users` logged after a mark, each once, in the order they were received."""
        found = {asked.audit_id: asked for asked in self._read(mark) if asked.user.username in users}
        return sorted(
            (asked for asked in found.values() if asked.object_ref.resource not in left_out), key=lambda asked: asked.at
        )

    def _read(self, mark: int) -> Iterator[Asked]:
        if not self._path.exists():
            return
        with self._path.open("rb") as log:
            log.seek(mark)
            for line in log:
                if line.endswith(b"\n"):
                    yield self._decode(line)


def counted(requests: Collection[Asked]) -> Counter[str]:
    """Return how many requests of each verb and resource there were."""
    return Counter(asked.what for asked in requests)
