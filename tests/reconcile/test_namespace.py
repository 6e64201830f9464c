"""When a PrismNamespace ends, by a clock that moves only when told to. What proxies say is tested on a real cluster."""

from __future__ import annotations

import datetime
from typing import Any, cast

import pytest

from kubectl_prism.kube.client import Client
from kubectl_prism.reconcile.apply import Applier
from kubectl_prism.reconcile.claims import Claims
from kubectl_prism.reconcile.events import Recorder
from kubectl_prism.reconcile.namespace import NamespaceReconciler
from kubectl_prism.reconcile.reach import Planes
from kubectl_prism.reconcile.request import Request
from kubectl_prism.reconcile.tools import Pace, Tools
from kubectl_prism.store import Store
from tests.reconcile.fake import Clock, Server

BEGAN = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
HOUR = 3600.0


class Told(Recorder):
    """Remembers what it is told."""

    def __init__(self, server: Server, clock: Clock) -> None:
        super().__init__(server, clock=clock)
        self.reasons: list[str] = []

    def event(self, obj: Any, type: str, reason: str, message: str) -> None:  # noqa: ANN401 - JSON
        self.reasons.append(reason)


class Room:
    """The reconciler with one namespace of a stack that is not there; `hours` is how long ago it was created."""

    def __init__(self, ttl: str) -> None:
        self.hours = 0.0
        self.server, self.store, clock = Server(), Store(), Clock()
        claims = Claims(self.store)
        self.told = Told(self.server, clock)
        applier = Applier(self.server, self.store, recorder=self.told, clock=clock)
        client = cast("Client", self.server)
        tools = Tools(
            client, self.store, applier, self.told, now=self._said, inside=True, pace=Pace(lambda: self.hours * HOUR)
        )
        planes = Planes(client, self.store, inside=True)
        self._reconcile = NamespaceReconciler(tools, planes, claims, clock=clock, now=self._now)
        self.server.put(
            {
                "apiVersion": "prism.io/v1alpha1",
                "kind": "PrismNamespace",
                "metadata": {
                    "name": "brief",
                    "namespace": "default",
                    "generation": 1,
                    "creationTimestamp": "2030-01-01T00:00:00Z",
                },
                "spec": {"proxyRef": {"name": "dev-proxy"}, "ttl": ttl},
            }
        )

    async def look(self, hours: float) -> float | None:
        """Reconcile so many hours after the creation; return after how many more it wants to be asked again."""
        self.hours = hours
        self.server.show(self.store)
        result = await self._reconcile(Request("PrismNamespace", "default", "brief"))
        return None if result.requeue_after is None else result.requeue_after / HOUR

    @property
    def phase(self) -> str:
        """The phase as the server has it."""
        return str(next(iter(self.server.objects.values()))["status"]["phase"])

    def _now(self) -> datetime.datetime:
        return BEGAN + datetime.timedelta(hours=self.hours)

    def _said(self) -> str:
        return f"{self._now():%Y-%m-%dT%H:%M:%SZ}"


async def test_it_is_over_when_its_ttl_is() -> None:
    """It is told once when a tenth is left, ends at the second, not before, and nothing is written from then on."""
    room = Room("20h")
    await room.look(0)
    await room.look(2 / HOUR)
    assert (room.phase, room.told.reasons) == ("Pending", [])
    await room.look(18.9)
    assert room.told.reasons == []
    await room.look(19)
    await room.look(19.5)
    left = await room.look(20 - 0.5 / HOUR)
    assert left == pytest.approx(0.5 / HOUR)
    assert (room.phase, room.told.reasons) == ("Pending", ["ExpiresSoon"])
    await room.look(20)
    assert room.phase == "Expired"
    room.server.took()
    assert await room.look(200) is None
    assert room.server.took() == []
