"""Where a person changes how the pods of a Deployment run: the part of a spec that it is made from."""

from __future__ import annotations

import re
from typing import NamedTuple

from kubectl_prism.model import meta
from kubectl_prism.model.change import Change, argument, patched
from kubectl_prism.model.meta import Manifest
from kubectl_prism.view import lenient
from kubectl_prism.view.findings.scene import Scene, Thing

_PROGRAMS = {"prism-proxy": "proxy", "prism-admin": "admin"}
_SIZE = re.compile(r"([1-9]\d{0,14})(|k|M|G|T|Ki|Mi|Gi|Ti)")


class Spot(NamedTuple):
    """A part of an object's spec; `path` is None where it is an entry of a list, which a merge patch cannot change."""

    owner: Thing
    path: tuple[str, ...] | None
    words: str

    @property
    def edit(self) -> str:
        """The command that opens it."""
        return f"kubectl edit {argument(self.owner.ref)}"

    def change(self, fields: Manifest, words: str) -> Change | None:
        """Return the Change of some fields of this part; None where no patch can reach it."""
        if self.path is None or not self.owner.ref.name:
            return None
        patch: Manifest = fields
        for name in reversed(self.path):
            patch = {name: patch}
        return patched({**self.owner.obj, "kind": self.owner.ref.kind}, patch, words)

    @property
    def fields(self) -> Manifest:
        """What the part holds now."""
        found = self.owner.obj
        for name in self.path or ():
            found = lenient.mapping(found.get(name))
        return found


def spot(scene: Scene, found: Thing) -> Spot:
    """Return where the Deployment, or whatever else it is, is described by a person."""
    *above, last = scene.line(found)
    match [one.ref.kind for one in above]:
        case ["PrismStack"] if last.ref.kind == "Deployment":
            program = _PROGRAMS.get(lenient.text(meta.labels(last.obj).get("component")))
            if program:
                return Spot(above[0], ("spec", program), f"spec.{program} of {above[0].ref}")
            return Spot(above[0], None, f"{above[0].ref}")
        case ["PrismStack", "PrismPattern"]:
            return Spot(above[0], None, f"the pattern {above[1].ref.name} of {above[0].ref}")
        case ["PrismPattern"]:
            return Spot(above[0], ("spec",), f"spec of {above[0].ref}")
        case ["PrismStack", *_]:
            return Spot(above[0], None, f"{last.ref.name} in {above[0].ref}")
    return Spot(last, None, f"{last.ref}")


def more_memory(where: Spot, limit: object) -> Change | None:
    """Return the Change that doubles a memory limit; None where there is no limit or no patch reaches it."""
    if where.path is None or (twice := doubled(limit)) is None:
        return None
    fields: Manifest = {"resources": {"limits": {"memory": twice}}}
    if lenient.mapping(where.fields.get("placement")).get("resources"):
        fields = {"placement": fields}
    return where.change(fields, f"raise the memory limit from {limit} to {twice}")


def doubled(limit: object) -> str | None:
    """Return twice an amount of memory, None for what is none."""
    found = _SIZE.fullmatch(lenient.text(limit))
    return f"{2 * int(found[1])}{found[2]}" if found else None
