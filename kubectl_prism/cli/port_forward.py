"""`kubectl prism port-forward`: a port of this machine that leads to a stack's proxies, admins or runners."""

from __future__ import annotations

from typing import Annotated

import typer

from kubectl_prism.cli import connect, names
from kubectl_prism.cli.commands import add, given
from kubectl_prism.cli.output import note


def register(app: typer.Typer) -> None:
    """Add the verb."""
    add(
        app,
        port_forward,
        name="port-forward",
        examples={
            "The proxies of the only stack": "kubectl prism port-forward proxy",
            "The admins of one, on another port here": "kubectl prism port-forward admin --stack dev --local 9000",
            "The runners of a pattern": "kubectl prism port-forward keyvalue-memstore",
        },
    )


def _stacks(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    return names.stacks(incomplete, given(context))


def port_forward(
    context: typer.Context,
    target: Annotated[str, typer.Argument(help="proxy, admin, or the name of a PrismPattern.")],
    stack: Annotated[str | None, typer.Option("--stack", metavar="NAME", help="Whose.", autocompletion=_stacks)] = None,
    local: Annotated[
        int | None, typer.Option("--local", min=0, max=65535, metavar="PORT", help="Here; 0 is a free one.")
    ] = None,
) -> int:
    """Forward a port of this machine to a ready pod; when the pod goes, the next connection goes to another.

    The port is that of the spec, here too where --local says nothing else. It goes on until Ctrl-C.
    """
    cluster = connect.cluster(given(context))
    from kubectl_prism.cli import forwarding
    from kubectl_prism.cli.loop import run

    run(forwarding.forward(cluster, target, stack, local, note))
    return 0
