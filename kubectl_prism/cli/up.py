"""`kubectl prism up`: from nothing to a Ready stack, reconciled in the foreground until Ctrl-C.

Looks and asks first (which cluster, whose CRDs, what we may do, what would change), then writes. Deletes nothing.
"""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_prism.cli.commands import add, given
from kubectl_prism.cli.options import Options, duration
from kubectl_prism.cli.output import note, paint, write
from kubectl_prism.cli.tui import over_engine, require_terminal
from kubectl_prism.errors import TimedOut, UsageError
from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest

if TYPE_CHECKING:
    from kubectl_prism.cli.progress import Progress
    from kubectl_prism.cli.target import Target
    from kubectl_prism.kube.leader import Elector
    from kubectl_prism.reconcile.engine import Engine

INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Plan:
    """What one `up` is asked to do; `timeout` is in seconds and holds only with `wait`."""

    objects: tuple[Manifest, ...]
    words: tuple[str, ...]
    wait: bool
    timeout: float
    yes: bool
    force_conflicts: bool
    steal: bool
    namespaces: tuple[str, ...] | None
    tui: bool = False


def register(app: typer.Typer) -> None:
    """Add the verb."""
    add(
        app,
        up,
        examples={
            "From nothing to a running stack": "kubectl prism up",
            "Your own stack": "kubectl prism up -f stack.yaml",
            "The same, with the dashboard over it": "kubectl prism up --tui",
            "A sandbox on this machine, whatever the kubeconfig says": "kubectl prism up --sandbox",
            "In CI: end as soon as everything is Ready": "kubectl prism up -f stack.yaml --wait --timeout=5m --yes",
        },
    )


def up(
    context: typer.Context,
    file: Annotated[
        list[str] | None, typer.Option("--filename", "-f", help="File of objects to bring up; - is stdin. Repeatable.")
    ] = None,
    sample: Annotated[str | None, typer.Option("--sample", help="A stack that comes with kubectl prism.")] = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Work on the local sandbox; start it if need be.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", "--detach", help="End once everything is Ready, instead of reconciling on.")
    ] = False,
    tui: Annotated[bool, typer.Option("--tui", help="Show the dashboard while reconciling.")] = False,
    timeout: Annotated[str, typer.Option("--timeout", help="How long --wait waits, e.g. 5m.")] = "5m",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    watch_namespace: Annotated[
        list[str] | None, typer.Option("--watch-namespace", help="Reconcile only this namespace. Repeatable.")
    ] = None,
    force_conflicts: Annotated[
        bool, typer.Option("--force-conflicts", help="Take over fields that somebody else applied.")
    ] = False,
    steal: Annotated[
        bool, typer.Option("--steal", help="Ask the reconciler that holds the Lease to hand it over.")
    ] = False,
    binaries_dir: Annotated[
        Path | None, typer.Option("--binaries-dir", help="Folder with the sandbox's programs.")
    ] = None,
) -> int:
    """Bring up a stack: install the CRDs, apply the stack, reconcile it, and say what is waited for.

    Without a file or sample it is the quickstart stack. Where no cluster can be reached, a local sandbox with
    simulated nodes and pods takes its place. Ctrl-C stops reconciling and deletes nothing; the same command resumes.
    Where another reconciler is at work already, this one says which, stands by, and shows what that one does.
    """
    options = given(context)
    seconds = duration(timeout)
    if not seconds:
        raise UsageError(f"--timeout {timeout} is not a time", hint="write 90s or 5m")
    if tui:
        if wait:
            raise UsageError("--tui cannot go with --wait", hint="leave one of them out")
        require_terminal()
    from kubectl_prism.cli import files

    objects = files.objects(file or [], sample)
    from kubectl_prism.cli import target as targets
    from kubectl_prism.cli.loop import run
    from kubectl_prism.cli.placing import placed

    target = targets.choose(options, sandbox=sandbox or binaries_dir is not None, binaries=binaries_dir)
    plan = Plan(
        objects=tuple(placed(obj, target.cluster.namespace, options) for obj in objects),
        words=_resuming(options, file, sample, sandbox=target.is_sandbox),
        wait=wait,
        timeout=seconds,
        yes=yes,
        force_conflicts=force_conflicts,
        steal=steal,
        namespaces=tuple(watch_namespace) if watch_namespace else None,
        tui=tui,
    )
    return run(_up(plan, target, options))


