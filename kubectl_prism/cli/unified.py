"""The difference between two states of an object as a unified diff, without what only the server keeps.

Pure. Values of Secrets, and credentials in URLs, never come out; that they differ does.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from kubectl_prism.cli.output import Paint, yaml_text
from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.view.credentials import hidden

_HIDDEN_METADATA = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")
_HIDDEN_ANNOTATIONS = (
    "prism.io/intent",
    "deployment.kubernetes.io/revision",
    "kubectl.kubernetes.io/last-applied-configuration",
)
_STYLES = {"+": "added", "-": "removed", "@": "place"}


def unified(ref: Ref, before: Manifest | None, after: Manifest | None, *, paint: Paint) -> Iterator[str]:
    """Yield the lines of the difference; none where there is none. None stands for an object that is not there."""
    left, right = _masked(_shown(before), _shown(after), is_secret=ref.kind == "Secret")
    if left == right and _shown(before) == _shown(after):
        return
    names = (f"live {ref}", f"wanted {ref}")
    old, new = _lines(left), _lines(right)
    lines = list(difflib.unified_diff(old, new, *names, lineterm=""))
    if not lines:
        lines = [f"--- {names[0]}", f"+++ {names[1]}", "@@ only credentials differ @@"]
    for number, line in enumerate(lines):
        yield paint(line, "strong" if number < 2 else _STYLES.get(line[:1], ""))


def _lines(obj: Manifest | None) -> list[str]:
    return [] if obj is None else hidden(yaml_text(obj)).splitlines()


def _shown(obj: Manifest | None) -> Manifest | None:
    """Return what a person wants: no status, nothing that the server counts, keys in one order."""
    if obj is None:
        return None
    metadata = {name: value for name, value in obj["metadata"].items() if name not in _HIDDEN_METADATA}
    annotations = metadata.pop("annotations", None) or {}
    kept = {name: value for name, value in annotations.items() if name not in _HIDDEN_ANNOTATIONS}
    metadata |= {"annotations": kept} if kept else {}
    body = {name: value for name, value in obj.items() if name not in ("status", "metadata")}
    shown: Manifest = _ordered({**body, "metadata": metadata})
    return shown


def _ordered(value: Any) -> Any:  # noqa: ANN401 (as open as JSON)
    match value:
        case dict():
            return {name: _ordered(value[name]) for name in sorted(value)}
        case list():
            return [_ordered(item) for item in value]
        case _:
            return value


def _masked(
    before: Manifest | None, after: Manifest | None, *, is_secret: bool
) -> tuple[Manifest | None, Manifest | None]:
    """Replace the values of a Secret by stars, which tell whether a value changes."""
    if not is_secret:
        return before, after
    for field in ("data", "stringData"):
        old = dict((before or {}).get(field) or {})
        new = dict((after or {}).get(field) or {})
        changed = {name for name in old.keys() & new.keys() if old[name] != new[name]}
        before = _with(before, field, {name: "*** (before)" if name in changed else "***" for name in old})
        after = _with(after, field, {name: "*** (after)" if name in changed else "***" for name in new})
    return before, after


def _with(obj: Manifest | None, field: str, values: dict[str, str]) -> Manifest | None:
    return {**obj, field: values} if obj is not None and field in obj else obj
