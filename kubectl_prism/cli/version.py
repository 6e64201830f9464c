"""`kubectl prism version`: the versions of this program, the CRDs and the server, and their skew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_prism import __version__
from kubectl_prism.cli import connect
from kubectl_prism.cli.commands import add, given
from kubectl_prism.cli.options import Options
from kubectl_prism.cli.output import format_of, note, write, write_data
from kubectl_prism.errors import PrismError
from kubectl_prism.model.revision import CRD_REVISION, revision

if TYPE_CHECKING:
    from kubectl_prism.kube.client import Client
    from kubectl_prism.model.meta import Manifest

OLDEST_SERVER = (1, 30)
"""The oldest Kubernetes that knows all of the rules in our CRDs."""


@dataclass(frozen=True, slots=True)
class Server:
    """What the cluster says of itself; `crds` maps our CRDs' names to revisions, None where not ours."""

    version: str
    crds: dict[str, int | None] | None
    """None where we may not read CRDs."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    add(
        app,
        version,
        examples={
            "Everything, and whether it goes together": "kubectl prism version",
            "This program only": "kubectl prism version --client",
            "For scripts": "kubectl prism version -o json",
        },
    )


def version(
    context: typer.Context,
    client: Annotated[bool, typer.Option("--client", help="Only this program; no cluster is asked.")] = False,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FORM", help="json, yaml or jsonpath=…")
    ] = None,
) -> int:
    """Print the versions of this program, the CRDs and the server, and their skew."""
    wanted = format_of(output, among=("json", "yaml", "jsonpath"))
    server, failure = (None, None) if client else _ask(given(context))
    skew = _skew(server) if server else []
    if wanted.form == "table":
        write("\n".join(_lines(server)))
        for line in skew:
            note(f"warning: {line}")
    else:
        write_data(_data(server, skew), wanted)
    if failure is not None:
        raise failure
    return 0


def _ask(options: Options) -> tuple[Server | None, PrismError | None]:
    """Return what the server says, or why it says nothing: what is known here is printed either way."""
    from kubectl_prism.cli.loop import run

    async def ask() -> Server:
        async with connect.client(options) as client:
            return Server(await client.version(), await _crds(client))

    try:
        return run(ask()), None
    except PrismError as error:
        return None, error


async def _crds(client: Client) -> dict[str, int | None] | None:
    from kubectl_prism import manifests
    from kubectl_prism.kube.errors import Forbidden, NotFound
    from kubectl_prism.model import meta

    found: dict[str, int | None] = {}
    for crd in manifests.crds():
        name = meta.key(crd).name
        try:
            found[name] = revision(await client.get("CustomResourceDefinition", "", name))
        except NotFound:
            continue
        except Forbidden:
            return None
    return found


def _lines(server: Server | None) -> list[str]:
    lines = [f"Client Version: v{__version__}", f"CRD Revision: {CRD_REVISION}"]
    if server is None:
        return lines
    return [*lines, f"Installed CRDs: {_installed(server)}", f"Server Version: {server.version}"]


def _installed(server: Server) -> str:
    if server.crds is None:
        return "unknown (you may not read CRDs)"
    revisions = {f"revision {number}" if number else "not ours" for number in server.crds.values()}
    return ", ".join(sorted(revisions)) or "none"


def _skew(server: Server) -> list[str]:
    """Return a sentence for each thing that does not go together."""
    lines = []
    found = server.crds or {}
    if foreign := sorted(name for name, number in found.items() if number is None):
        lines.append(f"{', '.join(foreign)} was not made by kubectl prism")
    ours = [number for number in found.values() if number is not None]
    if any(number > CRD_REVISION for number in ours):
        lines.append("the installed CRDs are newer than this kubectl prism: upgrade it")
    if any(number < CRD_REVISION for number in ours):
        lines.append("the installed CRDs are older than this kubectl prism: `kubectl prism up` upgrades them")
    if server.crds == {}:
        lines.append("the CRDs are not installed: `kubectl prism up` installs them")
    major, _, rest = server.version.removeprefix("v").partition(".")
    minor = rest.partition(".")[0].rstrip("+")
    if major.isdecimal() and minor.isdecimal() and (int(major), int(minor)) < OLDEST_SERVER:
        lines.append(f"Kubernetes {server.version} is older than v{OLDEST_SERVER[0]}.{OLDEST_SERVER[1]}")
    return lines


def _data(server: Server | None, skew: list[str]) -> Manifest:
    data: Manifest = {"clientVersion": {"version": f"v{__version__}", "crdRevision": CRD_REVISION}}
    if server is not None:
        data |= {"serverVersion": {"gitVersion": server.version}, "crds": server.crds, "skew": skew}
    return data
