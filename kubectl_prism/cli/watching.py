"""`status -w`: shows the screen again whenever something changes, for as long as it runs.

On a terminal it redraws in place; elsewhere it prints a block when the words change, so a log does not grow while
nothing happens. What the API server does not tell for a while is said on stderr; the last screen stays.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence

from kubectl_prism.cli import observing
from kubectl_prism.cli.observing import LABELS, Scope
from kubectl_prism.cli.options import Options
from kubectl_prism.cli.output import Format, json_text, note, paint, stream, write_data, yaml_text
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.config import Cluster
from kubectl_prism.kube.informer import Informer
from kubectl_prism.model.resource import resource
from kubectl_prism.store import Store
from kubectl_prism.view import status as view
from kubectl_prism.view.objects import observed
from kubectl_prism.view.stack import StackTree

SETTLE = 0.2
"""Seconds that a burst of changes is given to become one screen."""
EASE = 4
"""How many times as long as a screen took to draw nothing is drawn after it: what is watched needs the machine too."""
REFRESH = 10.0
"""Seconds after which a terminal is drawn anew, so that ages grow."""
_CLEAR = "\x1b[H\x1b[2J\x1b[3J"


async def follow(cluster: Cluster, scope: Scope, wanted: Format, options: Options) -> None:
    """Show what `scope` means until cancelled; PrismError where it cannot be read at all."""
    store, changed = Store(), asyncio.Event()
    async with Client(cluster) as client:
        readable = await observing.read(client, scope)  # says at once what may not be read
        informers = [_informer(client, store, kind, scope) for kind in readable]
        store.subscribe(lambda _change: changed.set())
        async with asyncio.TaskGroup() as group:
            for informer in informers:
                group.create_task(informer.run(), name=f"inform {informer.kind}")
            for informer in informers:
                await informer.synced.wait()
            await _show(store, informers, scope, _Screen(wanted, options), changed)


def _informer(client: Client, store: Store, kind: str, scope: Scope) -> Informer:
    namespace = scope.namespace if resource(kind).namespaced else None
    labels = scope.selector if kind == "PrismStack" else LABELS.get(kind)
    return Informer(client, store, kind, namespace=namespace, labels=labels)


async def _show(
    store: Store, informers: Sequence[Informer], scope: Scope, screen: _Screen, changed: asyncio.Event
) -> None:
    said: set[str] = set()
    unread = observing.unread({informer.kind for informer in informers})
    while True:
        changed.clear()
        began = time.monotonic()
        screen.show(scope.trees(observed(store.list, unread=unread)))
        errors = {f"{informer.kind}: {informer.error}" for informer in informers if informer.error}
        for error in sorted(errors - said):
            note(f"warning: what is shown may be old: {error}")
        said = errors
        took = time.monotonic() - began
        try:
            async with asyncio.timeout(REFRESH):
                await changed.wait()
            await asyncio.sleep(max(SETTLE, EASE * took))
        except TimeoutError:
            continue


class _Screen:
    """Where the stacks are shown: a terminal that is redrawn, or a stream of blocks."""

    def __init__(self, wanted: Format, options: Options) -> None:
        self._wanted = wanted
        self._paint = paint(options)
        self._is_terminal = sys.stdout.isatty() and wanted.form in ("table", "wide")
        self._shown: object = None

    def show(self, trees: Sequence[StackTree]) -> None:
        """Show `trees`, unless they read as they did before."""
        if self._is_terminal:
            stream(_CLEAR + self._text(trees) + "\n")
        elif self._shown != (shown := view.data(trees)):
            is_first, self._shown = self._shown is None, shown
            stream(self._block(trees, is_first=is_first))

    def _block(self, trees: Sequence[StackTree], *, is_first: bool) -> str:
        match self._wanted.form:
            case "json":
                return json_text(view.data(trees))
            case "yaml":
                return ("" if is_first else "---\n") + yaml_text(view.data(trees))
            case "jsonpath":
                write_data(view.data(trees), self._wanted)
                return "\n"
            case _:
                return ("" if is_first else "\n") + self._text(trees) + "\n"

    def _text(self, trees: Sequence[StackTree]) -> str:
        if not trees:
            return "No stacks."
        return "\n".join(view.lines(trees, self._paint, wide=self._wanted.form == "wide"))
