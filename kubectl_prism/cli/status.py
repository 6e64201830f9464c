"""`kubectl prism status`: one screen, worst first: stack → component → pods, with the reason for what is not Ready.

Reads a few lists, or watches with `-w`; never writes. The words and the order are made by `view`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_prism.cli import connect, names
from kubectl_prism.cli.commands import add, given
from kubectl_prism.cli.options import Options
from kubectl_prism.cli.output import Format, format_of, note, paint, write, write_data
from kubectl_prism.errors import PrismError, UsageError

if TYPE_CHECKING:
    from kubectl_prism.cli.observing import Scope
    from kubectl_prism.view.stack import StackTree


def register(app: typer.Typer) -> None:
    """Add the verb."""
    add(
        app,
        status,
        examples={
            "Everything in the namespace of the context": "kubectl prism status",
            "One stack, with every pod and its node": "kubectl prism status prism-quickstart -o wide",
            "All namespaces, and again at every change": "kubectl prism status -A -w",
            "What is not Ready, for scripts": "kubectl prism status -o jsonpath='{.items[?(@.allReady==false)].name}'",
        },
    )


def _stacks(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    return names.stacks(incomplete, given(context))


def status(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="One stack only.", autocompletion=_stacks)] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it again whenever something changes.")] = False,
    all_namespaces: Annotated[bool, typer.Option("--all-namespaces", "-A", help="Of all namespaces.")] = False,
    selector: Annotated[
        str | None, typer.Option("--selector", "-l", metavar="LABELS", help="Stacks with these labels, e.g. tier=gold.")
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FORM", help="wide, json, yaml, name or jsonpath=…")
    ] = None,
) -> int:
    """Show how every stack is, worst first, and why.

    The exit code is 0 when everything is Ready, or there is nothing, and 1 when something is not.
    """
    options, wanted = given(context), format_of(output)
    if name and (all_namespaces or selector):
        raise UsageError("a name cannot go with --all-namespaces or --selector", hint="leave one of them out")
    if watch and wanted.form == "name":
        raise UsageError("--watch cannot print names", hint="leave out -o name")
    cluster = connect.cluster(options)  # a faulty kubeconfig is said before the network library is loaded
    from kubectl_prism.cli import observing
    from kubectl_prism.cli.loop import run

    namespace = None if all_namespaces else cluster.namespace
    scope = observing.Scope(namespace=namespace, stack=name, selector=selector)
    if watch:
        from kubectl_prism.cli import watching

        run(watching.follow(cluster, scope, wanted, options))
        return 0
    trees = run(observing.once(cluster, scope))
    show(trees, wanted, options)
    if not trees:
        _nothing(scope)
    return 0 if all(tree.is_ready for tree in trees) else 1


def show(trees: Sequence[StackTree], wanted: Format, options: Options) -> None:
    """Print stacks in the form that is asked for."""
    from kubectl_prism.view import status as view

    match wanted.form:
        case "table" | "wide":
            if trees:
                write("\n".join(view.lines(trees, paint(options), wide=wanted.form == "wide")))
        case "name":
            write("\n".join(f"prismstack.prism.io/{tree.name}" for tree in trees if tree.name))
        case _:
            write_data(view.data(trees), wanted)


def _nothing(scope: Scope) -> None:
    place = f"in namespace {scope.namespace}" if scope.namespace else "in any namespace"
    if scope.stack:
        raise PrismError(f"there is no stack {scope.stack} {place}", hint="`kubectl prism status -A` shows all stacks")
    match = f" with labels {scope.selector}" if scope.selector else ""
    note(f"No stacks{match} {place}.")
    note("hint: `kubectl prism up` brings one up" + ("; -A looks in all namespaces" if scope.namespace else ""))
