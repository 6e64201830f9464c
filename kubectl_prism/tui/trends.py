"""What the sparklines are drawn from."""

from __future__ import annotations

from kubectl_prism.tui.snapshot import Snapshot
from kubectl_prism.view import namespaces, overview


def note(snapshot: Snapshot) -> None:
    """Remember what the sparklines are drawn from: ready pods of stacks, and the rates of tenants."""
    seconds = snapshot.now.timestamp()
    names = set()
    for key, (ready, _) in overview.ready(snapshot.objects).items():
        snapshot.history.note(key, ready, seconds)
        names.add(key)
    for key, rate in namespaces.rates(snapshot.objects).items():
        snapshot.history.note(key, rate, seconds)
        names.add(key)
    snapshot.history.forget(names)
