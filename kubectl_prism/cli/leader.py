"""`kubectl prism leader`: who holds the Leases of admins and reconcilers, where, and since when. Never writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_prism.cli import connect
from kubectl_prism.cli.commands import add, given
from kubectl_prism.cli.output import Format, format_of, note, table, write, write_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_prism.view.leader import Leadership


def register(app: typer.Typer) -> None:
    """Add the verb."""
    add(
        app,
        leader,
        examples={
            "Who leads in the namespace of the context": "kubectl prism leader",
            "Everywhere, and again whenever it changes": "kubectl prism leader -A -w",
            "The pod that leads, for scripts": "kubectl prism leader -o jsonpath='{.items[0].pod}'",
        },
    )


def leader(
    context: typer.Context,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it again whenever something changes.")] = False,
    all_namespaces: Annotated[bool, typer.Option("--all-namespaces", "-A", help="Of all namespaces.")] = False,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FORM", help="json, yaml or jsonpath=…")
    ] = None,
) -> int:
    """Show who holds each Lease: the pod, its node and zone, since when, and when it was last renewed.

    The exit code is 0 when every Lease is held, and 1 when one is stale, free or missing.
    """
    wanted = format_of(output, among=("json", "yaml", "jsonpath"))
    cluster = connect.cluster(given(context))
    from kubectl_prism.cli import leading
    from kubectl_prism.cli.loop import run

    namespace = None if all_namespaces else cluster.namespace
    if watch:
        run(leading.follow(cluster, namespace, lambda found: show(found, wanted)))
        return 0
    found = run(leading.once(cluster, namespace))
    show(found, wanted)
    if not found:
        place = f"in namespace {namespace}" if namespace else "in any namespace"
        note(f"No stack {place} elects a leader, and no reconciler holds a Lease.")
    return 0 if all(one.health.is_ok for one in found) else 1


def show(found: Sequence[Leadership], wanted: Format) -> None:
    """Print who leads in the form that is asked for."""
    from kubectl_prism.view import leader as view

    if wanted.form != "table":
        write_data(view.data(found), wanted)
        return
    if found:
        write(table(view.HEADERS, view.rows(found)))
    for one in found:
        if one.health.message:
            note(f"{one.lease}: {one.health.message}")
