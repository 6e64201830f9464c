"""What `up` says while it waits: a line for each thing that is waited for, when it begins and when its reason changes.

Lines, not a spinner: they read the same on a terminal, in a log and in CI.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kubectl_prism.model import conditions, meta
from kubectl_prism.model.meta import Key, Manifest, Ref
from kubectl_prism.view.objects import Objects, observed
from kubectl_prism.view.stack import StackTree, trees
from kubectl_prism.view.waits import tree_reasons

if TYPE_CHECKING:
    from kubectl_prism.store import Change, Store

ERROR_PAUSE = 1.0
"""Seconds after which is looked whether the API server still answers, where nothing changes."""

PAUSE = 0.2
"""Seconds between two looks at most, so that a burst of changes is one look."""


class Progress:
    """Follows `wanted` objects in a store and says what they wait for.

    `error` tells why the store may be out of date, None while it is not.
    """

    def __init__(
        self, store: Store, wanted: Sequence[Manifest], say: Callable[[str], None], *, error: Callable[[], str | None]
    ) -> None:
        self.store = store
        self.error = error
        self.wanted = {meta.ref(obj): meta.generation(obj) for obj in wanted if obj["kind"] in _JUDGED}
        self.say = say
        self._changed = asyncio.Event()
        self._changed.set()
        self._said: list[str] = []
        self._error: str | None = None
        self._is_settled = False

    async def until_ready(self) -> None:
        """Return once everything that is wanted is Ready."""
        await self._follow(self.is_ready)
        self._said = []

    async def forever(self) -> None:
        """Go on saying what is waited for, until cancelled."""
        self._is_settled = True
        await self._follow(lambda: False)

    def is_ready(self) -> bool:
        """Tell whether all that is wanted is Ready at its present generation."""
        return all(_is_ready(self.store.get(*ref), ref, generation) for ref, generation in self.wanted.items())

    def reasons(self) -> list[str]:
        """Return what is waited for now, a line each."""
        return [line for tree in self.trees() for line in tree_reasons(tree)]

    def trees(self) -> tuple[StackTree, ...]:
        """Return what is there now of what is wanted, worst first."""
        stacks = {ref.key for ref in self.wanted if ref.kind == "PrismStack"}
        loose = {Key(ref.namespace, "") for ref in self.wanted if ref.kind != "PrismStack"}
        return tuple(tree for tree in trees(self._objects(), _now()) if (tree.namespace, tree.name) in stacks | loose)

    async def _follow(self, is_over: Callable[[], bool]) -> None:
        unsubscribe = self.store.subscribe(self._notice)
        try:
            while not is_over():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), ERROR_PAUSE)
                self._changed.clear()
                self._tell_error()
                self._tell()
                await asyncio.sleep(PAUSE)
        finally:
            unsubscribe()

    def _notice(self, change: Change) -> None:
        self._changed.set()

    def _tell_error(self) -> None:
        error = self.error()
        if error and not self._error:
            self.say(f"{error}; trying again, what was shown may be out of date")
        elif self._error and not error:
            self.say("the API server answers again")
        self._error = error

    def _tell(self) -> None:
        reasons = self.reasons()
        for line in reasons:
            if line not in self._said:
                self.say(f"waiting for {line}")
        if self._said and not reasons and self._is_settled:
            self.say("everything is Ready again")
        self._said = reasons

    def _objects(self) -> Objects:
        return observed(self.store.list)


_JUDGED = ("PrismStack", "PrismPattern", "PrismBackend")
"""The kinds that are reconciled; a PrismBackend may stay Unknown where it cannot be reached from here."""


def _is_ready(obj: Manifest | None, ref: Ref, generation: int) -> bool:
    ready = conditions.find(obj, conditions.READY) if obj else None
    if ready is None or (ready.get("observedGeneration") or 0) < generation:
        return False
    is_unknown_backend = ref.kind == "PrismBackend" and ready.get("status") == "Unknown"
    return ready.get("status") == "True" or is_unknown_backend


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
