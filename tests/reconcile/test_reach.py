"""What is kept open to a stack's programs: as much as there are pods, and nothing of pods that are gone."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any, cast

import pytest

from kubectl_prism.kube.client import Client
from kubectl_prism.model.documents import load_as
from kubectl_prism.model.meta import API_VERSION, Manifest
from kubectl_prism.model.stack import Stack
from kubectl_prism.reconcile.reach import Planes
from kubectl_prism.store import Store

STACK: Manifest = {
    "apiVersion": API_VERSION,
    "kind": "PrismStack",
    "metadata": {"name": "dev", "namespace": "shop", "uid": "uid-dev", "resourceVersion": "1"},
    "spec": {},
}


def pod(number: int, *, version: int = 1, is_ready: bool = True) -> Manifest:
    name = f"dev-admin-{number}"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": f"uid-{name}",
            "resourceVersion": str(version),
            "labels": {"stack": "dev", "component": "prism-admin"},
        },
        "status": {"podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": str(is_ready)}]},
    }


@pytest.fixture
def sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - a function
    """Return what counts the tunnels that listen."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return lambda: len(list(tmp_path.glob("*/pod")))


async def test_pods_that_are_gone_leave_nothing_open(sockets: Any) -> None:  # noqa: ANN401
    """However often admins are replaced, there are as many tunnels as admins; in the end there are none."""
    store, stack = Store(), load_as(Stack, STACK)
    store.put("PrismStack", STACK)
    async with Planes(cast(Client, None), store, inside=False) as planes:
        for number in range(5):
            store.put("Pod", pod(number))
            plane = await planes.of(stack)
            assert [found.name for found in plane.reach.admins] == [f"Pod shop/dev-admin-{number}"]
            store.put("Pod", pod(number, version=2, is_ready=False))  # as every pod does before it goes
            store.remove("Pod", "shop", f"dev-admin-{number}")
            await asyncio.sleep(0.01)
            assert sockets() == 0
        store.put("Pod", pod(9))
        await planes.of(stack)
        assert sockets() == 1
    assert sockets() == 0
