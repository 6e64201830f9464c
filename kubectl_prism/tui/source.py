"""What the screen is handed: where it reads, and whom it asks. The command line implements both, tests by hand.

Nothing here knows how a cluster is reached.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from kubectl_prism.model.meta import Key, Manifest, Ref
from kubectl_prism.store import Store

if TYPE_CHECKING:
    from kubectl_prism.model.change import Change


@dataclass(frozen=True, slots=True)
class Place:
    """Which cluster is shown and how far: `namespace` None is all of them; `readonly` says why nothing may be written.

    `readonly` is empty where writes may be asked for.
    """

    context: str
    server: str
    namespace: str | None
    readonly: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """How well the cluster tells what happens: `silent` is the age of what is shown in seconds, None while it is live.

    `trouble` says why it is not; `missing` maps a kind that may not be read to the right that is lacking.
    """

    synced: bool = False
    silent: float | None = None
    trouble: str = ""
    missing: Mapping[str, str] = field(default_factory=dict)


Show = Callable[[Key, str], None]
"""Takes one line of a pod's log as it comes."""


class Source(Protocol):
    """One cluster as it is seen, and what may be asked of it. Every method but `link` may raise PrismError."""

    place: Place
    store: Store

    def link(self) -> Link:
        """Return how well it tells what happens."""

    async def get(self, ref: Ref) -> Manifest:
        """Return an object whole, as the API server has it."""

    async def logs(self, pods: Sequence[Key], show: Show) -> None:
        """Show the last lines of these pods and what they write from now on, until cancelled."""

    async def change(self, change: Change) -> None:
        """Do what a person confirmed."""

    async def reconciler(self) -> Mapping[str, float] | None:
        """Return what the reconciler tells of itself, by the names of its metrics; None where it cannot be asked."""


Connect = Callable[[str | None, str | None], AbstractAsyncContextManager[Source]]
"""Opens a source: of a context, None for the present one, and a namespace, empty for all and None for its own."""

Choices = Callable[[], Awaitable[Sequence[str]]]
"""Returns what may be chosen, such as contexts."""
