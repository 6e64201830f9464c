"""`kubectl prism tui`: the dashboard over any cluster, whoever reconciles it."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_prism.cli import connect
from kubectl_prism.cli.commands import add, given
from kubectl_prism.cli.options import Options
from kubectl_prism.errors import UsageError

if TYPE_CHECKING:
    from kubectl_prism.kube.config import Cluster
    from kubectl_prism.reconcile.engine import Engine
    from kubectl_prism.tui.app import PrismApp
    from kubectl_prism.tui.settings import Settings
    from kubectl_prism.tui.source import Connect, Place, Source

IN_CLUSTER = "in-cluster"
"""What a cluster is called that no kubeconfig names."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    add(
        app,
        tui,
        examples={
            "The namespace of the context, live": "kubectl prism tui",
            "All namespaces": "kubectl prism tui -A",
            "Only look: nothing can be changed": "kubectl prism tui --readonly",
        },
    )


def tui(
    context: typer.Context,
    all_namespaces: Annotated[bool, typer.Option("--all-namespaces", "-A", help="Of all namespaces.")] = False,
    readonly: Annotated[bool, typer.Option("--readonly", help="Refuse to change anything.")] = False,
) -> int:
    """Show everything live on one screen: stacks, namespaces, leaders, backends, and what is wrong.

    Nothing is written but what you confirm.
    """
    options = given(context)
    require_terminal()
    from kubectl_prism.cli.loop import run
    from kubectl_prism.tui.settings import load

    settings = load(settings_file())

    @asynccontextmanager
    async def connected(name: str | None, namespace: str | None) -> AsyncIterator[Source]:
        from kubectl_prism.cli.showing import watching

        target = connect.cluster(options if name in (None, IN_CLUSTER) else dataclasses.replace(options, context=name))
        wanted = namespace if namespace is not None else "" if all_namespaces else target.namespace
        async with watching(target, place(target, wanted or None, readonly=readonly, settings=settings)) as source:
            yield source

    run(_show(screen(connected, options, settings)))
    return 0


def screen(connect_to: Connect, options: Options, settings: Settings) -> PrismApp:
    """Return the dashboard over what `connect_to` opens."""
    from kubectl_prism.tui.app import PrismApp

    async def known() -> Sequence[str]:
        from kubectl_prism.kube.config import contexts

        return contexts(connect.connection(options))

    return PrismApp(connect_to, contexts=known, settings=settings)


async def _show(dashboard: PrismApp) -> None:
    """Show it until a person leaves; raise what kept it from showing anything."""
    error = await dashboard.run_async()
    if error is not None:
        raise error


async def over_engine(running: Engine, cluster: Cluster, options: Options, *, readonly: bool = False) -> None:
    """Show what an engine in this process reconciles, until a person leaves."""
    from kubectl_prism.cli.showing import Reconciling, watching
    from kubectl_prism.tui.settings import load

    settings = load(settings_file())

    @asynccontextmanager
    async def connected(name: str | None, namespace: str | None) -> AsyncIterator[Source]:
        is_ours = name is None or name == (cluster.context or IN_CLUSTER)
        target = cluster if is_ours else connect.cluster(dataclasses.replace(options, context=name))
        here = place(target, namespace or None, readonly=readonly, settings=settings)
        if is_ours:
            yield Reconciling(running, here)
            return
        async with watching(target, here) as source:
            yield source

    await _show(screen(connected, options, settings))


def place(cluster: Cluster, namespace: str | None, *, readonly: bool, settings: Settings) -> Place:
    """Return what of a cluster is shown, and why nothing may be written there, if that is so."""
    from kubectl_prism.tui.source import Place

    context = cluster.context or IN_CLUSTER
    why = "--readonly is given" if readonly else ""
    if not why and context in settings.readonly:
        why = f"the context {context} is read-only in {settings.path}"
    return Place(context=context, server=cluster.address, namespace=namespace, readonly=why)


def require_terminal() -> None:
    """Refuse to draw where nobody can see or press anything."""
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):  # Textual draws on stderr
        raise UsageError("the dashboard needs a terminal", hint="`kubectl prism status -w` follows changes anywhere")


def settings_file() -> Path:
    """Return the file in which the screen keeps what a person set."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home, "kubectl-prism", "tui.json")
