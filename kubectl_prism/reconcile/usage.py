"""What the tenants of one control plane use, kept up to date by one stream for all of them.

A stream tells all tenants first and then those that changed; a tenant that is missing from the first is one that the
other side does not have any more, as after a restart with an empty disk.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping

from kubectl_prism.kube.backoff import Backoff
from kubectl_prism.proxy.errors import ProxyError
from kubectl_prism.proxy.tenant import Usage

LONGEST_PAUSE = 10.0

log = logging.getLogger(__name__)

Stream = Callable[[], AsyncIterator[Mapping[str, Usage]]]


class Feed:
    """The use of every tenant, by its id. `tellings` counts how often all of them were told: 0 for never."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._known: dict[str, Usage] = {}
        self.tellings = 0

    def of(self, id: str) -> Usage | None:
        """Return what a tenant uses; None where the other side does not have it, or nothing was told yet."""
        return self._known.get(id)

    async def run(self) -> None:
        """Listen until cancelled, beginning anew whenever the stream ends."""
        backoff = Backoff()
        while True:
            is_first = True
            try:
                async for told in self._stream():
                    self._known = {**({} if is_first else self._known), **told}
                    self.tellings += is_first
                    is_first = False
            except ProxyError as error:
                log.debug("the stream of usage ended: %s", error)
            await asyncio.sleep(backoff.failed(cap=LONGEST_PAUSE))
