"""What the engine asks of an API server: the few verbs it writes with. `kube.client.Client` answers; tests may too."""

from __future__ import annotations

from typing import Protocol

from kubectl_prism.model.meta import FIELD_MANAGER, Manifest


class Reader(Protocol):
    """Reads past the cache, for the rare question the store cannot answer."""

    async def get(self, kind: str, namespace: str, name: str) -> Manifest:
        """Return one object as it is now, managedFields included."""
        ...


class API(Reader, Protocol):
    """Reads and writes; errors are those of `kube.errors`."""

    async def create(self, manifest: Manifest, *, manager: str = FIELD_MANAGER) -> Manifest:
        """Create an object that must not exist yet."""
        ...

    async def apply(
        self, manifest: Manifest, *, manager: str = FIELD_MANAGER, subresource: str | None = None, force: bool = True
    ) -> Manifest:
        """Apply server-side."""
        ...

    async def patch(
        self, kind: str, namespace: str, name: str, operations: list[Manifest], *, subresource: str | None = None
    ) -> Manifest:
        """Apply a JSON patch."""
        ...

    async def delete(
        self, kind: str, namespace: str, name: str, *, uid: str | None = None, propagation: str = "Background"
    ) -> None:
        """Delete an object, only the one with `uid` where it is given."""
        ...
