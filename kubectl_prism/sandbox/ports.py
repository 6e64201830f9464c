"""Which ports the servers of a sandbox listen on, and how free ones are found.

Called by `cluster`. Nothing is listened on here but for the moment of a look.
"""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from kubectl_prism.errors import PrismError

_RANGE = range(20000, 32000)
"""Below the ports that systems give to outgoing connections."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The port of each server."""

    api: int
    etcd: int
    etcd_peer: int
    controller_manager: int
    scheduler: int
    kwok: int

    def all(self) -> tuple[int, ...]:
        """Return every port."""
        return tuple(asdict(self).values())


def choose(api: int | None) -> Ports:
    """Return free ports, with the API server's as asked for; a PrismError where that one is taken."""
    if api is not None and not becomes_free(api, within=1):
        raise PrismError(f"port {api} is in use", hint="give another with --port, or none: then a free one is found")
    free = _candidates()
    if api is None:
        api = next(free)
    return Ports(api, *(port for port, _ in zip((port for port in free if port != api), range(5), strict=False)))


def _candidates() -> Iterator[int]:
    # Chosen at random, so that two sandboxes that start at once do not choose the same.
    for port in random.sample(_RANGE, k=len(_RANGE)):
        if is_free(port):
            yield port


def becomes_free(port: int, *, within: float) -> bool:
    """Tell whether a port is free, or is within so many seconds: a server that has just ended may still hold it."""
    deadline = time.monotonic() + within
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a port of the loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True
