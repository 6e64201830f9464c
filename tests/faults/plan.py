"""What a fault is: an action, what triggers it, and how often it happens.

Tests make rules, `proxy` asks the plan about every request and every event of a watch. Nothing here knows a socket.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

READS = ("get", "list", "watch", "connect")
ASIDE = ("leases", "events", "selfsubjectaccessreviews")
"""Resources that say nothing about desired state: who leads, what is told to people, what may be done."""

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "CONNECT": "connect"}


@dataclass(slots=True)
class Asked:
    """One request of the client, and what came of it; times are monotonic seconds, status 0 means no answer."""

    verb: str
    group: str
    resource: str
    namespace: str
    name: str
    subresource: str
    query: Mapping[str, str]
    status_told: Any = None
    """The status that it writes, if any."""
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    status: int = 0
    again: float = 0.0
    """The seconds of the answer's Retry-After, 0 where it has none."""
    events: int = 0
    """Events of a watch that reached the client; bookmarks are none."""

    @property
    def is_write(self) -> bool:
        """Whether it changes desired state or a status, not a Lease or an Event."""
        return self.verb not in READS and self.resource not in ASIDE

    @property
    def is_done(self) -> bool:
        """Whether the server did it."""
        return 200 <= self.status < 300

    @property
    def is_listing(self) -> bool:
        """Whether it reads a whole kind: a list's first page, or a watch that begins with the list."""
        if self.verb == "watch":
            return "sendInitialEvents" in self.query
        return self.verb == "list" and "continue" not in self.query

    @property
    def object(self) -> str:
        """The object as `resource/name`."""
        return f"{self.resource}/{self.name}"


def asked(method: str, path: str, query: Mapping[str, str], body: bytes) -> Asked:
    """Read a request as the API server understands it."""
    parts = [part for part in path.split("/") if part]
    group = parts[1] if parts[:1] == ["apis"] and len(parts) > 2 else ""
    rest = parts[3:] if parts[:1] == ["apis"] else parts[2:]
    namespace = ""
    if len(rest) > 2 and rest[0] == "namespaces":
        namespace, rest = rest[1], rest[2:]
    resource, name, subresource = [*rest, "", "", ""][:3]
    verb = _VERBS.get(method) or (
        "watch" if query.get("watch") == "true" else "get" if name or not resource else "list"
    )
    if verb == "create" and not name:
        name = _name(body)
    told = _status(body) if subresource == "status" else None
    return Asked(verb, group, resource, namespace, name, subresource, dict(query), told)


def _name(body: bytes) -> str:
    found = _json(body)
    return str(found["metadata"].get("name") or "") if isinstance(found, dict) and "metadata" in found else ""


def _status(body: bytes) -> Any:  # noqa: ANN401 - JSON
    """Return the status of an apply, or of a JSON patch that replaces it whole."""
    match _json(body):
        case {"status": status}:
            return status
        case [*_, {"path": "/status", "value": status}]:
            return status
    return None


def _json(body: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(body)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Delay:
    """Wait between `shortest` and `longest` seconds, then go on."""

    shortest: float
    longest: float


@dataclass(frozen=True, slots=True)
class Hold:
    """Wait until the gate opens, then go on."""

    gate: Gate


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer in the API server's place."""

    status: int
    body: str = ""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drop:
    """Have the request done, and cut the connection where the answer should come."""


@dataclass(frozen=True, slots=True)
class Call:
    """Have the request done, call, and give the answer: before the call, or never where `unanswered`."""

    do: Callable[[], None]
    unanswered: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """End a stream: in the middle of its next line, or properly where `clean`; a call is cut before it is done."""

    clean: bool = False


@dataclass(frozen=True, slots=True)
class Say:
    """Put a line into a watch in place of what comes next, and end it."""

    line: str


@dataclass(frozen=True, slots=True)
class Swallow:
    """Answer nothing, ever: not to a request, and not a byte more in a stream."""


@dataclass(frozen=True, slots=True)
class Throttle:
    """Let so many bytes a second through."""

    rate: float


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the server with other parameters than the client did."""

    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Ask the server at another URL, and with other parameters than the client did where `query` holds some."""

    server: str
    query: Mapping[str, str] = field(default_factory=dict)


Action = Delay | Hold | Refuse | Drop | Call | Cut | Say | Swallow | Throttle | Ask | Elsewhere


class Gate:
    """What holds requests until it is opened."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.reached = threading.Event()
        """Set once something waits at the gate."""

    def open(self) -> None:
        """Let everything through, now and later."""
        self.opened.set()


@dataclass(slots=True)
class Rule:
    """Do `action` to requests that match: from the `nth` on, `count` times, None for always.

    With `event` it is done at the n-th event of matching watches (0: at the next byte, whatever it is).
    """

    action: Action
    verb: Collection[str] = ()
    resource: Collection[str] = ()
    name: str | None = None
    writes: bool = False
    listing: bool | None = None
    event: int | None = None
    nth: int = 1
    count: int | None = 1
    done: int = 0
    _seen: int = 0

    def matches(self, asked: Asked) -> bool:
        """Tell whether a request is of the kind that this rule is about."""
        return (
            (not self.verb or asked.verb in self.verb)
            and (not self.resource or asked.resource in self.resource)
            and (self.name is None or asked.name == self.name)
            and (not self.writes or asked.is_write)
            and (self.listing is None or asked.is_listing == self.listing)
        )

    def fires(self) -> bool:
        """Count one match; tell whether the action is to be done now."""
        self._seen += 1
        first = self.nth if self.event is None else max(self.event, 1)
        if self._seen < first or (self.count is not None and self.done >= self.count):
            return False
        self.done += 1
        return True


class Plan:
    """The rules in force, of which the first that matches is done."""

    def __init__(self) -> None:
        self._rules: tuple[Rule, ...] = ()

    def lay(self, *rules: Rule) -> None:
        """Put these rules in force in place of those before."""
        self._rules = rules

    def at_request(self, asked: Asked) -> Action | None:
        """Return what to do to a request."""
        return self._first(rule for rule in self._rules if rule.event is None and rule.matches(asked))

    def at_event(self, asked: Asked, *, is_event: bool) -> Action | None:
        """Return what to do at the next line of a watch."""
        found = [rule for rule in self._rules if rule.event is not None and rule.matches(asked)]
        return self._first(rule for rule in found if is_event or rule.event == 0)

    @staticmethod
    def _first(rules: Any) -> Action | None:  # noqa: ANN401 - any iterable of rules
        return next((rule.action for rule in rules if rule.fires()), None)
