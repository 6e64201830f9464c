"""A choice of one out of many by a few letters of its name; where it is free, of anything that is typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static


class Choose(ModalScreen[str | None]):
    """Is what was chosen, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel"),
        Binding("down", "move(1)", "Down", show=False),
        Binding("up", "move(-1)", "Up", show=False),
    ]

    def __init__(self, title: str, offered: Sequence[str], present: str, *, free: bool = False) -> None:
        super().__init__()
        self._title = title
        self._offered = tuple(offered)
        self._present = present
        self._free = free

    def compose(self) -> ComposeResult:
        """A field above a list."""
        with Vertical(id="question"):
            yield Static(self._title, id="words", markup=False)
            yield Input(placeholder=self._present)
            yield OptionList(*self._offered, markup=False)

    def on_mount(self) -> None:
        """Begin on what holds now."""
        found = self.query_one(OptionList)
        if self._present in self._offered:
            found.highlighted = self._offered.index(self._present)
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Keep only what has these letters."""
        words = event.value.casefold()
        found = self.query_one(OptionList)
        found.clear_options()
        found.add_options([name for name in self._offered if words in name.casefold()])
        found.highlighted = 0 if found.option_count else None

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what is highlighted, or what was typed."""
        found = self.query_one(OptionList)
        if found.highlighted is not None:
            self.dismiss(str(found.get_option_at_index(found.highlighted).prompt))
        elif self._free and event.value:
            self.dismiss(event.value)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take what was clicked."""
        self.dismiss(str(event.option.prompt))

    def action_move(self, by: int) -> None:
        """Move in the list while the field is typed into."""
        found = self.query_one(OptionList)
        if by > 0:
            found.action_cursor_down()
        else:
            found.action_cursor_up()
