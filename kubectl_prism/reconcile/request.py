"""What a reconciler is asked, and what it may answer.

A request is a key, never an event: whoever works on it reads everything anew. The four outcomes are done
(`Result()`), later (`Result(requeue_after=…)` or `Postponed`), error (any other exception) and terminal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from kubectl_prism.errors import PrismError
from kubectl_prism.model.meta import Key, Manifest, Ref, key


class Request(NamedTuple):
    """One object to look at again; a tuple because the queue hashes it many times."""

    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, obj: Manifest) -> Request:
        """Return the request for `obj` itself."""
        return cls(obj.get("kind") or "", *key(obj))

    @property
    def ref(self) -> Ref:
        """The object as a reference."""
        return Ref(self.kind, self.namespace, self.name)

    def __str__(self) -> str:
        return f"{self.kind} {Key(self.namespace, self.name)}"


@dataclass(frozen=True, slots=True)
class Result:
    """A reconcile that ended well; `requeue_after` seconds from now it wants to run again, None for never."""

    requeue_after: float | None = None


class TerminalError(PrismError):
    """Trying again changes nothing until somebody changes an object; `reason` is a condition's CamelCase word."""

    def __init__(self, reason: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class Postponed(PrismError):
    """The world is between two states; the reconcile comes again `after` seconds, without counting as a failure."""

    def __init__(self, message: str, *, after: float) -> None:
        super().__init__(message)
        self.after = after
