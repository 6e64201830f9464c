"""The reference page of the dashboard: its keys, filter, settings file, and the rights that each page needs.

Called by `docs.generate`. Keys and what they do are those of the program; nothing is started.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import key_to_character

from kubectl_prism.cli.showing import MANAGER, TAIL
from kubectl_prism.tui import asking, pages
from kubectl_prism.tui.app import PrismApp
from kubectl_prism.tui.screens.choose import Choose
from kubectl_prism.tui.screens.confirm import Confirm
from kubectl_prism.tui.screens.logs import LogsScreen
from kubectl_prism.tui.screens.number import Number
from kubectl_prism.tui.screens.page import PAGES, Page
from kubectl_prism.tui.screens.text import TextScreen
from kubectl_prism.tui.settings import Settings
from kubectl_prism.tui.themes import THEMES
from kubectl_prism.tui.widgets.lines import Lines
from kubectl_prism.tui.widgets.table import Table

Tabled = Callable[[Sequence[str], Iterable[Sequence[str]]], str]

OURS = ("prismstacks", "prismpatterns", "prismbackends", "prismnamespaces")
PROGRAMS = ("deployments.apps", "pods")
READS: Mapping[str, tuple[str, ...]] = {
    "overview": (*OURS, *PROGRAMS, "events"),
    "stack": (*OURS, *PROGRAMS, "nodes", "events"),
    "namespaces": ("prismnamespaces",),
    "leader": ("leases.coordination.k8s.io", "prismstacks", "pods", "nodes"),
    "backends": ("prismbackends", "prismpatterns"),
    "troubleshoot": (*OURS, *PROGRAMS, "nodes", "leases.coordination.k8s.io", "events"),
    "reconciler": ("leases.coordination.k8s.io",),
}
"""What each page is made of; the dashboard lists and watches all of it, once."""
RIGHTS = (
    ("Describe", "None but those of the page"),
    ("YAML", "`get` of the object"),
    ("Logs", "`get` of `pods/log`"),
    ("Scale", "`patch` of `prismpatterns/scale`, or of `prismstacks` for proxies and admins"),
    ("Restart", "`patch` of `deployments.apps`"),
    ("Pause", "`patch` of the object"),
    ("Delete", "`delete` of the object"),
    ("Apply", "What the shown command needs, such as `patch` of `nodes`"),
    ("Page Reconciler, of an operator in the cluster", "`get` of `pods/proxy`"),
)
SETTINGS = {
    "theme": (f"One of {', '.join(f'`{theme.name}`' for theme in THEMES)}, or a theme of Textual", '"prism-light"'),
    "sorts": (
        "By page the column that its table is sorted by, with a minus for the greatest first",
        '{"namespaces": "-RATE"}',
    ),
    "hidden": ("By page the columns that are hidden", '{"overview": ["TREND"]}'),
    "readonly": ("Contexts in which nothing may be written", '["production"]'),
}


def page(table: Tabled) -> str:
    """Return the page."""
    return "\n\n".join([*_head(), *_keys(table), *_filter(table), *_settings(table), *_rights(table), *_marks()]) + "\n"


def bindings(owner: type[DOMNode]) -> Iterator[tuple[str, str, str]]:
    """Yield the keys that a part of the dashboard adds to those of Textual, their name, and what they do."""
    for binding in owner.BINDINGS:
        assert isinstance(binding, Binding)  # noqa: S101 - ours are written as such
        yield keys(binding), binding.description, _done(owner, binding)


def keys(binding: Binding) -> str:
    """Return the keys of a binding as people write them."""
    return " ".join(f"`{_shown(key.strip())}`" for key in binding.key.split(","))


def _shown(key: str) -> str:
    if key == "slash":
        return "/"
    character = key_to_character(key) or ""
    return character if character.isprintable() and character.strip() else key


def _done(owner: type[DOMNode], binding: Binding) -> str:
    """Return what a key does: the first line of the action's docstring, where the action is ours."""
    name, _, argument = binding.action.removesuffix(")").partition("(")
    if name == "command_palette":
        return "Find a command by its name"
    if name == "ask":
        return asking.ASKED[argument.strip("'")]
    if owner is PrismApp and name == "page":
        return "Go to this page"
    action: Any = getattr(owner, f"action_{name}", None)
    if argument or action is None or not action.__module__.startswith("kubectl_prism"):
        return ""
    return (inspect.getdoc(action) or "").partition("\n")[0].rstrip(".")


