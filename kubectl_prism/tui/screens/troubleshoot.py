"""What is wrong, why, and what to do: a finding on each line, and below the chain from the symptom to the cause.

Enter previews the proposed change, where there is one, and makes it once a person confirmed; the finding goes away when
the cluster shows that it helped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual.app import ComposeResult
from textual.binding import Binding

from kubectl_prism.model.finding import Finding
from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.tui.screens.page import Page
from kubectl_prism.tui.snapshot import Snapshot
from kubectl_prism.tui.widgets.lines import Lines
from kubectl_prism.tui.widgets.table import Table
from kubectl_prism.view import troubles
from kubectl_prism.view.findings import findings


class TroubleshootPage(Page):
    """Findings above the one under the cursor."""

    BINDINGS = [Binding("a", "apply", "Apply"), Binding("C", "copy_command", "Copy command", show=False)]  # noqa: RUF012 - Textual's own name

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._found: Sequence[Finding] = ()
        self._mended: dict[str, str] = {}

    def body(self) -> ComposeResult:
        """Findings above details."""
        yield self.kept(troubles.COLUMNS, empty="nothing is wrong that can be seen from here")
        yield Lines(wrap=True, id="details")

    def draw(self, snapshot: Snapshot) -> Iterator[None]:
        """Judge what is seen."""
        self._found = yield from findings.pieces(snapshot.objects, snapshot.leases, snapshot.events, snapshot.now)
        self.table.show(troubles.rows(self._found))
        self._watch(self._found)
        self._tell()

    def on_table_moved(self) -> None:
        """Tell all about this one."""
        self._tell()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Preview what is proposed."""
        self.action_apply()

    def action_apply(self) -> None:
        """Preview what is proposed, and make it once it is confirmed."""
        finding = self._finding
        if finding is None:
            return
        if finding.change is None:
            self.notify(f"only you can decide this: {finding.command}", markup=False)
            return
        self._mended[troubles.key(finding)] = finding.title
        self.prism.confirm(finding.change, self._seen(finding.change.ref) or {})

    def action_copy_command(self) -> None:
        """Copy the proposed command."""
        if self._finding is not None:
            self.app.copy_to_clipboard(self._finding.command)
            self.notify("copied the command")

    def _watch(self, found: Sequence[Finding]) -> None:
        """Say of each finding whose change a person looked at that it is gone, once it is."""
        there = {troubles.key(finding) for finding in found}
        for key in [key for key in self._mended if key not in there]:
            self.notify(f"no more: {self._mended.pop(key)}", title="gone", markup=False)

    @property
    def _finding(self) -> Finding | None:
        key = self.table.row.key if self.table.row is not None else None
        return next((finding for finding in self._found if troubles.key(finding) == key), None)

    def _tell(self) -> None:
        finding = self._finding
        obj = self._seen(finding.change.ref) if finding is not None and finding.change is not None else None
        self.query_one("#details", Lines).show(troubles.lines(finding, obj) if finding is not None else [])

    def _seen(self, ref: Ref) -> Manifest | None:
        found = self.prism.source.store.get(*ref)
        return {"kind": ref.kind, **found} if found is not None else None
