"""Calls the API server: every verb that a reconciler, a command or a check needs, on plain manifests.

Built once for a command over a `Cluster`; safe to share among tasks. At most 16 writes are on their way at a time,
every call has a deadline, and only what cannot do harm is tried again. It never caches: that is the informer's and the
store's work. Whoever wants to know what is asked hands in `on_request`.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from types import TracebackType
from typing import Any, TypeVar

import msgspec
from aiohttp import ClientWebSocketResponse

from kubectl_prism.kube import decode
from kubectl_prism.kube.config import Cluster
from kubectl_prism.kube.errors import ApiError, Gone, NotFound, TooManyRequests, Unreachable
from kubectl_prism.kube.transport import SEND_BY, Answer, Transport
from kubectl_prism.kube.writes import Writes
from kubectl_prism.model.meta import FIELD_MANAGER, Key, Manifest
from kubectl_prism.model.resource import Resource, resource

log = logging.getLogger("kubectl_prism.kube.requests")

PAGE = 500
DEADLINE = 30.0
QUIET = 86_400.0
"""Seconds for which a log that is followed may say nothing."""
TRIES = 5
MISSES = 3
REST = 2.0
"""After so many tries in a row that nobody answered, the server is left alone for so many seconds, however many want to
ask it something. Leases are still asked for, since time runs there."""

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"

Manifests = list[Manifest]
T = TypeVar("T")

_object = msgspec.json.Decoder(Manifest).decode

Observer = Callable[[str, str, int, float], None]
"""Called after every try with verb, kind, HTTP status (0 when there was no answer) and seconds; `on_retry` before the
next try with the first three."""


class Client:
    """One API server; use it as `async with Client(cluster) as client`.

    Every method raises ApiError when the server says no, Unreachable when it says nothing, and PrismError when logging
    in fails.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        on_request: Observer | None = None,
        on_retry: Callable[[str, str, int], None] | None = None,
        on_warning: Callable[[str], None] | None = None,
    ) -> None:
        self.cluster = cluster
        self.streams_lists = True
        """Whether lists may be asked for as a stream; the first informer that is refused turns this off."""
        self._on_retry = on_retry or (lambda verb, kind, status: None)
        self._on_request = on_request or (lambda verb, kind, status, seconds: None)
        self._transport = Transport(cluster, on_warning)
        self._writes = Writes()
        self._misses = 0
        self._rests_until = 0.0

    async def __aenter__(self) -> Client:
        """Open the sessions; nothing is sent."""
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the sessions; running calls and streams end with Unreachable."""
        await self._transport.__aexit__(kind, error, trace)

    async def get(self, kind: str, namespace: str, name: str) -> Manifest:
        """Return one object as it is now; `namespace` is empty for a kind that has none."""
        return _manifest(await self._do("get", kind, resource(kind).path(namespace, name)))

    async def list(
        self, kind: str, namespace: str | None = None, *, labels: str | None = None, fields: str | None = None
    ) -> list[Manifest]:
        """Return all objects of a kind, read in pages; `labels` and `fields` are selectors.

        A page token that expires on the way starts the list anew, in one piece. What cannot be read is left out.
        """
        query = {"limit": str(PAGE)} | selectors(labels, fields)
        try:
            return await self._pages(kind, namespace, query)
        except Gone:
            return await self._pages(kind, namespace, query | {"limit": "0"})

    async def page(self, kind: str, namespace: str | None, query: Mapping[str, str]) -> decode.Page:
        """Return one page of a list, its items not read yet."""
        answer = await self._do("list", kind, resource(kind).path(namespace), query=query)
        return _read(answer, decode.page)

    async def create(self, manifest: Manifest, *, manager: str = FIELD_MANAGER, dry_run: bool = False) -> Manifest:
        """Create an object and return it without managedFields; AlreadyExists when there is one of that name."""
        path = _of(manifest).path(_metadata(manifest).get("namespace"))
        query = _write_query(manager, dry_run)
        return _written(await self._do("create", manifest["kind"], path, query=query, body=manifest), manifest)

    async def apply(
        self,
        manifest: Manifest,
        *,
        manager: str = FIELD_MANAGER,
        subresource: str | None = None,
        force: bool = True,
        dry_run: bool = False,
    ) -> Manifest:
        """Apply an object, or a subresource of it, server-side and return what it became, without managedFields.

        Without `force`, Conflict names the fields that another manager owns.
        """
        metadata = _metadata(manifest)
        path = _of(manifest).path(metadata.get("namespace"), metadata["name"], subresource)
        query = _write_query(manager, dry_run) | {"force": str(force).lower()}
        answer = await self._do("apply", manifest["kind"], path, query=query, body=manifest, content_type=APPLY)
        return _written(answer, manifest)

    async def update(self, manifest: Manifest, *, manager: str = FIELD_MANAGER) -> Manifest:
        """Replace an object and return what it became; Conflict when it is not at the resourceVersion named."""
        metadata = _metadata(manifest)
        path = _of(manifest).path(metadata.get("namespace"), metadata["name"])
        return _manifest(
            await self._do("update", manifest["kind"], path, query={"fieldManager": manager}, body=manifest)
        )

    async def patch(
        self, kind: str, namespace: str, name: str, operations: Sequence[Manifest], *, subresource: str | None = None
    ) -> Manifest:
        """Change an object, or a subresource of it, by JSON Patch operations and return what it became."""
        path = resource(kind).path(namespace, name, subresource)
        return _manifest(await self._do("patch", kind, path, body=operations, content_type=JSON_PATCH))

    async def delete(
        self, kind: str, namespace: str, name: str, *, uid: str | None = None, propagation: str = "Background"
    ) -> None:
        """Delete an object, only that of `uid` when given; NotFound when there is none, Conflict on another uid."""
        options: Manifest = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        await self._do("delete", kind, resource(kind).path(namespace, name), body=options)

    async def allowed(
        self, verb: str, resource: Resource, namespace: str | None = None, subresource: str | None = None
    ) -> bool:
        """Tell whether we may do `verb`, by the server's own access review; `namespace` None means in all of them."""
        attributes = {"verb": verb, "group": resource.group, "resource": resource.plural}
        attributes |= {"namespace": namespace} if namespace and resource.namespaced else {}
        attributes |= {"subresource": subresource} if subresource else {}
        review: Manifest = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        path = _of(review).path()
        answer = _manifest(await self._do("create", review["kind"], path, body=review, is_safe=True))
        return bool(answer.get("status", {}).get("allowed"))

    async def has(self, kind: str) -> bool:
        """Tell whether the API server serves a kind."""
        wanted = resource(kind)
        try:
            served = _manifest(await self._do("get", "APIResourceList", wanted.path().rsplit("/", 1)[0]))
        except NotFound:
            return False
        return any(item.get("name") == wanted.plural for item in served.get("resources") or [])

    async def version(self) -> str:
        """Return the API server's version, as v1.36.3."""
        return str(_manifest(await self._do("get", "Version", "/version")).get("gitVersion") or "unknown")

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = JSON,
        timeout: float | None = None,
    ) -> Answer:
        """Send one request, once, and return its answer; `timeout` in seconds."""
        deadline = timeout or self.cluster.request_timeout or DEADLINE
        return await self._transport.call(
            method, path, query=query or {}, body=body, content_type=content_type, deadline=deadline
        )

    @asynccontextmanager
    async def watch(
        self,
        kind: str,
        namespace: str | None,
        query: Mapping[str, str],
        *,
        silence: Callable[[], float],
        gather: Callable[[int], float] = lambda size: 0.0,
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a watch on the session of streams and give its chunks of bytes as they come.

        After a chunk of so many bytes, what comes within `gather(bytes)` seconds is left to gather. Raises Silent when
        none came for `silence()` seconds; it has no other deadline.
        """
        path = resource(kind).path(namespace)
        stream = self._transport.stream(path, query={"watch": "true", **query}, silence=silence, gather=gather)
        async with self._opened("watch", kind, stream) as chunks:
            yield chunks

    @asynccontextmanager
    async def log(self, pod: Key, query: Mapping[str, str]) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open the log of a pod's container and give its chunks of bytes as they come, however long none comes."""
        path = resource("Pod").path(pod.namespace, pod.name, "log")
        stream = self._transport.stream(path, query=query, silence=lambda: QUIET, gather=lambda size: 0.0)
        async with self._opened("log", "Pod", stream) as chunks:
            yield chunks

    @asynccontextmanager
    async def websocket(
        self, kind: str, key: Key, subresource: str, *, query: Mapping[str, str], protocol: str
    ) -> AsyncIterator[ClientWebSocketResponse]:
        """Open a websocket to a subresource, such as a pod's portforward, that speaks `protocol`."""
        path = resource(kind).path(key.namespace, key.name, subresource)
        opening = self._transport.websocket(path, query=query, protocol=protocol)
        async with self._opened("connect", kind, opening) as socket:
            yield socket

    @asynccontextmanager
    async def _opened(self, verb: str, kind: str, opening: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
        """Open what lasts, and count it as a request that was done or refused."""
        began = time.monotonic()
        async with AsyncExitStack() as stack:
            try:
                found = await stack.enter_async_context(opening)
            except (ApiError, Unreachable) as error:
                self._on_request(verb, kind, _status(error), time.monotonic() - began)
                raise
            self._on_request(verb, kind, 200, time.monotonic() - began)
            yield found

    async def _pages(self, kind: str, namespace: str | None, query: Mapping[str, str]) -> Manifests:
        decoder = decode.Decoder(resource(kind), trimmed=False)
        found: Manifests = []
        token: dict[str, str] = {}
        while True:
            page = await self.page(kind, namespace, {**query, **token})
            found += decoder.manifests(page.items or ())
            if not page.metadata.continue_:
                return found
            token = {"continue": page.metadata.continue_}

    async def _do(
        self,
        verb: str,
        kind: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,  # noqa: ANN401 (whatever JSON can say)
        content_type: str = JSON,
        is_safe: bool = False,
    ) -> Answer:
        """Send a request, again where that does no harm, with one deadline over all tries."""
        if self._misses >= MISSES and time.monotonic() < self._rests_until and kind != "Lease":
            raise Unreachable(self.cluster.address, "it did not answer a moment ago")
        content = None if body is None else msgspec.json.encode(body)
        # A Lease is renewed in time or not at all, so it does not queue behind other writes.
        is_write = not is_safe and verb not in ("get", "list") and kind != "Lease"
        is_safe = is_safe or verb in ("get", "list", "apply", "update")
        async with self._writes if is_write else nullcontext():
            end = time.monotonic() + (self.cluster.request_timeout or DEADLINE)
            for attempt in range(TRIES):
                try:
                    return await self._once(verb, kind, path, query, content, content_type, end)
                except (ApiError, Unreachable) as error:
                    pause = _pause(error, attempt, is_safe=is_safe)
                    if pause is None or attempt == TRIES - 1 or time.monotonic() + pause >= min(end, SEND_BY.get()):
                        raise
                    if kind == "Lease" and isinstance(error, TooManyRequests):
                        raise  # it may run out before a busy server wants to be asked again
                    self._on_retry(verb, kind, _status(error))
                await asyncio.sleep(pause)
        raise AssertionError("the last try returns or raises")

    async def _once(
        self,
        verb: str,
        kind: str,
        path: str,
        query: Mapping[str, str] | None,
        content: bytes | None,
        content_type: str,
        end: float,
    ) -> Answer:
        began = time.monotonic()
        try:
            answer = await self.request(
                _METHODS[verb], path, query=query, body=content, content_type=content_type, timeout=end - began
            )
        except (ApiError, Unreachable) as error:
            self._misses = self._misses + 1 if isinstance(error, Unreachable) else 0
            self._rests_until = time.monotonic() + REST
            self._on_request(verb, kind, _status(error), time.monotonic() - began)
            raise
        self._misses = 0
        self._count(verb, kind, answer.status, time.monotonic() - began)
        return answer

    def _count(self, verb: str, kind: str, status: int, seconds: float) -> None:
        log.debug("%s %s: %s in %.0f ms", verb, kind, status or "no answer", seconds * 1000)
        self._on_request(verb, kind, status, seconds)


_METHODS = {
    "get": "GET",
    "list": "GET",
    "create": "POST",
    "apply": "PATCH",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
}


def selectors(labels: str | None, fields: str | None = None) -> dict[str, str]:
    """Return the query of label and field selectors."""
    query = {"labelSelector": labels} if labels else {}
    return query | ({"fieldSelector": fields} if fields else {})


def _pause(error: ApiError | Unreachable, attempt: int, *, is_safe: bool) -> float | None:
    """Return the seconds to wait before another try, or None where one would be useless or harmful.

    A request that was turned away with 429 was not begun, so any verb may come again; after a broken connection or an
    internal error it may have been done, so only those may whose second time changes nothing. A server that cannot be
    reached at all is reported at once.
    """
    match error:
        case TooManyRequests():
            return (error.retry_after or 1.0) * random.uniform(1.0, 1.1)  # noqa: S311 (spreads load, guards nothing)
        case ApiError(status=502 | 503 | 504) if is_safe and not error.is_from_future:
            return error.retry_after or 0.2 * 2**attempt
        case ApiError(status=500) if is_safe:
            return error.retry_after
        case Unreachable(is_cut=True) if is_safe and attempt == 0:
            return 0.0
        case _:
            return None


def _status(error: ApiError | Unreachable) -> int:
    return error.status if isinstance(error, ApiError) else 0


def _manifest(answer: Answer) -> Manifest:
    return _read(answer, _object)


def _written(answer: Answer, manifest: Manifest) -> Manifest:
    after: Manifest = _read(answer, decode.whole)
    return after | {"apiVersion": manifest["apiVersion"], "kind": manifest["kind"]}


def _read(answer: Answer, decoder: Callable[[bytes], T]) -> T:
    """Decode an answer; what is not an API server's answer (a proxy's login page, say) is an error in words."""
    try:
        return decoder(answer.body)
    except decode.UNREADABLE as error:
        raise ApiError(answer.status, "Unreadable", "the answer is not what an API server sends") from error


def _metadata(manifest: Manifest) -> Manifest:
    metadata: Manifest = manifest["metadata"]
    return metadata


def _of(manifest: Manifest) -> Resource:
    return resource(manifest["kind"])


def _write_query(manager: str, dry_run: bool) -> dict[str, str]:
    return {"fieldManager": manager} | ({"dryRun": "All"} if dry_run else {})
