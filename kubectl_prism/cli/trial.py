"""Tries changes on the API server without keeping them: each object as it is, and as it would be.

Called by `diff`. An object of the file is applied as `up` would apply it; what the reconciler makes of it, as the
reconciler would. Objects that have no cluster to be tried on (their kind or namespace is not there yet) are shown
whole.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kubectl_prism.cli import dropping
from kubectl_prism.cli.children import children, is_parent
from kubectl_prism.cli.output import note
from kubectl_prism.errors import PrismError
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.errors import Conflict, NotFound
from kubectl_prism.model import meta
from kubectl_prism.model.meta import CLIENT_MANAGER, FIELD_MANAGER, Manifest, Ref
from kubectl_prism.model.resource import RESOURCES


@dataclass(frozen=True, slots=True)
class Trial:
    """One object before and after; None where it is not there."""

    ref: Ref
    before: Manifest | None
    after: Manifest | None


async def trials(client: Client, objects: Sequence[Manifest]) -> list[Trial]:
    """Return a trial for each object of the file, each followed by those of what it leads to."""
    given = {meta.ref(obj) for obj in objects}
    found: dict[Ref, Trial] = {}
    for obj in objects:
        if obj["kind"] not in RESOURCES:
            raise PrismError(f"{meta.ref(obj)}: kubectl prism does not apply objects of kind {obj['kind']}")
        await _add(client, await _own(client, obj), given, found)
    return list(found.values())


async def _add(client: Client, trial: Trial, given: Collection[Ref], found: dict[Ref, Trial]) -> None:
    """Add a trial and, below it, those of its children."""
    found[trial.ref] = trial
    if trial.after is None or not is_parent(trial.after):
        return
    made = {ref: trial.after for ref, trial in found.items() if trial.after is not None}
    below = await children(client, trial.after, made)
    for child in below.wanted:
        tried = None if meta.ref(child) in given else await _child(client, child, trial.before)
        if tried is not None:
            await _add(client, tried, given, found)
    for gone in below.gone:
        found[meta.ref(gone)] = Trial(meta.ref(gone), gone, None)
    for line in below.unknown:
        note(f"note: {line}")


async def live(client: Client, ref: Ref) -> Manifest | None:
    """Return an object as it is, None where it or its kind is not there."""
    try:
        return await client.get(*ref)
    except NotFound:
        return None


async def _own(client: Client, obj: Manifest) -> Trial:
    """Try an object of the file; fields that somebody else applied are said, and shown as if they were taken over."""
    before = await live(client, meta.ref(obj))
    try:
        after = await client.apply(obj, manager=CLIENT_MANAGER, force=False, dry_run=True)
    except Conflict as error:
        note(f"warning: {meta.ref(obj)}: {error.message}; shown as with --force-conflicts")
        after = await client.apply(obj, manager=CLIENT_MANAGER, force=True, dry_run=True)
    except NotFound:
        after = obj
    return Trial(meta.ref(obj), before, after)


async def _child(client: Client, child: Manifest, parent: Manifest | None) -> Trial | None:
    ref = meta.ref(child)
    before = await live(client, ref)
    if before is not None and not (parent and meta.is_owned_by(before, parent)):
        note(f"warning: {ref} exists and belongs to somebody else; the reconciler would leave it as it is")
        return None
    wanted = child if before is None else _kept(child, before)
    try:
        after = await client.apply(wanted, manager=FIELD_MANAGER, dry_run=True)
    except NotFound:
        return Trial(ref, before, wanted)
    if before is None:
        return Trial(ref, None, _unassigned(after))
    defaults = await _defaults(client, wanted)
    return Trial(ref, before, dropping.dropped(after, before, wanted, defaults=defaults, manager=FIELD_MANAGER))


async def _defaults(client: Client, wanted: Manifest) -> Manifest:
    """Return what the server fills in around `wanted`, by trying to make another object like it."""
    metadata = {name: value for name, value in wanted["metadata"].items() if name != "ownerReferences"}
    twin = {**wanted, "metadata": {**metadata, "name": f"diff-{secrets.token_hex(8)}"}}
    return await client.create(twin, manager=FIELD_MANAGER, dry_run=True)


def _unassigned(obj: Manifest) -> Manifest:
    """Return an object without the address that a trial was given: the real one will be another."""
    if obj["kind"] != "Service":
        return obj
    spec = {name: value for name, value in obj["spec"].items() if name not in ("clusterIP", "clusterIPs")}
    return {**obj, "spec": spec}


def _kept(child: Manifest, before: Manifest) -> Manifest:
    """Add what the reconciler adds to a child, and what it leaves alone: replicas that the intent does not speak of."""
    metadata = {**child["metadata"], "ownerReferences": before["metadata"].get("ownerReferences") or []}
    intent = {name: text for name, text in meta.annotations(before).items() if name == "prism.io/intent"}
    metadata["annotations"] = {**meta.annotations(child), **intent}
    spec = child.get("spec")
    replicas = (before.get("spec") or {}).get("replicas")
    if spec is not None and replicas is not None and "replicas" not in spec:
        return {**child, "metadata": metadata, "spec": {**spec, "replicas": replicas}}
    return {**child, "metadata": metadata}
