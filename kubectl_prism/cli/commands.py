"""Which verbs there are, and how one becomes a typer command.

A verb is a module of this package with `register(app)`; only the module of the verb that was typed is imported, unless
help or completion needs them all. `add` gives every verb the same help: what it does, examples, where the flags are.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kubectl_prism.cli.options import Options

if TYPE_CHECKING:
    import typer

PROGRAM = "kubectl prism"

VERBS = (
    "up",
    "tui",
    "status",
    "leader",
    "logs",
    "port-forward",
    "render",
    "diff",
    "crds",
    "init",
    "operator",
    "version",
    "options",
    "namespaces",
    "sandbox",
    "completion",
)
"""The verbs in the order of `kubectl prism --help`; the module of a verb has its name, or the one given below."""

_MODULES = {"options": "flags", "port-forward": "port_forward"}

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_FLAGS = "`kubectl prism options` lists the flags that every command takes."


def application(verb: str | None = None) -> typer.Typer:
    """Return the command line with one verb, or with all of them where `verb` is none of them."""
    app = group(
        "Install, reconcile and watch the Prism data-access gateway on Kubernetes.",
        examples={
            "From nothing to a running stack": "kubectl prism up",
            "What runs, worst first": "kubectl prism status",
        },
    )
    for name in [verb] if verb in VERBS else VERBS:
        importlib.import_module(f"kubectl_prism.cli.{_MODULES.get(name, name)}").register(app)
    return app


def tree(verb: str | None = None) -> Any:  # noqa: ANN401 (typer names the type in a private module only)
    """Return the same as the tree of commands that typer makes of it, quick to use."""
    from typer.main import get_command

    from kubectl_prism.cli.light import lighten

    return lighten(get_command(application(verb)))


def group(
    help: str, *, examples: Mapping[str, str], otherwise: Callable[[typer.Context], int] | None = None
) -> typer.Typer:
    """Return an empty group of commands; alone, it does what `otherwise` does, or prints its help."""
    import typer

    app = typer.Typer(
        help=help,
        epilog=_epilog(examples),
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        suggest_commands=False,
        context_settings=_SETTINGS,
    )

    def alone(context: typer.Context) -> int:
        if context.invoked_subcommand is not None:
            return 0
        if otherwise is not None:
            return otherwise(context)
        typer.echo(context.get_help())
        return 0

    alone.__annotations__["context"] = typer.Context
    app.callback(invoke_without_command=True)(alone)
    return app


def add(
    app: typer.Typer, function: Callable[..., Any], *, examples: Mapping[str, str], name: str | None = None
) -> None:
    """Register `function` as a command: its docstring is the help, its integer result the exit code.

    `examples` maps what a person wants to the command line that does it.
    """
    summary = (function.__doc__ or "").partition("\n")[0]
    app.command(name, short_help=summary, epilog=_epilog(examples), context_settings=_SETTINGS)(function)


def given(context: typer.Context) -> Options:
    """Return the connection flags that a command was called with."""
    options: Options = context.obj
    return options


def _epilog(examples: Mapping[str, str]) -> str:
    blocks = ["\n".join(["\b", f"  # {wish}", f"  {words}"]) for wish, words in examples.items()]
    return "\n\n".join(["Examples:", *blocks, _FLAGS])
