"""The one question before anything is written: what, to which object, of which cluster."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from kubectl_prism.model.change import Change, preview
from kubectl_prism.model.meta import Manifest
from kubectl_prism.tui.source import Place


class Confirm(ModalScreen[bool]):
    """Is true where a person said yes; the answer that changes nothing is the one that Enter gives."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "answer(False)", "No"),
        Binding("y", "answer(True)", "Yes"),
        Binding("left,right", "app.focus_next", "Choose", show=False),
    ]

    def __init__(self, change: Change, obj: Manifest, place: Place) -> None:
        super().__init__()
        self._change = change
        self._obj = obj
        self._place = place

    def compose(self) -> ComposeResult:
        """Name everything that is about to change."""
        change = self._change
        facts = (
            f"context    {self._place.context}",
            f"namespace  {change.ref.namespace or '(none)'}",
            f"object     {change.ref.kind} {change.ref.name}",
        )
        with Vertical(id="question"):
            yield Static(f"{change.words[:1].upper()}{change.words[1:]}?", id="words", markup=False)
            yield Static("\n".join(facts), id="facts", markup=False)
            with VerticalScroll(id="preview"):
                yield Static("\n".join(preview(change, self._obj)), markup=False)
            yield Static(f"$ {change.command}", id="command", markup=False)
            with Horizontal(id="answers"):
                yield Button("No (n)", id="no")
                yield Button("Yes (y)", id="yes", variant="error" if change.verb == "delete" else "primary")

    def on_mount(self) -> None:
        """Wait on no."""
        self.query_one("#no").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Take the answer."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Take the answer."""
        self.dismiss(answer)