def _head() -> Iterator[str]:
    yield "# Dashboard"
    yield (
        "`kubectl prism tui` shows a cluster live, whoever reconciles it; `kubectl prism up --tui` shows what it "
        "reconciles itself. [Watch with the dashboard](../how-to/watch-with-the-dashboard.md) says how to use it. It "
        "needs a terminal for input and output; without one it ends with exit code 2."
    )


def _keys(table: Tabled) -> Iterator[str]:
    yield "## Keys"
    yield (
        "`?` shows those that work where you are. Those in the last line can be clicked, and so can the pages. The "
        "palette (`:` or `ctrl+p`) finds pages, what can be done with an object, and themes by a few letters."
    )
    parts: list[tuple[str, type[DOMNode]]] = [
        ("Everywhere", PrismApp),
        ("On every page", Page),
        ("In a table", Table),
        *((f"On the page {title}", pages.known(name)) for name, title in PAGES.items()),
        ("In a description, YAML or logs", TextScreen),
        ("In logs", LogsScreen),
        ("In lines of text", Lines),
        ("Where a change is to be confirmed", Confirm),
        ("Where something is chosen", Choose),
        ("Where a number is asked for", Number),
    ]
    for title, owner in parts:
        if "BINDINGS" in vars(owner):
            yield f"### {title}"
            yield table(("Key", "Name", "What it does"), bindings(owner))
    yield (
        "A click on a column's head sorts by it, a second one turns the order round. A click on a row goes there, a "
        "double click opens it."
    )


def _filter(table: Tabled) -> Iterator[str]:
    yield "## Filter"
    yield "Words with spaces between them; a row is shown where all of them hold. Capitals and small letters are alike."
    rows = (
        ("`word`", "The word stands in some cell, hidden columns included"),
        ("`name=value`", "The tag of this name holds the value; tenants have tags"),
        ("`column:word`", "The word stands in this column; a space in a column's name is a hyphen, as in `ttl-left:d`"),
        ("`!word`", "The word does not hold; `!` may stand before each of the others too"),
    )
    yield table(("Written", "Means"), rows)
    yield "In descriptions, YAML and logs a line is shown that holds every word; there is no more to it there."


def _settings(table: Tabled) -> Iterator[str]:
    yield "## Settings"
    yield (
        "What you set stays in `$XDG_CONFIG_HOME/kubectl-prism/tui.json`, which is `~/.config/kubectl-prism/tui.json` "
        "where that is not set. `readonly` is yours to write; the dashboard keeps it. A file that cannot be read is "
        "as good as none."
    )
    kept = [field.name for field in fields(Settings) if field.name != "path"]
    rows = [(f"`{name}`", SETTINGS[name][0], f"`{SETTINGS[name][1]}`") for name in kept]
    yield table(("Field", "What it holds", "Example"), rows)
    yield "Where `NO_COLOR` is set, everything is drawn in shades of grey."


def _rights(table: Tabled) -> Iterator[str]:
    yield "## Rights"
    yield (
        "`list` and `watch`, in the namespace that is shown, or in all of them; nodes have none. What may not be read "
        "is named in a line under the title, and the rest is shown; of what depends on it the dashboard says that "
        "it is unknown. `kubectl prism up --tui` watches with the [rights of the reconciler](rights.md)."
    )
    rows = [(title, ", ".join(f"`{kind}`" for kind in READS[name])) for name, title in PAGES.items()]
    yield table(("Page", "What it reads"), rows)
    yield table(("For", "Right"), RIGHTS)
    yield (
        f"What is written carries the field manager `{MANAGER}`. An object that was made anew under the same name "
        "since you saw it is not changed; scaling a pattern is the exception. Deployments and pods are read as far as "
        f"they belong to Prism. Of a log the last {TAIL} lines of each pod are read, then what follows."
    )


def _marks() -> Iterator[str]:
    yield "## Marks"
    yield (
        "`●` well, `◐` waits, `○` unknown, `✗` wrong. Colours repeat them. `simulated` in the title says that nodes "
        "are those of a sandbox; such a node carries `(sim)` on Stack, `(simulated)` on Leader and `~` in a "
        "placement. A tenant that a simulated proxy holds says so in its description, and a simulated pod in its log."
    )
