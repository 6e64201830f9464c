"""Turns the API server's JSON into manifests, one object at a time, so that one odd object never spoils the rest.

Used by `client` for lists and by `informer` for lists and watches. Decoding only: no I/O, no store, no logging; what
could not be read is handed back as a fault, for the caller to count and report.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kubectl_prism.kube import trim
from kubectl_prism.model import meta
from kubectl_prism.model.meta import Key, Manifest
from kubectl_prism.model.resource import Resource

DEEPEST = 200
"""Nesting beyond this is nobody's manifest; Python's decoders give up near 1000."""

INITIAL_EVENTS_END = "k8s.io/initial-events-end"

UNREADABLE = (ValueError, RecursionError)
"""What reading hostile JSON raises: msgspec's errors and bad UTF-8 are ValueErrors, deep nesting is the other."""


_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


class ListMetadata(msgspec.Struct, rename="camel"):
    """A list's own metadata."""

    resource_version: str = ""
    continue_: str = msgspec.field(name="continue", default="")


class Page(msgspec.Struct):
    """One page of a list, its items not read yet."""

    metadata: ListMetadata = msgspec.field(default_factory=ListMetadata)
    items: list[msgspec.Raw] | None = None


class Event(msgspec.Struct):
    """One line of a watch, its object not read yet."""

    type: str
    object: msgspec.Raw


class Metadata(msgspec.Struct, rename="camel"):
    """The identity of an object, and what a bookmark says."""

    name: str = ""
    namespace: str = ""
    resource_version: str = ""
    annotations: dict[str, str] | None = None


class Identity(msgspec.Struct):
    """The least that is read of an object; it is readable even where the rest is odd."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)


@dataclass(frozen=True, slots=True)
class Fault:
    """An object that could not be read; `name` is empty where even that was unreadable."""

    name: str
    why: str


@dataclass(slots=True)
class Decoder:
    """Reads objects of one kind; builtin lists leave apiVersion and kind out of their items, here they are put back.

    `trimmed` leaves out what nobody reads; `known` returns an object as it was before: what is equal is kept once.
    """

    resource: Resource
    trimmed: bool = True
    known: Callable[[Key], Manifest | None] = lambda key: None
    faults: list[Fault] = field(default_factory=list)
    _manifest: msgspec.json.Decoder[Any] = field(init=False)

    def __post_init__(self) -> None:
        self._manifest = msgspec.json.Decoder(trim.shape(self.resource.kind) if self.trimmed else dict[str, Any])

    def manifest(self, raw: msgspec.Raw) -> Manifest | None:
        """Return one object, or None after noting a fault."""
        try:
            obj: Manifest = self._manifest.decode(raw)
            metadata = obj["metadata"]
            if not isinstance(metadata.get("name"), str) or not isinstance(metadata.get("labels") or {}, dict):
                raise ValueError("metadata.name is not a string, or metadata.labels is not a mapping")
            if self.trimmed:
                trim.odd(obj)
                trim.share(obj, self.known(meta.key(obj)))
        except (*UNREADABLE, KeyError, TypeError, AttributeError) as error:
            self.faults.append(Fault(_name(raw), f"{type(error).__name__}: {error}"))
            return None
        obj["apiVersion"], obj["kind"] = self.resource.api_version, self.resource.kind
        return obj

    def manifests(self, raws: Iterable[msgspec.Raw]) -> list[Manifest]:
        """Return the readable objects."""
        with collector_paused():
            return [obj for raw in raws if (obj := self.manifest(raw)) is not None]


whole: Callable[[bytes], Any] = msgspec.json.Decoder(trim.Whole).decode
"""Reads one object without managedFields, apiVersion and kind."""

_page = msgspec.json.Decoder(Page).decode
_event = msgspec.json.Decoder(Event).decode
_identity = msgspec.json.Decoder(Identity).decode


def page(body: bytes) -> Page:
    """Return a page of a list; ValueError where it is none."""
    try:
        return _page(body)
    except RecursionError:
        return _page(_shallow(body))


def event(line: bytes) -> Event:
    """Return an event of a watch; ValueError where it is none."""
    try:
        return _event(line)
    except RecursionError:
        return _event(_shallow(line))


def newest(events: list[Event]) -> list[Event]:
    """Leave out what a later event of the same object makes out of date; that an object went is always told."""
    if len(events) < 2:
        return events
    kept: list[Event] = []
    told: set[Key] = set()
    for one in reversed(events):
        found = identity(one.object)
        known = Key(found.namespace, found.name)
        if one.type == "DELETED":
            told.discard(known)
        elif known in told:
            continue
        elif found.name:
            told.add(known)
        kept.append(one)
    kept.reverse()
    return kept


def identity(raw: msgspec.Raw) -> Metadata:
    """Return what an object is called; empty fields where even that is unreadable."""
    try:
        return _identity(raw).metadata
    except UNREADABLE:
        return Metadata()


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the cyclic collector off while thousands of acyclic objects are made: it would scan each of them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def collect_seldom() -> None:
    """Look for garbage seldom, and among what is new: caches hold many objects that live on, and a look takes long."""
    gc.set_threshold(10_000, 5, 1000)


def settle() -> None:
    """Move everything that lives now out of the collector's sight; called after a big list is in the store."""
    gc.collect()
    gc.freeze()


def _shallow(body: bytes) -> bytes:
    """Put what no decoder accepts in place of what is nested too deep to read, so that only its own object is lost."""
    kept: list[bytes] = []
    depth = begin = 0
    for token in _TOKEN.finditer(body):
        match token.group()[:1]:
            case b"{" | b"[":
                depth += 1
                if depth == DEEPEST:
                    kept.append(body[begin : token.start()])
            case b"}" | b"]":
                if depth == DEEPEST:
                    kept.append(b'"\xff"')
                    begin = token.end()
                depth -= 1
    return b"".join([*kept, body[begin:]])


def _name(raw: msgspec.Raw) -> str:
    found = identity(raw)
    return f"{found.namespace}/{found.name}" if found.namespace else found.name
