"""Asks what we may do before anything is done.

Called by commands ahead of their first write. Uses the API server's own access review, so it also honours webhooks and
impersonation; it changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from kubectl_prism.kube.client import Client
from kubectl_prism.model.resource import Resource

REVIEWS_IN_FLIGHT = 16


class Ask(NamedTuple):
    """One thing to do; `namespace` None means in all namespaces."""

    verb: str
    resource: Resource
    subresource: str | None = None
    namespace: str | None = None

    def __str__(self) -> str:
        what = self.resource.full_name + (f"/{self.subresource}" if self.subresource else "")
        where = f" in namespace {self.namespace}" if self.namespace and self.resource.namespaced else ""
        return f"{self.verb} {what}{where}"


async def refused(client: Client, wanted: Iterable[Ask]) -> list[Ask]:
    """Return what of `wanted` we may not do, in the order asked; an empty list means go ahead."""
    asks = list(dict.fromkeys(wanted))
    slots = asyncio.Semaphore(REVIEWS_IN_FLIGHT)

    async def is_allowed(ask: Ask) -> bool:
        async with slots:
            return await client.allowed(ask.verb, ask.resource, ask.namespace, ask.subresource)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(is_allowed(ask), name=f"review {ask}") for ask in asks]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [ask for ask, task in zip(asks, tasks, strict=True) if not task.result()]
