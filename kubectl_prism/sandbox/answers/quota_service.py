"""A simulated proxy: the quota service, and requests that are held to it, over one stack's Tenancy."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from kubectl_prism.proxy import quotas
from kubectl_prism.proxy.proto import quota_pb2 as pb
from kubectl_prism.proxy.proto import traffic_pb2 as traffic
from kubectl_prism.proxy.serving import Handler
from kubectl_prism.proxy.traffic import CONNECT, GET, SET
from kubectl_prism.sandbox.answers.journal import Journal
from kubectl_prism.sandbox.answers.tenancy import Tenancy

SERVER = "simulated proxy"
LONGEST_PAGE = 500
LONGEST_SILENCE = 10.0
"""Seconds after which a stream of use says something though nothing changed."""


class QuotaService:
    """Answers for one proxy; `tenancy` is shared by all of its stack."""

    def __init__(self, tenancy: Tenancy, journal: Journal) -> None:
        self._tenancy = tenancy
        self._journal = journal

    def handlers(self) -> list[Handler]:
        """Return what answers each method."""
        return [
            Handler(quotas.APPLY, self.apply),
            Handler(quotas.GET, self.get),
            Handler(quotas.LIST, self.list),
            Handler(quotas.DELETE, self.delete),
            Handler(quotas.WATCH_USAGE, self.watch_usage),
            Handler(SET, self.set),
            Handler(GET, self.read),
            Handler(CONNECT, self.connect),
        ]

    async def apply(self, request: pb.ApplyRequest) -> pb.ApplyResponse:
        """Make or replace a namespace."""
        namespace, changed = self._tenancy.apply(request.namespace)
        if changed:
            self._journal.say("holds a namespace to its limits", namespace=namespace.id, owner=namespace.owner)
        return pb.ApplyResponse(namespace=namespace, changed=changed, server=SERVER)

    async def get(self, request: pb.GetRequest) -> pb.Namespace:
        """Return a namespace."""
        return self._tenancy.shown(request.id)

    async def list(self, request: pb.ListRequest) -> pb.ListResponse:
        """Return a page of namespaces; the token is the last identifier of the page before."""
        ids = [id for id in self._tenancy.ids() if id > request.page_token]
        page = ids[: min(request.page_size or LONGEST_PAGE, LONGEST_PAGE)]
        return pb.ListResponse(
            namespaces=[self._tenancy.shown(id) for id in page],
            next_page_token=page[-1] if len(page) < len(ids) else "",
            server=SERVER,
        )

    async def delete(self, request: pb.DeleteRequest) -> pb.DeleteResponse:
        """Forget a namespace."""
        self._tenancy.delete(request.id, request.owner)
        self._journal.say("released a namespace", namespace=request.id)
        return pb.DeleteResponse()

    async def watch_usage(self, request: pb.WatchUsageRequest) -> AsyncIterator[pb.UsageReport]:
        """Tell what is used: all first, then what changed."""
        told: dict[str, pb.Usage] = {}
        due = 0.0
        while True:
            used = {id: self._tenancy.shown(id).usage for id in self._tenancy.ids()}
            changed = {id: usage for id, usage in used.items() if told.get(id) != usage}
            if changed or time.monotonic() >= due:
                yield pb.UsageReport(usage=changed, server=SERVER)
                due = time.monotonic() + LONGEST_SILENCE
            told = used
            await asyncio.sleep(max(0.1, request.interval_ms / 1000))

    async def set(self, request: traffic.SetRequest) -> traffic.SetResponse:
        """Store a value."""
        self._tenancy.set(request.namespace, request.key, request.value)
        return traffic.SetResponse()

    async def read(self, request: traffic.GetRequest) -> traffic.GetResponse:
        """Return a value."""
        found = self._tenancy.get(request.namespace, request.key)
        return traffic.GetResponse(found=found is not None, value=found or b"")

    async def connect(self, request: traffic.ConnectRequest) -> AsyncIterator[traffic.Connected]:
        """Count as one client until the call ends."""
        with self._tenancy.connected(request.namespace):
            yield traffic.Connected()
            await asyncio.Event().wait()
