"""A simulated admin, with the manners of the real one: it records, forgets what it is not told again, and takes nothing
back.

All admins of a stack share one Record, as those of a Raft cluster do. One that does not lead forwards to a port where
nobody listens, which takes two seconds and fails.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from kubectl_prism.proxy import control_plane
from kubectl_prism.proxy.proto import control_plane_pb2 as pb
from kubectl_prism.proxy.serving import Handler, Refusal

PARTITIONS = 256
FORWARDING = 2.0
"""The seconds that a follower tries to reach its leader."""


@dataclass(slots=True)
class Record:
    """What the admins of one stack know: proxies by id, namespaces with their partition, proxy and metadata."""

    proxies: dict[str, pb.ProxyRegistration] = field(default_factory=dict)
    namespaces: dict[str, pb.NamespaceAssignment] = field(default_factory=dict)
    assigned: dict[str, str] = field(default_factory=dict)

    def proxy_of(self, partition: int) -> str:
        """Return the proxy that a partition belongs to, by the ranges that all proxies ever registered share."""
        ids = sorted(self.proxies)
        if not ids:
            raise Refusal("FAILED_PRECONDITION", f"no proxy assigned to partition {partition}: no proxies available")
        return ids[min(partition // (PARTITIONS // len(ids)), len(ids) - 1)]


class AdminService:
    """One admin; `leads` tells whether it does."""

    def __init__(self, record: Record, *, leads: Callable[[], bool]) -> None:
        self._record = record
        self._leads = leads

    def handlers(self) -> list[Handler]:
        """Return what answers each method."""
        return [
            Handler(control_plane.REGISTER_PROXY, self.register),
            Handler(control_plane.CREATE_NAMESPACE, self.create),
            Handler(control_plane.REVOKE_NAMESPACE, self.revoke),
        ]

    async def register(self, request: pb.ProxyRegistration) -> pb.ProxyRegistrationAck:
        """Know a proxy from now on, or what is new about it; its region stays what it was."""
        await self._lead()
        known = self._record.proxies.get(request.proxy_id)
        found = pb.ProxyRegistration()
        found.CopyFrom(request)
        if known is not None:
            found.region = known.region
        self._record.proxies[request.proxy_id] = found
        mine = [told for id, told in self._record.namespaces.items() if self._record.assigned[id] == request.proxy_id]
        return pb.ProxyRegistrationAck(success=True, message="Proxy registered successfully", initial_namespaces=mine)

    async def create(self, request: pb.CreateNamespaceRequest) -> pb.CreateNamespaceResponse:
        """Record a namespace, whatever its name, and wipe what it said before."""
        await self._lead()
        partition = zlib.crc32(request.namespace.encode()) % PARTITIONS
        proxy = self._record.proxy_of(partition)
        kept = pb.NamespaceConfig(metadata=dict(request.config.metadata))
        self._record.namespaces[request.namespace] = pb.NamespaceAssignment(
            namespace=request.namespace, partition_id=partition, config=kept, version=1
        )
        self._record.assigned[request.namespace] = proxy
        return pb.CreateNamespaceResponse(
            success=True,
            message="Namespace created successfully",
            assigned_partition=partition,
            assigned_proxy=proxy,
        )

    async def revoke(self, request: pb.NamespaceRevocation) -> pb.NamespaceRevocationAck:
        """Acknowledge, and do nothing."""
        message = "Namespace revocation not yet implemented"
        return pb.NamespaceRevocationAck(success=True, message=message, revoked_at=int(time.time()))

    async def _lead(self) -> None:
        if not self._leads():
            await asyncio.sleep(FORWARDING)
            raise Refusal("UNAVAILABLE", "failed to connect to leader: context deadline exceeded")
