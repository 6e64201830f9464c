"""A question for a number of replicas."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

MOST = 10_000


class Number(ModalScreen[int | None]):
    """Is the number, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, title: str, present: int) -> None:
        super().__init__()
        self._title = title
        self._present = present

    def compose(self) -> ComposeResult:
        """A field that takes digits."""
        with Vertical(id="question"):
            yield Static(self._title, id="words", markup=False)
            yield Input(str(self._present), type="integer")
            yield Static("Enter goes on, Esc leaves it as it is", id="facts", markup=False)

    def on_mount(self) -> None:
        """Wait for digits."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take it where it is a number that can be meant."""
        if event.value.isdigit() and int(event.value) <= MOST:
            self.dismiss(int(event.value))
        else:
            self.query_one("#facts", Static).update(f"a whole number from 0 to {MOST}, please")
