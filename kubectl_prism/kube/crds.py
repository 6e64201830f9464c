"""Puts our CRDs in place: looks first, never goes back to an older revision, never touches somebody else's.

Called by `up`; `look` alone changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from kubectl_prism.errors import PrismError, TimedOut
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.errors import NotFound
from kubectl_prism.model import conditions, meta
from kubectl_prism.model.meta import CLIENT_MANAGER, Manifest
from kubectl_prism.model.revision import revision

KIND = "CustomResourceDefinition"
ESTABLISHED_WITHIN = 30.0
POLL = 0.1


class State(StrEnum):
    """What a CRD on the server is to ours."""

    ABSENT = "absent"
    OLDER = "older"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Found:
    """Our CRD, and what the server has of it."""

    crd: Manifest
    state: State

    @property
    def name(self) -> str:
        """The CRD's name, as prismstacks.prism.io."""
        return meta.key(self.crd).name


async def look(client: Client, crds: Iterable[Manifest]) -> list[Found]:
    """Compare `crds` with the server's; PrismError where one is newer than ours or somebody else's."""
    return [Found(crd, _state(crd, await _live(client, crd))) for crd in crds]


async def install(client: Client, found: Iterable[Found]) -> None:
    """Apply what is absent or older, and wait until the server serves all of it."""
    for one in found:
        if one.state is not State.SAME:
            await client.apply(one.crd, manager=CLIENT_MANAGER)
    try:
        async with asyncio.timeout(ESTABLISHED_WITHIN):
            for one in found:
                while not _is_served(await _live(client, one.crd)):  # noqa: ASYNC110 (the server decides when)
                    await asyncio.sleep(POLL)
    except TimeoutError:
        raise TimedOut("the API server does not serve the CRDs that were applied") from None


async def _live(client: Client, crd: Manifest) -> Manifest | None:
    try:
        return await client.get(KIND, *meta.key(crd))
    except NotFound:
        return None


def _state(crd: Manifest, live: Manifest | None) -> State:
    if live is None:
        return State.ABSENT
    name, ours, theirs = meta.key(crd).name, revision(crd) or 0, revision(live)
    if theirs is None:
        raise PrismError(
            f"CRD {name} exists and was not made by kubectl prism; it is left as it is",
            hint=f"if nothing uses it: `kubectl delete crd {name}`, which deletes every object of its kind, too",
        )
    if theirs > ours:
        raise PrismError(
            f"CRD {name} on the server is newer (revision {theirs}) than this kubectl prism knows (revision {ours})",
            hint="upgrade kubectl prism",
        )
    return State.OLDER if theirs < ours or not covers(live["spec"], crd["spec"]) else State.SAME


def covers(live: object, wanted: object) -> bool:
    """Tell whether everything in `wanted` stands in `live`, which the server may have filled up with defaults."""
    match wanted:
        case dict():
            return isinstance(live, dict) and all(covers(live.get(name), value) for name, value in wanted.items())
        case list():
            return (
                isinstance(live, list)
                and len(live) == len(wanted)
                and all(covers(left, right) for left, right in zip(live, wanted, strict=True))
            )
    return live == wanted


def _is_served(live: Manifest | None) -> bool:
    return live is not None and conditions.is_true(live, "Established") and conditions.is_true(live, "NamesAccepted")
