"""`kubectl prism diff`: what `up` with a file would change, as the API server itself judges it. Never writes.

Exit codes are those of `kubectl diff`: 0 no difference, 1 differences, more than 1 an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_prism.cli import connect
from kubectl_prism.cli.commands import add, given
from kubectl_prism.cli.options import Options
from kubectl_prism.cli.output import paint, write
from kubectl_prism.cli.render import samples
from kubectl_prism.errors import UsageError

if TYPE_CHECKING:
    from kubectl_prism.kube.config import Cluster
    from kubectl_prism.model.meta import Manifest


def register(app: typer.Typer) -> None:
    """Add the verb."""
    add(
        app,
        diff,
        examples={
            "What would change": "kubectl prism diff -f stack.yaml",
            "In CI: fail on any difference": "kubectl prism diff -f stack.yaml --color=never",
        },
    )


def diff(
    context: typer.Context,
    file: Annotated[
        list[str] | None,
        typer.Option("--filename", "-f", metavar="FILE", help="File of objects; - is stdin. Repeatable."),
    ] = None,
    sample: Annotated[
        str | None,
        typer.Option("--sample", metavar="NAME", help="A sample instead of a file.", autocompletion=samples),
    ] = None,
) -> int:
    """Show what `up` would change in the cluster.

    Compares each object of a file, and what the reconciler would make of it, with what is there. Every change is tried
    on the server without being kept. Values of Secrets are masked. The exit code is 0 without differences, 1 with
    differences and more than 1 on errors.
    """
    if not file and not sample:
        raise UsageError("diff needs a file or a sample", hint="add -f FILE, -f - for stdin, or --sample NAME")
    options = given(context)
    from kubectl_prism.cli import files

    objects = files.objects(file or [], sample)
    cluster = connect.cluster(options)
    from kubectl_prism.cli.loop import run

    shown = run(_compare(cluster, objects, options))
    write("\n".join(shown))
    return 1 if shown else 0


async def _compare(cluster: Cluster, objects: Sequence[Manifest], options: Options) -> list[str]:
    from kubectl_prism.cli.placing import placed
    from kubectl_prism.cli.trial import trials
    from kubectl_prism.cli.unified import unified
    from kubectl_prism.kube.client import Client

    color = paint(options)
    async with Client(cluster) as client:
        found = await trials(client, [placed(obj, cluster.namespace, options) for obj in objects])
    return [line for trial in found for line in unified(trial.ref, trial.before, trial.after, paint=color)]
