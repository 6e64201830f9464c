"""Who leads: each Lease with its holder, how fresh it is against how long it lasts, and who stands by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual.app import ComposeResult

from kubectl_prism.model.meta import Ref
from kubectl_prism.tui.screens.page import Page
from kubectl_prism.tui.snapshot import Snapshot
from kubectl_prism.tui.widgets.lines import Lines
from kubectl_prism.tui.widgets.table import Table
from kubectl_prism.view import leaderboard
from kubectl_prism.view.health import Severity
from kubectl_prism.view.leader import Leadership, Seen, leaderships


class LeaderPage(Page):
    """Leases above those who stand by for the one under the cursor."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._found: Sequence[Leadership] = ()

    def body(self) -> ComposeResult:
        """Leases above standbys."""
        yield self.kept(leaderboard.COLUMNS, empty="no Leases here: no stack elects a leader")
        yield Lines(wrap=True, id="standbys")

    def draw(self, snapshot: Snapshot) -> Iterator[None]:
        """Show the Leases."""
        objects = snapshot.objects
        leases = None if "Lease" in objects.unread else snapshot.leases
        seen = Seen(stacks=objects.stacks, leases=leases, pods=objects.pods, nodes=objects.nodes)
        self._found = leaderships(seen, snapshot.now)
        yield
        self.table.show(leaderboard.rows(self._found, snapshot.now))
        self._tell(snapshot)

    def on_table_moved(self) -> None:
        """Tell who stands by for this one."""
        self._tell(self.prism.snapshot)

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Show the Lease as it is."""
        self.action_ask("yaml")

    def _tell(self, snapshot: Snapshot) -> None:
        one = next((one for one in self._found if Ref("Lease", *one.lease) == self.target), None)
        lines = _standbys(one, snapshot) if one is not None else []
        self.query_one("#standbys", Lines).show((line, Severity.OK) for line in lines)


def _standbys(one: Leadership, snapshot: Snapshot) -> list[str]:
    """Return who would take a Lease over, in words."""
    told = [f"{one.lease}: {one.health.message}"] if one.health.message else []
    stack = leaderboard.elector(one, snapshot.objects)
    if stack is None:
        return [*told, "it is the reconciler's own: another `up` or operator stands by and says so"]
    if lacking := sorted({"Deployment", "Pod"} & snapshot.objects.unread):
        return [*told, f"nobody can tell who would take over: {'s and '.join(lacking)}s may not be read"]
    found = leaderboard.standbys(stack, snapshot.objects, leader=one.pod)
    return [*told, *([f"would take over: {pod}" for pod in found] or ["nobody would take over"])]