async def _up(plan: Plan, target: Target, options: Options) -> int:
    from kubectl_prism.cli.bringing import bring
    from kubectl_prism.reconcile.engine import engine

    stopping = _signals()
    shown = await _shown_kinds(target) + (["Event", "Lease"] if plan.tui else [])
    async with engine(
        target.cluster,
        role="up",
        namespaces=plan.namespaces,
        extra_kinds=shown,
        steal=plan.steal,
        observe=_say_who_acts,
    ) as running:
        applied = await bring(running.client, plan, target)
        async with asyncio.TaskGroup() as group:
            group.create_task(running.manager.run(), name="manager")
            try:
                if plan.tui:
                    await _either(over_engine(running, target.cluster, options), stopping)
                    _take_leave(plan, target)
                    return INTERRUPTED
                return await _follow(plan, target, options, running, applied, stopping)
            finally:
                running.manager.stop()


async def _shown_kinds(target: Target) -> list[str]:
    """Return what is watched only to be shown: nodes, which say what is simulated, as far as we may list them."""
    from kubectl_prism.kube.client import Client
    from kubectl_prism.model.resource import resource

    async with Client(target.cluster) as client:
        may_list = await client.allowed("list", resource("Node")) and await client.allowed("watch", resource("Node"))
    return ["PrismNamespace", "Node"] if may_list else ["PrismNamespace"]


async def _follow(
    plan: Plan,
    target: Target,
    options: Options,
    running: Engine,
    applied: Sequence[Manifest],
    stopping: asyncio.Event,
) -> int:
    from kubectl_prism.cli.progress import Progress

    await _either(running.manager.synced.wait(), stopping)
    progress = Progress(running.store, applied, note, error=lambda: running.manager.error)
    try:
        async with asyncio.timeout(plan.timeout if plan.wait else None):
            await _either(progress.until_ready(), stopping)
    except TimeoutError:
        reasons = progress.reasons() or ["the reconciler"]
        raise TimedOut(
            f"not Ready after {plan.timeout:g} s; waiting for {'; '.join(reasons)}",
            hint=f"`{' '.join(plan.words)}` goes on; `kubectl prism status` shows what is there",
        ) from None
    if not stopping.is_set():
        _summarise(progress, options)
        if plan.wait:
            return 0
        note(f"{'Standing by' if running.elector.stands_by else 'Reconciling'}; Ctrl-C stops and deletes nothing.")
        await _either(progress.forever(), stopping)
    _take_leave(plan, target)
    return INTERRUPTED


def _say_who_acts(elector: Elector) -> None:
    if elector.stands_by:
        note(f"Standing by: {elector.holder} reconciles here already; --steal asks it to hand over.")
    elif elector.has_stood_by and elector.holder.identity:
        note("The other reconciler has stopped: this one reconciles now.")


def _summarise(progress: Progress, options: Options) -> None:
    from kubectl_prism.view.status import lines

    write("\n".join(lines(progress.trees(), paint(options, sys.stdout))))


def _take_leave(plan: Plan, target: Target) -> None:
    ours = [obj for obj in plan.objects if obj["kind"].startswith("Prism")]
    scope = f" --kubeconfig={target.kubeconfig}" if target.kubeconfig else ""
    note("\nStopped reconciling; nothing was deleted.")
    note(f"  resume:  {shlex.join(plan.words)}")
    for obj in ours:
        namespace, name = meta.key(obj)
        note(f"  remove:  kubectl{scope} delete {obj['kind'].lower()} {name} -n {namespace}")
    if target.is_sandbox:
        note("  remove the sandbox with all that is in it:  kubectl prism sandbox down")


def _signals() -> asyncio.Event:
    """Return an event that Ctrl-C and SIGTERM set."""
    from kubectl_prism.cli.loop import on_signals

    stopping = asyncio.Event()

    def stop() -> None:
        note("stopping …")
        stopping.set()

    on_signals(stop)
    return stopping


async def _either(work: Coroutine[object, object, object], stopping: asyncio.Event) -> None:
    """Wait until `work` is done or `stopping` is set; what is then still running is cancelled."""
    task = asyncio.create_task(work, name="work")
    stop = asyncio.create_task(stopping.wait(), name="stop")
    try:
        await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
    finally:
        task.cancel()
        stop.cancel()


def _resuming(options: Options, files: Sequence[str] | None, sample: str | None, *, sandbox: bool) -> tuple[str, ...]:
    words = ["kubectl", "prism", "up"]
    words += [word for file in files or () for word in ("-f", file)]
    words += ["--sample", sample] if sample else []
    words += ["--sandbox"] if sandbox else []
    words += [] if sandbox or not options.context else ["--context", options.context]
    words += [] if sandbox or not options.kubeconfig else ["--kubeconfig", options.kubeconfig]
    words += ["-n", options.namespace] if options.namespace else []
    return tuple(words)
