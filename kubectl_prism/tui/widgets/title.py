"""The first two lines of every page: where we are, and which pages there are."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from kubectl_prism.tui.snapshot import Snapshot
from kubectl_prism.tui.widgets.words import Words
from kubectl_prism.view.health import Severity


class Title(Horizontal):
    """Cluster and namespace on the left; on the right whether things are simulated, read-only, and the time."""

    def compose(self) -> ComposeResult:
        """Two halves."""
        yield Words("Prism", id="where")
        yield Words(id="flags")

    def show(self, snapshot: Snapshot) -> None:
        """Say where we are now."""
        place = snapshot.place
        namespace = place.namespace or "all namespaces"
        self.query_one("#where", Words).say(f"Prism  {place.context}  {namespace}")
        flags = ["simulated"] if snapshot.objects.simulated_nodes else []
        flags += ["read-only"] if place.readonly else []
        self.query_one("#flags", Words).say("  ".join([*flags, f"{snapshot.now:%H:%M:%S}Z"]))


class Pages(Static):
    """The pages with their keys; the present one is set off, and a click goes to one."""

    def __init__(self, pages: Mapping[str, str], present: str) -> None:
        words = []
        for number, (name, title) in enumerate(pages.items(), start=1):
            head = f"[b reverse]{number} {title}[/]" if name == present else f"{number} {title}"
            words.append(f"[@click=app.page('{name}')]{head}[/]")
        super().__init__(" ".join(words), id="pages")


class Banner(Words):
    """What is wrong with what is shown: it is old, or something may not be read. Nothing where all is well."""

    def __init__(self) -> None:
        super().__init__(id="banner")
        self.display = False

    def show(self, snapshot: Snapshot) -> None:
        """Say it, or go."""
        words, severity = spoken(snapshot)
        self.display = bool(words)
        self.set_class(severity is Severity.BAD, "bad")
        self.say(words)


def spoken(snapshot: Snapshot) -> tuple[str, Severity]:
    """Return what is wrong with what is shown, in words, and how bad it is."""
    link = snapshot.link
    if link.trouble:
        age = "nothing was seen yet" if link.silent is None else f"what is shown is {link.silent:.0f} s old"
        return f"✗ disconnected: {link.trouble}; {age}; it goes on by itself", Severity.BAD
    if link.missing:
        kinds, reasons = sorted(link.missing), dict.fromkeys(why for _, why in sorted(link.missing.items()))
        return f"◐ not shown: {', '.join(kinds)}: {'; '.join(reasons)}", Severity.WAITING
    if not link.synced:
        return "◐ reading the cluster …", Severity.WAITING
    return "", Severity.OK
