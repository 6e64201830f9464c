"""What the sparklines are drawn from."""

from __future__ import annotations

from kubectl_prism.tui.snapshot import Snapshot
from kubectl_prism.view import namespaces, overview
from kubectl_prism.view.pieces import Pieces


def note(snapshot: Snapshot) -> Pieces[None]:
    """Remember what the sparklines are drawn from: ready pods of stacks, and the rates of tenants."""
    seconds = snapshot.now.timestamp()
    names = set()
    for key, (ready, _) in (yield from overview.ready.pieces(snapshot.objects)).items():
        snapshot.history.note(key, ready, seconds)
        names.add(key)
    yield
    for key, rate in namespaces.rates(snapshot.objects).items():
        snapshot.history.note(key, rate, seconds)
        names.add(key)
        yield
    snapshot.history.forget(names)
