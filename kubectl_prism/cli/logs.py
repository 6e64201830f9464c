"""`kubectl prism logs`: what the pods of a stack say, by component, together and readable."""

from __future__ import annotations

from typing import Annotated

import typer

from kubectl_prism.cli import connect, names
from kubectl_prism.cli.commands import add, given
from kubectl_prism.cli.options import duration
from kubectl_prism.errors import UsageError

COMPONENTS = ("proxy", "admin", "pattern")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    add(
        app,
        logs,
        examples={
            "What every pod of a stack said last": "kubectl prism logs dev",
            "What its proxies say from now on": "kubectl prism logs dev --component proxy -f --tail 0",
            "One pattern, the last ten minutes": "kubectl prism logs -l runner=orders --since 10m",
        },
    )


def _stacks(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    return names.stacks(incomplete, given(context))


def _components(incomplete: str) -> list[str]:
    return [name for name in COMPONENTS if name.startswith(incomplete)]


def logs(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="One stack only.", autocompletion=_stacks)] = None,
    component: Annotated[
        list[str] | None,
        typer.Option("--component", metavar="NAME", help="proxy, admin or pattern.", autocompletion=_components),
    ] = None,
    selector: Annotated[
        str | None, typer.Option("--selector", "-l", metavar="LABELS", help="Pods with these labels too.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come, of new pods too.")] = False,
    since: Annotated[str | None, typer.Option("--since", metavar="TIME", help="Not older than, e.g. 10m.")] = None,
    tail: Annotated[int, typer.Option("--tail", min=-1, metavar="N", help="Last lines of each pod; -1 for all.")] = 20,
    raw: Annotated[bool, typer.Option("--raw", help="Lines as they were written, without time or pod.")] = False,
) -> int:
    """Print what the pods of a stack say, or of all stacks in the namespace, each line with its pod.

    Lines of JSON are made readable. The exit code is 1 when there is no pod, or one could not be read.
    """
    if unknown := sorted(set(component or ()) - set(COMPONENTS)):
        raise UsageError(f"--component {unknown[0]} is not known", hint=f"write one of: {', '.join(COMPONENTS)}")
    seconds = None if since is None else duration(since)
    if since is not None and not seconds:
        raise UsageError(f"--since {since} is not a time", hint="write 30s, 10m or 1h30m")
    cluster = connect.cluster(given(context))
    from kubectl_prism.cli import tailing
    from kubectl_prism.cli.loop import run

    components = tuple(component or COMPONENTS)
    wanted = tailing.Wanted(name, components, selector, follow=follow, since=seconds, tail=tail)
    return run(tailing.print_logs(cluster, wanted, tailing.printer(given(context), raw=raw)))
