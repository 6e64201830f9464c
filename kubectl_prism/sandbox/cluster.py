"""Starts, stops and looks at a sandbox: real Kubernetes servers as processes of this machine, run through kwokctl.

Called by the command line and by tests. A sandbox is one folder; it counts as made only once its record is written,
so what a kill has left half made is cleared away by the next `up` or `down`. Nothing here sees another cluster.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import yaml

from kubectl_prism.errors import PrismError, TimedOut
from kubectl_prism.model.meta import Manifest
from kubectl_prism.sandbox import kubeconfig, kwokctl, pods, processes
from kubectl_prism.sandbox.configuration import CREATE, configuration
from kubectl_prism.sandbox.folders import Report, explained, locked, make_folder, silent, write
from kubectl_prism.sandbox.nodes import nodes
from kubectl_prism.sandbox.place import Place
from kubectl_prism.sandbox.place import place as place_of
from kubectl_prism.sandbox.ports import Ports, becomes_free, choose
from kubectl_prism.sandbox.programs import Binaries
from kubectl_prism.sandbox.server import connected

NAME = "prism"
SIMULATED = "nodes and pods are simulated: nothing runs in a pod"


@dataclass(frozen=True, slots=True)
class Component:
    """One server of a sandbox; `pid` is None where it does not run."""

    name: str
    pid: int | None
    log: Path


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What is known of a sandbox; version and nodes only while its API server answers."""

    name: str
    state: Literal["running", "stopped", "absent"]
    context: str
    server: str
    kubeconfig: Path
    folder: Path
    components: tuple[Component, ...] = ()
    version: str | None = None
    nodes: int | None = None
    simulated: bool = True


def up(
    binaries: Binaries,
    *,
    name: str = NAME,
    port: int | None = None,
    use: bool = False,
    answers: bool = True,
    report: Report = silent,
    timeout: float = 120,
) -> Sandbox:
    """Have a running sandbox with its nodes ready: leave, start again or make one. `use` makes it the current context.

    `answers` says whether somebody answers for its pods.

    TimedOut after `timeout` seconds; an interrupt leaves either a whole sandbox or none.
    """
    place = place_of(name)
    with _locked(place, report):
        ports = place.ports()
        if ports is None:
            _remove(place)
            ports = _make(place, binaries, port=port, report=report, deadline=time.monotonic() + timeout)
        elif not _serves(place, ports):
            _start(place, ports, binaries, report=report, deadline=time.monotonic() + timeout)
        if port is not None and port != ports.api:
            report(f"the sandbox keeps its port {ports.api}; `sandbox down` first to have it on {port}")
        own = _write_kubeconfig(place, ports)
        if answers:
            pods.start(place)
        if use:
            kubeconfig.adopt(kubeconfig.persons_file(), own)
        return _look(place)


def down(name: str = NAME, *, report: Report = silent) -> bool:
    """Stop and remove a sandbox with all its data; tell whether there was one."""
    place = place_of(name)
    if not place.root.exists():
        return False
    with _locked(place, report):
        there = place.folder.exists()
        ports = place.ports()
        if ports is not None:
            with contextlib.suppress(PrismError):  # a kubeconfig that cannot be read holds nothing that we can take out
                kubeconfig.disown(kubeconfig.persons_file(), place.context, _address(ports))
        _remove(place)
        place.log.unlink(missing_ok=True)
        return there


def status(name: str = NAME) -> Sandbox:
    """Look at a sandbox; writes nothing and waits for nobody."""
    return _look(place_of(name))


def _address(ports: Ports) -> str:
    return f"https://127.0.0.1:{ports.api}"


def _look(place: Place) -> Sandbox:
    ports = place.ports()
    if ports is None:
        return Sandbox(place.name, "absent", place.context, "", place.kubeconfig, place.folder)
    pids = processes.running(place.folder)
    components = tuple(Component(name, pids.get(name), place.server_log(name)) for name in processes.COMPONENTS)
    components += (Component(pods.NAME, pods.pid(place), place.server_log(pods.NAME)),)
    version = count = None
    with contextlib.suppress(PrismError), connected(ports.api, place.certificates, timeout=2) as server:
        if pids:
            version, count = server.version(), server.node_count()
    return Sandbox(
        name=place.name,
        state="running" if version and len(pids) == len(processes.COMPONENTS) else "stopped",
        context=place.context,
        server=_address(ports),
        kubeconfig=place.kubeconfig,
        folder=place.folder,
        components=components,
        version=version,
        nodes=count,
    )


