"""`kubectl prism sandbox up|down|status`: a cluster on this machine. The room `sandbox` does the work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_prism.cli import connect
from kubectl_prism.cli.commands import add, given, group
from kubectl_prism.cli.output import format_of, note, table, write, write_data
from kubectl_prism.errors import UsageError

if TYPE_CHECKING:
    from kubectl_prism.model.meta import Manifest
    from kubectl_prism.sandbox.cluster import Sandbox

RUNTIMES = ("binary", "kind")


def register(app: typer.Typer) -> None:
    """Add the group."""
    sandbox = group(
        "A local control plane with simulated nodes and pods.",
        examples={
            "Start it": "kubectl prism sandbox up",
            "Use it from kubectl": "kubectl prism sandbox up --use",
            "Remove it with everything in it": "kubectl prism sandbox down",
        },
    )
    add(
        sandbox,
        up,
        examples={
            "Start it, or leave it running": "kubectl prism sandbox up",
            "With programs that are already here": "kubectl prism sandbox up --binaries-dir ./bin",
        },
    )
    add(sandbox, down, examples={"Remove it with everything in it": "kubectl prism sandbox down"})
    add(
        sandbox,
        status,
        examples={
            "What runs": "kubectl prism sandbox status",
            "Its kubeconfig": "export KUBECONFIG=$(kubectl prism sandbox status -o jsonpath='{.kubeconfig}')",
        },
    )
    add(
        sandbox,
        load,
        examples={
            "Twice what a tenant may, for ten seconds": "kubectl prism sandbox load acme --rps 100",
            "Hold connections and fill keys": "kubectl prism sandbox load acme --connections 50 --keys 1000 --rps 200",
        },
    )
    app.add_typer(sandbox, name="sandbox")


def _runtimes(incomplete: str) -> list[str]:
    return [name for name in RUNTIMES if name.startswith(incomplete)]


Runtime = Annotated[
    str,
    typer.Option("--runtime", metavar="NAME", help="binary, or kind for pods that run.", autocompletion=_runtimes),
]


def up(
    binaries_dir: Annotated[
        Path | None, typer.Option("--binaries-dir", metavar="FOLDER", help="Where etcd, kube-apiserver, … are.")
    ] = None,
    use: Annotated[bool, typer.Option("--use", help="Make it the current context of your kubeconfig.")] = False,
    runtime: Runtime = "binary",
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, metavar="PORT", help="Port of its API server.")
    ] = None,
) -> int:
    """Start the sandbox, or leave it running.

    Etcd, API server, controllers and scheduler are real; nodes and pods are simulated.

    Programs are taken from a given folder, PATH or the cache; what is missing is downloaded or built from source. Your
    kubeconfig is left alone unless --use is given. `--runtime kind` hands over to kind, whose pods really run.
    """
    if _is_kind(runtime):
        if port is not None or binaries_dir is not None:
            raise UsageError("--port and --binaries-dir mean nothing to kind", hint="leave them out, or --runtime")
        from kubectl_prism.sandbox import kind

        file = kind.up(use=use, report=note)
        note("The kind cluster is up; its pods really run.")
        write(f"export KUBECONFIG={file}" if not use else "kubectl config current-context")
        return 0
    from kubectl_prism.sandbox import cluster
    from kubectl_prism.sandbox.binaries import Sources, ensure_binaries

    found = ensure_binaries(Sources(folder=binaries_dir), note)
    started = cluster.up(found, port=port, use=use, report=note)
    note(f"The sandbox is up: {cluster.SIMULATED}.")
    note(f"Its context is {started.context}" + (", now your current one." if use else "; to use it from kubectl:"))
    if not use:
        write(f"export KUBECONFIG={started.kubeconfig}")
    return 0


def down(runtime: Runtime = "binary") -> int:
    """Remove the sandbox with everything in it; its programs stay in the cache."""
    if _is_kind(runtime):
        from kubectl_prism.sandbox import kind

        there = kind.down(report=note)
    else:
        from kubectl_prism.sandbox import cluster

        there = cluster.down(report=note)
    note("The sandbox and everything in it is gone." if there else "There is no sandbox.")
    return 0


def status(
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FORM", help="json, yaml or jsonpath=…")
    ] = None,
) -> int:
    """Show the sandbox; the exit code is 1 when it does not run."""
    wanted = format_of(output, among=("json", "yaml", "jsonpath"))
    from kubectl_prism.sandbox import cluster

    found = cluster.status()
    if wanted.form == "table":
        _show(found)
    else:
        write_data(_data(found), wanted)
    return 0 if found.state == "running" else 1


def load(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAMESPACE", help="The PrismNamespace.")],
    rps: Annotated[int, typer.Option("--rps", min=0, metavar="N", help="Requests per second.")] = 0,
    keys: Annotated[int, typer.Option("--keys", min=1, metavar="N", help="How many keys they store.")] = 1,
    connections: Annotated[int, typer.Option("--connections", min=0, metavar="N", help="Connections held.")] = 0,
    seconds: Annotated[int, typer.Option("--for", min=1, metavar="SECONDS", help="How long.")] = 10,
) -> int:
    """Make traffic for a tenant on its simulated proxies, so that its quotas can be seen to bite."""
    if not rps and not connections:
        raise UsageError("there is nothing to do", hint="give --rps or --connections")
    cluster = connect.cluster(given(context))
    from kubectl_prism.cli import loading
    from kubectl_prism.cli.loop import run
    from kubectl_prism.sandbox.load import Load

    done = run(loading.load(cluster, name, Load(seconds, rps=rps, keys=keys, connections=connections), note))
    took = f"{done.took:.1f}"
    rows = [
        ("requests", str(done.let_through), str(done.refused), str(done.failed), took),
        ("connections", str(done.connected), str(done.turned_away), "0", took),
    ]
    write(table(("", "LET THROUGH", "REFUSED", "FAILED", "SECONDS"), rows))
    note(f"On a simulated proxy: {done.let_through / done.took:.1f} requests per second let through.")
    return 0


def _is_kind(runtime: str) -> bool:
    if runtime not in RUNTIMES:
        raise UsageError(f"--runtime {runtime} is not known", hint=f"write one of: {', '.join(RUNTIMES)}")
    return runtime == "kind"


def _show(found: Sandbox) -> None:
    write(f"Sandbox {found.name}: {found.state}")
    if found.state == "absent":
        note("hint: `kubectl prism sandbox up` starts one")
        return
    facts = [
        ("Context", found.context),
        ("Server", found.server),
        ("Kubernetes", found.version or "does not answer"),
        ("Kubeconfig", str(found.kubeconfig)),
        ("Nodes", f"{found.nodes} (simulated)" if found.nodes is not None else "unknown"),
    ]
    width = max(len(name) for name, _ in facts)
    write("\n".join(f"{name:<{width}}   {value}" for name, value in facts))
    rows = [(part.name, str(part.pid) if part.pid else "stopped", str(part.log)) for part in found.components]
    write("\n" + table(("COMPONENT", "PID", "LOG"), rows))


def _data(found: Sandbox) -> Manifest:
    return {
        "name": found.name,
        "state": found.state,
        "context": found.context,
        "server": found.server,
        "version": found.version,
        "kubeconfig": str(found.kubeconfig),
        "folder": str(found.folder),
        "nodes": found.nodes,
        "simulated": found.simulated,
        "components": [{"name": part.name, "pid": part.pid, "log": str(part.log)} for part in found.components],
    }
