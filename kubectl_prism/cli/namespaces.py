"""`kubectl prism namespaces`: tenants with their quotas and what they use; made, described and deleted.

What is shown comes from `tenancy`, which asks the cluster; the words are made by `view`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_prism.cli import connect
from kubectl_prism.cli.commands import add, given, group
from kubectl_prism.cli.output import format_of, note, table, write, write_data, yaml_text
from kubectl_prism.errors import PrismError, UsageError

if TYPE_CHECKING:
    from kubectl_prism.model.meta import Manifest

Name = Annotated[str, typer.Argument(help="The PrismNamespace.")]
Output = Annotated[str | None, typer.Option("--output", "-o", metavar="FORM", help="json, yaml or jsonpath=…")]
Limit = Annotated[int | None, typer.Option(min=0, metavar="N", help="No limit when left out.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    found = group(
        "Tenants on the proxies: their quotas, and what they use.",
        examples={
            "What tenants use of what they may": "kubectl prism namespaces",
            "Everything about one": "kubectl prism namespaces describe acme",
        },
        otherwise=show,
    )
    add(
        found,
        show,
        name="list",
        examples={
            "In the namespace of the context": "kubectl prism namespaces list",
            "Everywhere, of one team": "kubectl prism namespaces list -A --tag team=payments",
            "What is wrong or nearly spent": "kubectl prism namespaces list -o jsonpath='{..[?(@.fine==false)].id}'",
        },
    )
    add(found, describe, examples={"Everything about one": "kubectl prism namespaces describe acme"})
    add(
        found,
        create,
        examples={
            "A tenant with limits": "kubectl prism namespaces create acme --proxy dev-proxy --max-keys 1000 --rate 50",
            "Only see what would be made": "kubectl prism namespaces create acme --proxy dev-proxy --dry-run",
        },
    )
    add(found, delete, examples={"Release one with what it stores": "kubectl prism namespaces delete acme"})
    app.add_typer(found, name="namespaces")


def show(
    context: typer.Context,
    all_namespaces: Annotated[bool, typer.Option("--all-namespaces", "-A", help="Of all namespaces.")] = False,
    tag: Annotated[list[str] | None, typer.Option("--tag", metavar="NAME=VALUE", help="Only with this tag.")] = None,
    output: Output = None,
) -> int:
    """Show every tenant with its quotas and what it uses, the worst first.

    The exit code is 1 when one is not Ready.
    """
    wanted = format_of(output, among=("json", "yaml", "jsonpath"))
    tags = {_pair(one) for one in tag or ()}
    cluster = connect.cluster(given(context))
    from kubectl_prism.cli import tenancy
    from kubectl_prism.cli.loop import run
    from kubectl_prism.view import tenants as view

    namespace = None if all_namespaces else cluster.namespace
    found = [one for one in run(tenancy.rows(cluster, namespace)) if tags <= set(one.tags)]
    if wanted.form != "table":
        write_data(view.data(found), wanted)
    elif found:
        write(table(view.HEADERS, view.rows(found)))
    else:
        note(f"No PrismNamespaces in {f'namespace {namespace}' if namespace else 'any namespace'}.")
    return 0 if all(one.health.is_ok for one in found) else 1


def describe(context: typer.Context, name: Name, output: Output = None) -> int:
    """Show one tenant: its proxy, quotas, use, conditions and Events."""
    wanted = format_of(output, among=("json", "yaml", "jsonpath"))
    cluster = connect.cluster(given(context))
    from kubectl_prism.cli import tenancy
    from kubectl_prism.cli.loop import run
    from kubectl_prism.view import tenants as view

    found, lines = run(tenancy.described(cluster, name))
    if wanted.form == "table":
        write("\n".join(lines))
    else:
        write_data(view.data([found])["items"][0], wanted)
    return 0 if found.health.is_ok else 1


def create(
    context: typer.Context,
    name: Name,
    proxy: Annotated[str, typer.Option("--proxy", metavar="NAME", help="A stack's proxies: its name and -proxy.")],
    id: Annotated[str | None, typer.Option("--id", help="What clients call it; the name when left out.")] = None,
    max_keys: Limit = None,
    max_connections: Limit = None,
    rate: Limit = None,
    burst: Limit = None,
    ttl: Annotated[str | None, typer.Option("--ttl", metavar="TIME", help="When it ends, e.g. 720h.")] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", metavar="NAME=VALUE", help="May be repeated.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print it instead of making it.")] = False,
) -> int:
    """Make a tenant on a stack's proxies; an existing one is left alone."""
    if burst is not None and rate is None:
        raise UsageError("--burst means nothing without --rate", hint="give --rate too")
    cluster = None if dry_run else connect.cluster(given(context))
    limits = {"maxKeys": max_keys, "maxConnections": max_connections}
    quotas: Manifest = {key: value for key, value in limits.items() if value is not None}
    if rate is not None:
        quotas["rateLimit"] = {"requestsPerSecond": rate, **({"burstSize": burst} if burst is not None else {})}
    spec = {
        "namespaceId": id,
        "proxyRef": {"name": proxy},
        "quotas": quotas or None,
        "tags": dict(_pair(one) for one in tag or ()) or None,
        "ttl": ttl,
    }
    from kubectl_prism.cli import tenancy
    from kubectl_prism.cli.loop import run

    wanted = tenancy.manifest(name, {key: value for key, value in spec.items() if value is not None})
    if cluster is None:
        write(yaml_text(wanted))
        return 0
    run(tenancy.create(cluster, wanted))
    write(f"prismnamespace.prism.io/{name} created")
    return 0


def delete(
    context: typer.Context,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Delete a tenant and wait until its proxies let go of it, with all that it stores."""
    cluster = connect.cluster(given(context))
    from kubectl_prism.cli import ask, tenancy
    from kubectl_prism.cli.loop import run

    where = f"{cluster.namespace}/{name} on {cluster.address}"
    if not ask.confirmed(f"Delete PrismNamespace {where}, with what it stores?", yes=yes):
        raise PrismError("not confirmed", hint="nothing was deleted")
    run(tenancy.delete(cluster, name, note))
    write(f"prismnamespace.prism.io/{name} deleted")
    return 0


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageError(f"--tag {text} is not NAME=VALUE", hint="e.g. --tag team=payments")
    return name, value
