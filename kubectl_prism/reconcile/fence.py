"""Lets no write out that could still be on its way when another reconciler may lead.

The writers get `Fenced` instead of the client; `leader` says until when. A process that was frozen sends nothing late;
what it had sent before cannot be called back: it is an apply of the same intent, or names a uid.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from kubectl_prism.kube.leader import NotLeading
from kubectl_prism.kube.transport import SEND_BY
from kubectl_prism.model.meta import FIELD_MANAGER, Manifest
from kubectl_prism.reconcile.api import API

T = TypeVar("T")


class Fenced:
    """The API as the leader may use it.

    `fence` returns the monotonic second by which a write that begins now must be over, and raises where none may begin.
    """

    def __init__(self, api: API, fence: Callable[[], float], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._fence = fence
        self._clock = clock

    async def get(self, kind: str, namespace: str, name: str) -> Manifest:
        """Return one object as it is now."""
        return await self._api.get(kind, namespace, name)

    async def create(self, manifest: Manifest, *, manager: str = FIELD_MANAGER) -> Manifest:
        """Create an object that must not exist yet."""
        return await self._in_time(lambda: self._api.create(manifest, manager=manager))

    async def apply(
        self, manifest: Manifest, *, manager: str = FIELD_MANAGER, subresource: str | None = None, force: bool = True
    ) -> Manifest:
        """Apply server-side."""
        return await self._in_time(
            lambda: self._api.apply(manifest, manager=manager, subresource=subresource, force=force)
        )

    async def patch(
        self, kind: str, namespace: str, name: str, operations: list[Manifest], *, subresource: str | None = None
    ) -> Manifest:
        """Apply a JSON patch."""
        return await self._in_time(lambda: self._api.patch(kind, namespace, name, operations, subresource=subresource))

    async def delete(
        self, kind: str, namespace: str, name: str, *, uid: str | None = None, propagation: str = "Background"
    ) -> None:
        """Delete an object, only the one with `uid` where it is given."""
        await self._in_time(lambda: self._api.delete(kind, namespace, name, uid=uid, propagation=propagation))

    async def _in_time(self, write: Callable[[], Coroutine[Any, Any, T]]) -> T:
        end = self._fence()
        token = SEND_BY.set(end)
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + end - self._clock()):
                return await write()
        except TimeoutError as error:
            raise NotLeading("a write was given up: the Lease would have run out before its answer") from error
        finally:
            SEND_BY.reset(token)
