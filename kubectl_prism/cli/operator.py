"""`kubectl prism operator`: the reconciler alone, headless: the container's entry point, and for development."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_prism.cli import connect
from kubectl_prism.cli.commands import add, given
from kubectl_prism.cli.options import Options
from kubectl_prism.errors import UsageError

if TYPE_CHECKING:
    from kubectl_prism.kube.leader import Elector


def register(app: typer.Typer) -> None:
    """Add the verb."""
    add(
        app,
        operator,
        examples={
            "Reconcile the cluster of the current context": "kubectl prism operator",
            "With JSON logs and everything in them": "LOG_LEVEL=debug kubectl prism operator --log-format=json",
        },
    )


def operator(
    context: typer.Context,
    log_level: Annotated[
        str, typer.Option("--log-level", envvar="LOG_LEVEL", help="debug, info, warn or error.")
    ] = "info",
    log_format: Annotated[str, typer.Option("--log-format", help="text, or json for machines.")] = "text",
    probes: Annotated[
        str, typer.Option("--probes", help="Where /healthz, /readyz and /metrics are served; port 0 takes a free one.")
    ] = "127.0.0.1:8081",
    watch_namespace: Annotated[
        list[str] | None, typer.Option("--watch-namespace", help="Reconcile only this namespace. Repeatable.")
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Serve /debug/queue, /caches, /tasks and /memory beside the probes.")
    ] = False,
    steal: Annotated[
        bool, typer.Option("--steal", help="Ask the reconciler that holds the Lease to hand it over.")
    ] = False,
) -> int:
    """Reconcile every Prism object of the cluster until it is told to stop (SIGTERM or Ctrl-C).

    What has begun is finished, within 20 seconds; told a second time, it ends at once.

    The CRDs must be there: `kubectl prism crds | kubectl apply --server-side -f -` puts them there. Of several
    reconcilers one acts, the one that holds the Lease prism-operator in the namespace prism-system (or in the first
    watched one); the others stand by. Logs go to stderr.
    """
    from kubectl_prism.cli.loop import run
    from kubectl_prism.reconcile import logs

    match log_format:
        case "text" | "json":
            logs.configure(log_format, log_level)
        case _:
            raise UsageError(f"--log-format {log_format} is neither text nor json")
    host, port = _address(probes)
    run(_operate(given(context), host, port, watch_namespace, debug=debug, steal=steal))
    return 0


async def _operate(
    options: Options, host: str, port: int, namespaces: list[str] | None, *, debug: bool, steal: bool
) -> None:
    import logging

    from kubectl_prism.cli.loop import on_signals
    from kubectl_prism.reconcile.engine import engine
    from kubectl_prism.reconcile.probes import Probes, debug_pages

    log = logging.getLogger("kubectl_prism.operator")
    cluster = connect.cluster(options)

    def observe(elector: Elector) -> None:
        if elector.stands_by:
            log.info("standing by: %s holds the %s", elector.holder, elector.ref)

    async with engine(cluster, role="operator", namespaces=namespaces, steal=steal, observe=observe) as running:
        manager = running.manager

        def stop() -> None:
            log.info("stopping")
            manager.stop()

        on_signals(stop)
        probes = Probes(
            host,
            port,
            is_ready=manager.synced.is_set,
            is_healthy=lambda: running.elector.is_honest,
            metrics=running.metrics.text,
            debug=debug_pages(manager.controllers, manager.caches) if debug else None,
        )
        async with probes as served:
            log.info("probes and metrics on http://%s:%d", served.host, served.port)
            log.info("API server %s, version %s", cluster.server, await running.client.version())
            await manager.run()
    log.info("stopped")


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"--probes {os.fspath(text)} is not an address", hint="write HOST:PORT, e.g. 127.0.0.1:8081")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 (`:8081` means every address, as in Go programs)
