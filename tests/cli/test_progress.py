"""What `up` says while it waits: each reason once, and when the API server is lost and found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kubectl_prism.cli.progress import Progress
from kubectl_prism.model.meta import Manifest
from kubectl_prism.store import Store


def backend(status: str, reason: str, version: int, generation: int = 1) -> Manifest:
    ready = {"type": "Ready", "status": status, "reason": reason, "message": reason, "observedGeneration": 1}
    return {
        "apiVersion": "prism.io/v1alpha1",
        "kind": "PrismBackend",
        "metadata": {
            "name": "nats",
            "namespace": "shop",
            "generation": generation,
            "resourceVersion": str(version),
            "uid": "u",
        },
        "spec": {"type": "messaging"},
        "status": {"conditions": [ready]},
    }


async def until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not claim():  # noqa: ASYNC110 (what is said sets no event)
            await asyncio.sleep(0.01)


async def test_each_reason_is_said_once_and_the_end_is_not_missed() -> None:
    """A reason is a line when it is new; readiness ends the wait."""
    store, said = Store(), list[str]()
    store.put("PrismBackend", backend("False", "SecretNotFound", 1))
    progress = Progress(store, store.list("PrismBackend"), said.append, error=lambda: None)
    waiting = asyncio.create_task(progress.until_ready())
    await until(lambda: said == ["waiting for backend nats: SecretNotFound"])
    store.put("PrismBackend", backend("False", "SecretNotFound", 2))
    store.put("PrismBackend", backend("False", "TlsFailed", 3))
    await until(lambda: len(said) == 2)
    store.put("PrismBackend", backend("True", "Healthy", 4))
    await asyncio.wait_for(waiting, 10)
    assert said == ["waiting for backend nats: SecretNotFound", "waiting for backend nats: TlsFailed"]


async def test_an_older_generation_is_not_ready() -> None:
    """Ready counts for the generation that was applied, and a backend that nobody can reach from here counts."""
    store = Store()
    store.put("PrismBackend", backend("True", "Healthy", 1, generation=2))
    assert not Progress(store, store.list("PrismBackend"), print, error=lambda: None).is_ready()
    store.put("PrismBackend", backend("Unknown", "NotReachableFromHere", 2))
    assert Progress(store, store.list("PrismBackend"), print, error=lambda: None).is_ready()


async def test_a_lost_api_server_is_said_once_and_so_is_its_return() -> None:
    """While nothing comes, the screen says that it may be out of date; then, that it is not any more."""
    said, error = list[str](), [None, "cannot reach the API server x:1: connection refused"]
    progress = Progress(Store(), [], said.append, error=lambda: error[-1])
    following = asyncio.create_task(progress.forever())
    await until(lambda: len(said) == 1)
    error.append(None)
    await until(lambda: len(said) == 2)
    following.cancel()
    assert said == [
        "cannot reach the API server x:1: connection refused; trying again, what was shown may be out of date",
        "the API server answers again",
    ]
