"""`kubectl prism render`: what a file would lead to, without a cluster. Loads no network library and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_prism.cli.commands import add, given
from kubectl_prism.cli.options import Options
from kubectl_prism.cli.output import format_of, listed, name_of, note, write, write_data, yaml_documents
from kubectl_prism.errors import UsageError

if TYPE_CHECKING:
    from kubectl_prism.model.meta import Manifest


def register(app: typer.Typer) -> None:
    """Add the verb."""
    add(
        app,
        render,
        examples={
            "What a stack leads to": "kubectl prism render -f stack.yaml",
            "A sample, names only": "kubectl prism render --sample production -o name",
            "From a pipe": "kubectl prism init shop | kubectl prism render -f -",
        },
    )


def samples(incomplete: str) -> list[tuple[str, str]]:
    """Return the samples for completion, with their titles."""
    from kubectl_prism import manifests

    return [(found.name, found.title) for found in manifests.samples().values() if found.name.startswith(incomplete)]


def render(
    context: typer.Context,
    file: Annotated[
        list[str] | None,
        typer.Option("--filename", "-f", metavar="FILE", help="File of objects; - is stdin. Repeatable."),
    ] = None,
    sample: Annotated[
        str | None,
        typer.Option("--sample", metavar="NAME", help="A sample instead of a file.", autocompletion=samples),
    ] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FORM", help="yaml, json, name or jsonpath=…")
    ] = "yaml",
) -> None:
    """Print every object that a stack would create, as YAML.

    Works without a cluster, so values behind references to Secrets are left out. Objects of other kinds in the file
    are not repeated.
    """
    wanted = format_of(output, among=("yaml", "json", "name", "jsonpath"))
    if not file and not sample:
        raise UsageError("render needs a file or a sample", hint="add -f FILE, -f - for stdin, or --sample NAME")
    from kubectl_prism.cli import files

    found = rendered(files.objects(file or [], sample), given(context))
    if not found:
        note("nothing would be created: the file holds no PrismStack, PrismPattern or PrismBackend")
    match wanted.form:
        case "yaml":
            write(yaml_documents(found))
        case "name":
            write("\n".join(name_of(obj) for obj in found))
        case _:
            write_data(listed(found), wanted)


def rendered(objects: Sequence[Manifest], options: Options) -> list[Manifest]:
    """Return everything that the Prism objects among `objects` lead to."""
    return [child for obj in objects for child in _children(_placed(obj, options))]


def _placed(obj: Manifest, options: Options) -> Manifest:
    metadata = obj["metadata"]
    namespace = metadata.get("namespace") or options.namespace or "default"
    return {**obj, "metadata": {**metadata, "namespace": namespace}}


def _children(obj: Manifest) -> Iterator[Manifest]:
    from kubectl_prism.model import documents
    from kubectl_prism.model.backend import Backend
    from kubectl_prism.model.pattern import Pattern
    from kubectl_prism.model.stack import Stack
    from kubectl_prism.render import everything, of_backend, pattern

    if obj["kind"] not in documents.MODELS:
        return
    match documents.load(obj):
        case Stack() as stack:
            yield from everything(stack)
        case Pattern() as found:
            yield from pattern.objects(found)
        case Backend() as found:
            yield from of_backend(found)
        case _:
            return
