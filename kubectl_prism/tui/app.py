"""The application: follows one source, shows the page that is asked for, and asks before it writes.

What only a key needs is read from disk when it is pressed, so that the first page is there at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.message import Message
from textual.screen import Screen

from kubectl_prism.errors import PrismError
from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.store import Store
from kubectl_prism.tui import pages
from kubectl_prism.tui.drawing import Drawing
from kubectl_prism.tui.screens.page import PAGES, Page
from kubectl_prism.tui.settings import Settings
from kubectl_prism.tui.snapshot import Snapshot, look
from kubectl_prism.tui.source import Choices, Connect, Link, Place, Source
from kubectl_prism.tui.themes import THEMES
from kubectl_prism.view.spark import History

if TYPE_CHECKING:
    from kubectl_prism.model.change import Change

READ_AHEAD = 0.1
"""Seconds between two pages that are read from disk before a person asks for them."""
AGAIN = 5.0
"""Seconds until another cluster that could not be reached at all is tried again."""

_NOWHERE = Place(context="", server="", namespace=None)


def _clock() -> datetime:
    return datetime.now(UTC)


class PrismApp(App[PrismError]):
    """The dashboard over whatever `connect` opens; it ends with the error of the first opening, if that fails."""

    TITLE = "kubectl prism"
    CSS_PATH = "app.tcss"
    DEFAULT_MODE = "overview"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(number), f"page('{name}')", title, show=False)
            for number, (name, title) in enumerate(PAGES.items(), start=1)
        ),
        Binding("colon", "command_palette", "Commands", show=False),
        Binding("n", "choose_namespace", "Namespace", show=False),
        Binding("x", "choose_context", "Context", show=False),
        Binding("question_mark", "keys", "Keys"),
        Binding("q,ctrl+c", "quit", "Quit"),
    ]

    def __init__(
        self,
        connect: Connect,
        *,
        contexts: Choices,
        settings: Settings | None = None,
        now: Callable[[], datetime] = _clock,
    ) -> None:
        super().__init__()
        self.settings = settings or Settings()
        self.stack: Ref | None = None
        self._connect = connect
        self._contexts = contexts
        self._now = now
        self._source: Source | None = None
        self._was_open = False
        self._drawing = Drawing(self._pieces)
        self._history = History()
        self._noted: tuple[int, ...] = ()
        self._seen = ["overview"]
        for theme in THEMES:
            self.register_theme(theme)
        if self.settings.theme in self.available_themes:
            self.set_reactive(App.theme, self.settings.theme)
        self.stylesheet.set_variables(self.get_css_variables())  # or it would be read again for the theme
        for name in PAGES:
            if name != self.DEFAULT_MODE:
                self._offer(name)

    @property
    def source(self) -> Source:
        """The cluster that is shown; PrismError while there is none."""
        if self._source is None:
            raise PrismError("no cluster is reached yet")
        return self._source

    @property
    def snapshot(self) -> Snapshot:
        """What is known now."""
        source = self._source
        store = source.store if source else Store()
        place = source.place if source else _NOWHERE
        link = source.link() if source else Link(trouble=self._trouble)
        return look(store, now=self._now(), place=place, link=link, history=self._history)

    _trouble = ""

    def get_default_screen(self) -> Screen[None]:
        """Return the first page. A mode that is known before has Textual read all styles once more."""
        return pages.made(self.DEFAULT_MODE)

    async def on_mount(self) -> None:
        """Show an empty page at once; a cluster is looked for when that is seen."""
        self._offer(self.DEFAULT_MODE)
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        self.run_worker(self._drawing.run(), name="draw", group="draw", exit_on_error=True)

    def on_ready(self) -> None:
        """Look for the cluster once the first page is seen: what that needs takes longer to read than the page."""
        self.screen.call_after_refresh(self._look_around)

    def delay_update(self, delay: float = 0) -> None:
        """Hold nothing back while another page takes its place: Textual would for 50 ms, which are felt."""

    def go(self, context: str | None, namespace: str | None) -> None:
        """Show another cluster or namespace from now on."""
        self.run_worker(self._visit(context, namespace), name="visit", group="visit", exclusive=True)

    def post_message(self, message: Message) -> bool:
        """Remember when a person did something last: known here before it is handled."""
        if isinstance(message, events.InputEvent):
            self._drawing.press()
        return super().post_message(message)

    def draw(self) -> None:
        """Draw the page that is seen, and what lies over it, as things are now."""
        self._drawing.now()

    def draw_soon(self) -> None:
        """Draw as soon as no key waits for its answer, in place of what is being drawn."""
        self._drawing.soon()

    def ask(self, what: str, target: Ref) -> None:
        """Do something with an object, in the background."""
        self.run_worker(self._ask(what, target), name=what, group="ask")

    def confirm(self, change: Change, obj: Manifest) -> None:
        """Ask a person whether `change` is to be made to `obj`, and make it when they say so."""
        self.run_worker(self._confirm(change, obj), name="confirm", group="ask")

    def action_page(self, name: str) -> None:
        """Go to a page."""
        if name != self.current_mode:
            self._seen.append(name)
            self.switch_mode(name)

    def open_stack(self, ref: Ref) -> None:
        """Show one stack on its page."""
        self.stack = ref
        self.action_page("stack")

    def leave(self) -> None:
        """Go to the page that was seen before."""
        if len(self._seen) > 1:
            self._seen.pop()
            self.switch_mode(self._seen[-1])

    def action_keys(self) -> None:
        """Show the keys, or put them away."""
        if self.screen.query("HelpPanel"):
            self.action_hide_help_panel()
        else:
            self.action_show_help_panel()

    def action_choose_namespace(self) -> None:
        """Choose the namespace that is shown."""
        self.run_worker(self._choose_namespace(), group="ask")

    def action_choose_context(self) -> None:
        """Choose the cluster that is shown."""
        self.run_worker(self._choose_context(), group="ask")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Return what the palette offers: the pages, where to look, and what Textual has."""
        from kubectl_prism.tui import asking

        for name, title in PAGES.items():
            yield SystemCommand(title, f"Go to {title}", lambda name=name: self.action_page(name))
        yield SystemCommand("Namespace", "Choose the namespace that is shown", self.action_choose_namespace)
        yield SystemCommand("Context", "Choose the cluster that is shown", self.action_choose_context)
        if isinstance(screen, Page) and (target := screen.target) is not None:
            for what, words in asking.ASKED.items():
                yield SystemCommand(
                    f"{what.capitalize()} {target.name}",
                    words,
                    lambda what=what: self.ask(what, target),
                )
        yield from super().get_system_commands(screen)

    def _offer(self, name: str) -> None:
        self.add_mode(name, lambda: pages.made(name))

    def _look_around(self) -> None:
        self.go(None, None)
        self.run_worker(self._read_ahead(), name="read", group="read")

    async def _read_ahead(self) -> None:
        """Read the other pages from disk, one after the other, before a person asks for them."""
        for name in PAGES:
            await asyncio.sleep(READ_AHEAD)
            pages.known(name)

    async def _visit(self, context: str | None, namespace: str | None) -> None:
        """Follow a source until another one is chosen."""
        while True:
            try:
                async with self._connect(context, namespace) as source:
                    self._source, self._trouble, self.stack, self._was_open = source, "", None, True
                    unsubscribe = source.store.subscribe(lambda _change: self._drawing.change())
                    self._drawing.change()
                    try:
                        await asyncio.Event().wait()
                    finally:
                        unsubscribe()
                        self._source = None
            except PrismError as error:
                if not self._was_open:
                    self.exit(error)
                    return
                self._trouble = error.message
                self._drawing.change()
                await asyncio.sleep(AGAIN)

    def _pieces(self) -> Iterator[None]:
        """Draw the page that is seen, and what lies over it, as things are now."""
        snapshot = self.snapshot
        yield
        yield from self._note(snapshot)
        yield
        for screen in self.screen_stack:
            if isinstance(screen, Page):
                with suppress(NoMatches):  # a page that is put together or taken down lacks parts
                    yield from screen.show(snapshot)

    async def _ask(self, what: str, target: Ref) -> None:
        from kubectl_prism.tui import asking

        try:
            await asking.ask(self, what, target)
        except PrismError as error:
            self.notify(error.message, title=f"cannot {what}", severity="error", timeout=10, markup=False)

    async def _confirm(self, change: Change, obj: Manifest) -> None:
        from kubectl_prism.tui import asking
        from kubectl_prism.tui.screens.confirm import Confirm

        try:
            asking.require_writable(self)
            if not await self.push_screen_wait(Confirm(change, obj, self.source.place)):
                return
            await self.source.change(change)
        except PrismError as error:
            self.notify(error.message, title=f"cannot {change.words}", severity="error", timeout=10, markup=False)
        else:
            self.notify(f"{change.ref}: asked to {change.words}; the cluster shows it when it is so", markup=False)

    async def _choose_namespace(self) -> None:
        from kubectl_prism.tui import asking
        from kubectl_prism.tui.screens.choose import Choose

        known = {meta.key(obj).namespace for kind in ("PrismStack", "Pod", "PrismNamespace") for obj in self._all(kind)}
        present = self.source.place.namespace
        offered = [asking.EVERYWHERE, *sorted(known | ({present} if present else set()))]
        chosen = await self.push_screen_wait(Choose("Namespace", offered, present or asking.EVERYWHERE, free=True))
        if chosen:
            self.go(self.source.place.context, "" if chosen == asking.EVERYWHERE else chosen)

    async def _choose_context(self) -> None:
        from kubectl_prism.tui.screens.choose import Choose

        try:
            offered = await self._contexts()
        except PrismError as error:
            self.notify(error.message, severity="error", markup=False)
            return
        present = self._source.place.context if self._source else ""
        chosen = await self.push_screen_wait(Choose("Context", offered, present))
        if chosen:
            self.go(chosen, None)

    def _all(self, kind: str) -> Iterable[Manifest]:
        return self.source.store.list(kind)

    def _note(self, snapshot: Snapshot) -> Iterator[None]:
        """Remember what the sparklines are drawn from: once in each slot of time, and when anything is new or gone."""
        objects, seconds = snapshot.objects, snapshot.now.timestamp()
        there = (objects.stacks, objects.patterns, objects.deployments, objects.namespaces)
        noted = (self._history.slot(seconds), *map(len, there))
        if noted != self._noted and (self._noted or any(noted[1:])):
            from kubectl_prism.tui import trends

            yield from trends.note(snapshot)
            self._noted = noted

    def _keep_theme(self, _theme: object) -> None:
        self.settings.theme = self.theme
        self.settings.save()