def _locked(place: Place, report: Report) -> contextlib.AbstractContextManager[None]:
    waiting = f"another command is working on the sandbox {place.name}: waiting for it"
    return locked(place.root / f".{place.name}.lock", report=report, waiting=waiting)


def _serves(place: Place, ports: Ports) -> bool:
    if len(processes.running(place.folder)) < len(processes.COMPONENTS):
        return False
    with connected(ports.api, place.certificates, timeout=5) as server:
        return server.ready()


def _make(place: Place, binaries: Binaries, *, port: int | None, report: Report, deadline: float) -> Ports:
    ports = choose(port)
    report(f"starting the sandbox {place.name} on {_address(ports)}: etcd, API server, controllers, scheduler, kwok")
    try:
        make_folder(place.folder)
        write(place.configuration, yaml.safe_dump(configuration(binaries.paths, ports), sort_keys=False))
        kwokctl.run(place, binaries, CREATE, deadline=deadline)
        _finish(place, ports, binaries, report=report, deadline=deadline)
        write(place.record, json.dumps(asdict(ports)))
    except PrismError:
        # What was written stays for a look at the logs; without its record it is cleared away by the next up or down.
        processes.kill(place.folder)
        raise
    except BaseException:
        with contextlib.suppress(PrismError, OSError):
            _remove(place)
        raise
    return ports


def _start(place: Place, ports: Ports, binaries: Binaries, *, report: Report, deadline: float) -> None:
    stopped = sorted(set(processes.COMPONENTS) - processes.running(place.folder).keys())
    report(f"starting the sandbox {place.name} again{': not running: ' + ', '.join(stopped) if stopped else ''}")
    if len(stopped) == len(processes.COMPONENTS):
        for port in ports.all():
            if not becomes_free(port, within=3):
                hint = f"free port {port}, or start anew after `kubectl prism sandbox down`, which loses what is in it"
                raise PrismError(
                    f"port {port}, which the sandbox {place.name} uses, is taken by another program", hint=hint
                )
    processes.forget_strangers(place.folder)
    _relink(place, binaries)
    kwokctl.run(place, binaries, ["start", "cluster"], deadline=deadline)
    _finish(place, ports, binaries, report=report, deadline=deadline)


def _relink(place: Place, binaries: Binaries) -> None:
    """Point the cluster's links at where the programs are now: the place they had may be gone."""
    for component in processes.COMPONENTS:
        link = place.folder / "bin" / component
        if not link.exists():
            link.unlink(missing_ok=True)
            link.symlink_to(binaries["kwok" if component == "kwok-controller" else component])


def _finish(place: Place, ports: Ports, binaries: Binaries, *, report: Report, deadline: float) -> None:
    with connected(ports.api, place.certificates) as server:
        _wait(server.serves, place, deadline=deadline, what="its API server")
        if len(processes.running(place.folder)) < len(processes.COMPONENTS):
            # Controllers give up where the API server takes long to come up, on a busy machine.
            processes.forget_strangers(place.folder)
            kwokctl.run(place, binaries, ["start", "cluster"], deadline=deadline)
        created = server.create_nodes(nodes())
        if created:
            report(f"{created} simulated nodes created; {SIMULATED}")
        _wait(server.ready, place, deadline=deadline, what="its controllers", needed=processes.COMPONENTS)
        _wait(
            server.simulated_nodes_ready,
            place,
            deadline=deadline,
            what="its nodes to be ready",
            needed=processes.COMPONENTS,
        )


def _wait(
    condition: Callable[[], bool],
    place: Place,
    *,
    deadline: float,
    what: str,
    needed: Sequence[str] = kwokctl.ESSENTIAL,
) -> None:
    while not condition():
        kwokctl.check_alive(place, needed)
        if time.monotonic() > deadline:
            raise TimedOut(
                f"the sandbox {place.name} waits for {what}", hint=f"its logs are in {place.folder / 'logs'}"
            )
        time.sleep(0.05)


def _remove(place: Place) -> None:
    # The record goes first: without it the rest is rubbish, whenever this is cut short.
    for file in (place.record, place.kubeconfig, place.configuration):
        with explained(file):
            file.unlink(missing_ok=True)
    processes.kill_told(f"--config={place.configuration}")
    pods.stop(place)
    processes.kill(place.folder)
    if place.folder.exists():
        with explained(place.folder):
            shutil.rmtree(place.folder)


def _write_kubeconfig(place: Place, ports: Ports) -> Manifest:
    own = kubeconfig.kubeconfig(place.context, server=_address(ports), certificates=place.certificates)
    write(place.kubeconfig, yaml.safe_dump(own, sort_keys=False))
    return own
