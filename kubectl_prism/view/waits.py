"""What a stack still waits for and why, in one line each: what `up` prints while it works."""

from __future__ import annotations

from datetime import datetime

from kubectl_prism.model.meta import Key
from kubectl_prism.view.health import Severity
from kubectl_prism.view.objects import Objects
from kubectl_prism.view.stack import Component, StackTree, trees


def wait_reasons(objects: Objects, now: datetime, *, stack: Key | None = None) -> list[str]:
    """Return a line for each thing that is to become Ready, worst first; none when nothing is waited for.

    With `stack`, only of that stack. The lines are the same for as long as nothing changes.
    """
    found = [tree for tree in trees(objects, now) if stack is None or Key(tree.namespace, tree.name) == stack]
    return [line for tree in found for line in tree_reasons(tree)]


def tree_reasons(tree: StackTree) -> list[str]:
    """Return the lines of one stack; of the stack itself where it is stuck or no component explains it."""
    lines = [_line(component) for component in tree.components if not component.health.is_fine]
    if tree.health.severity is Severity.BAD or not (lines or tree.health.is_fine):
        return [f"stack {tree.name}: {tree.health.explanation or tree.health.word}", *lines]
    return lines


def _line(component: Component) -> str:
    health = component.health
    words = health.explanation or health.word
    available, _, wanted = component.ready.partition("/")
    counted = f" ({component.ready} ready)" if available != wanted and not words.startswith(component.ready) else ""
    return f"{component.kind} {component.name}{counted}: {words}"
