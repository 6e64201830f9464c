"""What a person may have done with the object under the cursor; each ends in something shown, or in a question."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import yaml

from kubectl_prism.errors import PrismError
from kubectl_prism.model import change, meta
from kubectl_prism.model.meta import Key, Manifest, Ref
from kubectl_prism.model.resource import OUR_KINDS
from kubectl_prism.tui.screens.choose import Choose
from kubectl_prism.tui.screens.logs import LogsScreen
from kubectl_prism.tui.screens.number import Number
from kubectl_prism.tui.screens.text import TextScreen
from kubectl_prism.view import deployments, describe, events
from kubectl_prism.view.credentials import hidden

if TYPE_CHECKING:
    from kubectl_prism.tui.app import PrismApp

EVERYWHERE = "all namespaces"
ASKED = {
    "describe": "All about it: conditions, children, events",
    "yaml": "As the API server has it, without credentials",
    "logs": "What its pods write",
    "scale": "Change how many replicas there are",
    "restart": "Replace its pods one after the other",
    "pause": "Have the reconciler leave it as it is, or go on with it",
    "delete": "Delete it, with all that belongs to it",
    "copy": "Copy its name",
}
"""What may be asked of an object, in the words of the palette."""
WRITES = ("scale", "restart", "pause", "delete")


async def ask(app: PrismApp, what: str, target: Ref) -> None:
    """Do it; PrismError where it cannot be done."""
    if what in WRITES:
        require_writable(app)
    match what:
        case "describe":
            app.push_screen(TextScreen(f"{target}", _described(app, target), wrap=True))
        case "yaml":
            app.push_screen(TextScreen(f"{target}", await _yaml(app, target)))
        case "logs":
            app.push_screen(LogsScreen(str(target), _pods(app, target)))
        case "copy":
            app.copy_to_clipboard(target.name)
            app.notify(f"copied {target.name}", markup=False)
        case "scale":
            await _scale(app, await _owner(app, target))
        case "restart":
            obj = await _program(app, await _owner(app, target))
            app.confirm(change.restart(obj, app.snapshot.now), obj)
        case "pause":
            obj = _seen(app, target)
            if target.kind not in OUR_KINDS:
                raise PrismError(f"only {', '.join(OUR_KINDS)} can be paused, not a {target.kind}")
            app.confirm(change.pause(obj), obj)
        case "delete":
            obj = _seen(app, target)
            app.confirm(change.delete(obj), obj)


def require_writable(app: PrismApp) -> None:
    """Raise PrismError where nothing may be written."""
    if why := app.source.place.readonly:
        raise PrismError(f"nothing is written here: {why}")


def _seen(app: PrismApp, target: Ref) -> Manifest:
    obj = app.source.store.get(*target)
    if obj is None:
        raise PrismError(f"{target} is not there any more")
    return {"kind": target.kind, **obj}


def _described(app: PrismApp, target: Ref) -> list[str]:
    snapshot, obj = app.snapshot, _seen(app, target)
    children = [child for child in app.source.store.owned(meta.uid(obj)) if child.get("kind")]
    return describe.described(obj, events.about(snapshot.events, target), snapshot.now, children=children)


async def _yaml(app: PrismApp, target: Ref) -> list[str]:
    obj = await app.source.get(target)
    shown = {**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key != "managedFields"}}
    return hidden(yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=math.inf)).splitlines()


def _pods(app: PrismApp, target: Ref) -> list[Key]:
    """Return the pods that are meant by an object: itself, or all that its Deployments have."""
    if target.kind == "Pod":
        return [target.key]
    objects = app.snapshot.objects
    made = _deployments(app, target)
    found = [meta.key(pod) for deployment in made for pod in deployments.selected(deployment, objects)]
    if not found:
        raise PrismError(f"{target} has no pods")
    return sorted(found)


def _deployments(app: PrismApp, target: Ref) -> list[Manifest]:
    obj, objects = _seen(app, target), app.snapshot.objects
    if target.kind == "Deployment":
        return [obj]
    own = objects.owned(obj, "deployments")
    return [
        *own,
        *(made for pattern in objects.owned(obj, "patterns") for made in objects.owned(pattern, "deployments")),
    ]


async def _owner(app: PrismApp, target: Ref) -> Manifest:
    """Return the object whose replicas are meant: of a pod, its Deployment; of what a pattern made, the pattern."""
    obj = _seen(app, target)
    if target.kind == "Pod":
        objects = app.snapshot.objects
        for made in objects.deployments:
            if obj in deployments.selected(made, objects):
                return {"kind": "Deployment", **made}
        raise PrismError(f"{target} is of no Deployment that is seen here")
    return obj


async def _scale(app: PrismApp, obj: Manifest) -> None:
    """Ask how many replicas there shall be of a pattern or of one of a stack's programs."""
    store = app.source.store
    made = await _program(app, obj)
    owner = meta.controller_of(made) or {}
    above = store.get(str(owner.get("kind")), meta.key(made).namespace, str(owner.get("name")))
    if above is None:
        raise PrismError(f"{meta.ref(made)} belongs to nothing that could be scaled")
    now = (made.get("spec") or {}).get("replicas", 1)
    wanted = await app.push_screen_wait(Number(f"Replicas of {meta.key(made).name}", int(now)))
    if wanted is None or wanted == now:
        return
    above = {"kind": owner["kind"], **above}
    if owner["kind"] == "PrismPattern":
        app.confirm(change.scale(above, wanted), above)
    else:
        program = meta.labels(made).get("component", "").removeprefix("prism-")
        app.confirm(change.scale_program(above, program, wanted), above)


async def _program(app: PrismApp, obj: Manifest) -> Manifest:
    """Return the Deployment that is meant; a person chooses where there are some."""
    if obj["kind"] == "Deployment":
        return obj
    found = {meta.key(made).name: made for made in _deployments(app, meta.ref(obj))}
    if not found:
        raise PrismError(f"{meta.ref(obj)} has no pods of its own")
    names = sorted(found)
    chosen = names[0] if len(names) == 1 else await app.push_screen_wait(Choose("Which", names, names[0]))
    if chosen is None:
        raise PrismError("nothing was chosen")
    return {"kind": "Deployment", **found[chosen]}
