"""No write is out when another reconciler may lead."""

from __future__ import annotations

import asyncio

import pytest

from kubectl_prism.kube.leader import NotLeading
from kubectl_prism.model.meta import FIELD_MANAGER, Manifest
from kubectl_prism.reconcile.fence import Fenced

pytestmark = pytest.mark.looptime


def now() -> float:
    return asyncio.get_running_loop().time()


class Slow:
    """An API whose writes take their time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.done = 0

    async def create(self, manifest: Manifest, *, manager: str = FIELD_MANAGER) -> Manifest:
        await asyncio.sleep(self.seconds)
        self.done += 1
        return manifest


async def test_a_write_is_given_up_before_another_may_lead() -> None:
    """An answer that would come after the Lease has run out is not waited for; one in time is."""
    api = Slow(5)
    fenced = Fenced(api, lambda: end, clock=now)  # type: ignore[arg-type] # only create is called
    end = now() + 6
    assert await fenced.create({"kind": "ConfigMap"}) == {"kind": "ConfigMap"}
    began, end = now(), now() + 3
    with pytest.raises(NotLeading, match="given up"):
        await fenced.create({"kind": "ConfigMap"})
    assert now() - began == pytest.approx(3)
    assert api.done == 1
