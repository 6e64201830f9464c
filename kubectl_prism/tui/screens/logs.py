"""What some pods write, as it comes: followed, paused, filtered, wrapped, copied, saved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType

from kubectl_prism.errors import PrismError
from kubectl_prism.model.meta import Key
from kubectl_prism.tui.screens.text import TextScreen
from kubectl_prism.tui.widgets.lines import Line
from kubectl_prism.view import logs
from kubectl_prism.view.health import Severity

if TYPE_CHECKING:
    from kubectl_prism.tui.app import PrismApp

EVERY = 0.1
"""Seconds between two times that new lines are drawn, however many come."""


class LogsScreen(TextScreen):
    """The logs of `pods`, each line behind its pod's name where there are some."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause", "Pause"),
        Binding("ctrl+s", "save", "Save"),
    ]

    def __init__(self, title: str, pods: Sequence[Key]) -> None:
        super().__init__(f"Logs of {title}", follow=True)
        self._pods = pods
        self._coming: list[Line] = []
        self._paused = False

    def on_mount(self) -> None:
        """Begin to read."""
        super().on_mount()
        self.set_interval(EVERY, self._draw)
        self.run_worker(self._read(), name="logs", group="logs")

    def action_pause(self) -> None:
        """Stop showing what comes, or go on; nothing is lost."""
        self._paused = not self._paused
        self.notify("paused; p goes on" if self._paused else "goes on", timeout=2)

    def action_save(self) -> None:
        """Write every line that matches into a file in the present folder."""
        path = Path(f"prism-{'-'.join(dict.fromkeys(key.name for key in self._pods[:1]))}.log").resolve()
        try:
            path.write_text(self.lines.text + "\n")
        except OSError as error:
            self.notify(f"{path}: {error.strerror}", severity="error", markup=False)
        else:
            self.notify(f"saved {path}", markup=False)

    async def _read(self) -> None:
        try:
            await cast("PrismApp", self.app).source.logs(self._pods, self._take)
        except PrismError as error:
            self._coming.append((f"✗ {error.message}", Severity.BAD))

    def _take(self, pod: Key, text: str) -> None:
        line = logs.parse(text)
        head = f"{pod.name} " if len(self._pods) > 1 else ""
        self._coming.append((head + line.text, line.severity))

    def _draw(self) -> None:
        if self._coming and not self._paused:
            coming, self._coming = self._coming, []
            self.lines.add(coming)
