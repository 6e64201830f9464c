"""`kubectl prism init`: a commented file to start from. Writes that one file, and never over another unasked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kubectl_prism.cli.commands import add
from kubectl_prism.cli.output import note, write
from kubectl_prism.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the verb."""
    add(
        app,
        init,
        examples={
            "A small stack in shop.yaml": "kubectl prism init shop -f shop.yaml",
            "Spread over zones, on stdout": "kubectl prism init shop --template multi-zone",
            "Which templates there are": "kubectl prism init --list",
        },
    )


def _templates(incomplete: str) -> list[tuple[str, str]]:
    from kubectl_prism import manifests

    return [(found.name, found.title) for found in manifests.templates().values() if found.name.startswith(incomplete)]


def init(
    name: Annotated[str | None, typer.Argument(help="The name of the stack.")] = None,
    template: Annotated[
        str, typer.Option("--template", "-t", metavar="NAME", help="What to start from.", autocompletion=_templates)
    ] = "quickstart",
    file: Annotated[
        str, typer.Option("--filename", "-f", metavar="FILE", help="The file to write; - is stdout.")
    ] = "-",
    force: Annotated[bool, typer.Option("--force", help="Write over a file that exists.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="List the templates.")] = False,
) -> None:
    """Write a commented starter file for a stack.

    There is a template for each placement strategy and topology; every field in it says what it is for.
    """
    from kubectl_prism import manifests

    if listing:
        _list()
        return
    if name is None:
        raise UsageError("init needs the name of the stack", hint="kubectl prism init my-prism -f my-prism.yaml")
    text = manifests.starter(template, name)
    if file == "-":
        write(text)
        return
    _save(Path(file), text, force=force)
    note(f"{file} written; `kubectl prism render -f {file}` shows what it makes, `kubectl prism up -f {file}` makes it")


def _list() -> None:
    from kubectl_prism import manifests
    from kubectl_prism.cli.output import table

    write(
        table(("TEMPLATE", "WHAT IT IS FOR"), [(found.name, found.title) for found in manifests.templates().values()])
    )


def _save(path: Path, text: str, *, force: bool) -> None:
    try:
        with path.open("w" if force else "x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise UsageError(f"{path} exists", hint="--force writes over it") from None
