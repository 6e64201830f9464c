"""`kubectl prism options`: the flags that every command takes. Reads nothing, calls nobody."""

from __future__ import annotations

import typer

from kubectl_prism.cli import options as flags
from kubectl_prism.cli.commands import add
from kubectl_prism.cli.output import write


def register(app: typer.Typer) -> None:
    """Add the verb."""
    add(app, options, examples={"List the flags": "kubectl prism options"})


def options() -> None:
    """List the flags that every command takes, anywhere after `prism`."""
    write("These flags mean what they mean in kubectl, and may stand anywhere after `prism`:\n\n" + flags.listing())
