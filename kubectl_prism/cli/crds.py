"""`kubectl prism crds`: the CRDs as the package ships them. Touches no cluster."""

from __future__ import annotations

from typing import Annotated

import typer

from kubectl_prism.cli.commands import add
from kubectl_prism.cli.output import format_of, listed, write, write_data


def register(app: typer.Typer) -> None:
    """Add the verb."""
    add(
        app,
        crds,
        examples={
            "Install or upgrade the CRDs with kubectl": "kubectl prism crds | kubectl apply --server-side -f -",
            "Their names": "kubectl prism crds -o jsonpath='{.items[*].metadata.name}'",
        },
    )


def crds(
    output: Annotated[str, typer.Option("--output", "-o", metavar="FORM", help="yaml, json or jsonpath=…")] = "yaml",
) -> None:
    """Print the CRDs of the four kinds as YAML.

    They are what `kubectl prism up` installs. Nothing is asked of a cluster.
    """
    from kubectl_prism import manifests

    wanted = format_of(output, among=("yaml", "json", "jsonpath"))
    if wanted.form == "yaml":
        write(manifests.crd_text())
    else:
        write_data(listed(manifests.crds()), wanted)
