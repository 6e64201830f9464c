"""What `up` does before it reconciles: look, say what will change, ask where that is due, and apply.

Nothing is written before everything was looked at: CRDs that are not ours or newer, rights that are missing and
objects that the server would refuse all end the command with nothing changed.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kubectl_prism import manifests
from kubectl_prism.cli import ask, preflight
from kubectl_prism.cli.output import note
from kubectl_prism.cli.target import Target
from kubectl_prism.errors import PrismError
from kubectl_prism.kube import crds
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.crds import State
from kubectl_prism.kube.errors import Conflict, Forbidden, NotFound
from kubectl_prism.kube.leader import NAMESPACE
from kubectl_prism.model import meta
from kubectl_prism.model.meta import CLIENT_MANAGER, Manifest, Ref
from kubectl_prism.model.resource import RESOURCES
from kubectl_prism.render import operator

if TYPE_CHECKING:
    from kubectl_prism.cli.up import Plan

FIRST = ("Namespace", "ServiceAccount", "Secret", "ConfigMap")
"""Kinds that others in a file lean on; they are applied before them."""


async def bring(client: Client, plan: Plan, target: Target) -> list[Manifest]:
    """Install the CRDs and apply the plan's objects; return them as the server has them."""
    for obj in plan.objects:
        if obj["kind"] not in RESOURCES:
            raise PrismError(
                f"{meta.ref(obj)}: kubectl prism up does not apply objects of kind {obj['kind']}",
                hint="apply it with kubectl first",
            )
    _say_where(target, await client.version())
    asks = preflight.of_reconciler(operator.rules(), plan.namespaces) + preflight.of_objects(plan.objects)
    await preflight.check(client, preflight.of_crds(()))
    found = await crds.look(client, manifests.crds())
    missing = [one.crd for one in found if one.state is not State.SAME]
    home = await _missing_home(client, plan)
    await preflight.check(client, [*asks, *preflight.of_crds(missing), *preflight.of_objects(home)])
    ordered = sorted(plan.objects, key=lambda obj: FIRST.index(obj["kind"]) if obj["kind"] in FIRST else len(FIRST))
    changes = [
        *_crd_changes(found),
        *[f"create {meta.ref(obj)}" for obj in home],
        *[line for obj in ordered if (line := await _change(client, obj))],
    ]
    note(
        "\n".join(["What will change:", *(f"  {line}" for line in changes)] if changes else ["Nothing has to change."])
    )
    if changes and not target.is_local and not ask.confirmed(f"Change {target.cluster.address}?", yes=plan.yes):
        raise PrismError("not confirmed", hint="nothing was changed")
    await crds.install(client, found)
    await _apply(client, home, force=plan.force_conflicts)
    return await _apply(client, ordered, force=plan.force_conflicts)


async def _missing_home(client: Client, plan: Plan) -> list[Manifest]:
    """Return the namespace that the reconciler's Lease lies in, where it is neither there nor in the plan."""
    home = Ref("Namespace", "", NAMESPACE)
    if plan.namespaces or home in map(meta.ref, plan.objects):
        return []
    try:
        await client.get(*home)
    except NotFound:
        return [{"apiVersion": "v1", "kind": home.kind, "metadata": {"name": home.name}}]
    except Forbidden:
        pass  # who may not look is told by the Lease itself, where it is missing
    return []


def _say_where(target: Target, version: str) -> None:
    cluster = target.cluster
    where = f"context {cluster.context}" if cluster.context else "the cluster that this pod runs in"
    note(f"Working on {where}, server {cluster.server} ({version}), namespace {cluster.namespace}.")
    if target.is_sandbox:
        note(f"This is a sandbox: nodes and pods are simulated. Its kubeconfig: {target.kubeconfig}")


def _crd_changes(found: Sequence[crds.Found]) -> list[str]:
    verbs = {State.ABSENT: "install", State.OLDER: "upgrade"}
    return [f"{verbs[one.state]} CRD {one.name}" for one in found if one.state in verbs]


async def _change(client: Client, obj: Manifest) -> str | None:
    """Return in words what applying `obj` would do; None where that is nothing."""
    try:
        live = await client.get(obj["kind"], *meta.key(obj))
    except NotFound:
        return f"create {meta.ref(obj)}"
    return None if crds.covers(live, _as_read(obj)) else f"change {meta.ref(obj)}"


def _as_read(obj: Manifest) -> Manifest:
    """Return `obj` as the server gives it back: what a Secret has as stringData is read as data."""
    if obj["kind"] != "Secret" or "stringData" not in obj:
        return obj
    encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in obj["stringData"].items()}
    rest = {field: value for field, value in obj.items() if field != "stringData"}
    return {**rest, "data": {**(obj.get("data") or {}), **encoded}}


async def _apply(client: Client, objects: Sequence[Manifest], *, force: bool) -> list[Manifest]:
    base = [obj for obj in objects if obj["kind"] in FIRST]
    rest = [obj for obj in objects if obj["kind"] not in FIRST]
    applied = [await _apply_one(client, obj, force=force) for obj in base]
    for obj in rest:
        await _apply_one(client, obj, force=force, dry_run=True)
    return applied + [await _apply_one(client, obj, force=force) for obj in rest]


async def _apply_one(client: Client, obj: Manifest, *, force: bool, dry_run: bool = False) -> Manifest:
    try:
        return await client.apply(obj, manager=CLIENT_MANAGER, force=force, dry_run=dry_run)
    except Conflict as error:
        raise PrismError(
            f"{meta.ref(obj)}: {error.message}", hint="--force-conflicts takes these fields over"
        ) from None
    except NotFound as error:
        namespace = meta.key(obj).namespace
        raise PrismError(
            f"{meta.ref(obj)}: {error.message}",
            hint=f"does the namespace exist? `kubectl create namespace {namespace}`",
        ) from None
