"""What we wrote last, so that the same is never written twice and no decision rests on a cache older than a write.

`apply` keeps one memory of children and one of statuses; both hear every change of the store. Entries live 30 minutes,
after which the live object itself is looked at again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kubectl_prism.model.meta import Manifest, Ref, key, resource_version, uid
from kubectl_prism.store import Change

TIME_TO_LIVE = 1800.0

PATIENCE = 30.0
"""How long an object that we created may stay unknown to the store before we ask the server instead."""


@dataclass(slots=True)
class Written:
    """One write: the object's uid, the digest of what we wanted, and that of the same in the server's own words.

    `verified` is the resourceVersion at which the object last held what we wanted, `generation` that of the spec which
    we left, 0 for kinds that have none. `unseen` is the object as the write returned it, until the store is at least as
    new. `is_settled` says that field ownership was looked at.
    """

    uid: str
    digest: str
    held: str
    verified: str
    generation: int
    unseen: Manifest | None
    written_at: float
    is_settled: bool = False
    sets_replicas: bool = False

    def holds(self, live: Manifest, held: str) -> bool:
        """Tell whether `live`, which holds what is `held`, is as the write left it; remember its version then."""
        if held != self.held:
            return False
        self.verified = resource_version(live)
        return True


class Memory:
    """The last write of every object, by reference."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._written: dict[Ref, Written] = {}
        self._next_sweep = clock() + TIME_TO_LIVE

    def get(self, ref: Ref) -> Written | None:
        """Return the last write of `ref`, unless it is too long ago."""
        written = self._written.get(ref)
        return written if written is not None and self._is_fresh(written) else None

    def put(self, ref: Ref, written: Written) -> None:
        """Remember a write."""
        self._sweep()
        self._written[ref] = written

    def drop(self, ref: Ref) -> None:
        """Forget the last write of `ref`."""
        self._written.pop(ref, None)

    def latest(self, ref: Ref, seen: Manifest | None) -> Manifest | None:
        """Return the newer of what the store has `seen` and what our last write returned."""
        written = self.get(ref)
        if written is None or written.unseen is None:
            return seen
        if seen is None:
            return written.unseen if self.clock() - written.written_at < PATIENCE else None
        return seen if is_at_least(seen, written.unseen) else written.unseen

    def observe(self, change: Change) -> None:
        """Learn from a change of the store: our write arrived, or its object is gone."""
        obj = change.new or change.old
        if obj is None or (written := self._written.get(ref := Ref(change.kind, *key(obj)))) is None:
            return
        if change.new is None:
            if uid(obj) == written.uid:
                del self._written[ref]
        elif uid(obj) != written.uid:
            if written.unseen is None or is_at_least(obj, written.unseen):
                del self._written[ref]
        elif written.unseen is not None and is_at_least(obj, written.unseen):
            written.unseen = None

    def __len__(self) -> int:
        return len(self._written)

    def _is_fresh(self, written: Written) -> bool:
        return self.clock() - written.written_at < TIME_TO_LIVE

    def _sweep(self) -> None:
        if self.clock() < self._next_sweep:
            return
        self._written = {ref: written for ref, written in self._written.items() if self._is_fresh(written)}
        self._next_sweep = self.clock() + TIME_TO_LIVE


def is_at_least(seen: Manifest, written: Manifest) -> bool:
    """Tell whether `seen` is as new as `written`.

    The API server's resourceVersions are decimal numbers of one sequence per resource, and Kubernetes allows comparing
    them since 1.35; where one is not a number the store is believed.
    """
    ours, theirs = resource_version(written), resource_version(seen)
    if ours.isdecimal() and theirs.isdecimal():
        return int(theirs) >= int(ours)
    return True
