"""The programs that answer for simulated pods: what each kind serves, and what those of one stack share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from kubectl_prism.kube.client import Client
from kubectl_prism.kube.leader import Elector, Timing
from kubectl_prism.model.meta import Key
from kubectl_prism.proxy.serving import Server
from kubectl_prism.sandbox.answers.admin_service import AdminService, Record
from kubectl_prism.sandbox.answers.journal import Journal
from kubectl_prism.sandbox.answers.program import Candidacy, Program
from kubectl_prism.sandbox.answers.quota_service import QuotaService
from kubectl_prism.sandbox.answers.runner import Runner
from kubectl_prism.sandbox.answers.tenancy import Tenancy

ANYWHERE = "127.0.0.1:0"


class Group:
    """What the programs of one stack share: the tenants of its proxies, and what its admins know."""

    def __init__(self, key: Key, folder: Path) -> None:
        self.tenancy = Tenancy(folder / f"{key.namespace}_{key.name}.sqlite")
        self.record = Record()


@asynccontextmanager
async def served(client: Client, group: Group, program: Program, journal: Journal) -> AsyncIterator[int]:
    """Answer for one pod; the value is the port of this machine on which it is answered."""
    serve = {"proxy": _proxy, "admin": _admin, "runner": _runner}[program.kind]
    async with serve(client, group, program, journal) as port:
        journal.say(f"{program.kind} serves on port {program.port}")
        try:
            yield port
        finally:
            journal.say(f"{program.kind} stops")


@asynccontextmanager
async def _proxy(_client: Client, group: Group, _program: Program, journal: Journal) -> AsyncIterator[int]:
    async with Server(ANYWHERE, QuotaService(group.tenancy, journal).handlers()) as server:
        yield server.port


@asynccontextmanager
async def _runner(_client: Client, group: Group, _program: Program, journal: Journal) -> AsyncIterator[int]:
    async with Runner(group.tenancy, journal) as runner:
        yield runner.port


@asynccontextmanager
async def _admin(client: Client, group: Group, program: Program, journal: Journal) -> AsyncIterator[int]:
    elector = _elector(client, program, program.candidacy) if program.candidacy else None
    service = AdminService(group.record, leads=lambda: elector is None or elector.leads)
    async with Server(ANYWHERE, service.handlers()) as server:
        if elector is None:
            yield server.port
            return
        running = asyncio.create_task(_elected(elector, journal), name=f"elector of {program.pod}")
        try:
            yield server.port
        finally:
            running.cancel()
            await asyncio.wait([running])
            await elector.release()


def _elector(client: Client, program: Program, candidacy: Candidacy) -> Elector:
    timing = Timing(lease=candidacy.lease, renew=candidacy.renew, retry=candidacy.retry)
    namespace = program.pod.namespace
    return Elector(client, identity=program.pod.name, namespace=namespace, name=candidacy.name, timing=timing)


async def _elected(elector: Elector, journal: Journal) -> None:
    """Lead whenever the Lease can be had."""
    while True:
        await elector.acquire()
        journal.say("leads", lease=str(elector.ref))
        why = await elector.keep()
        journal.say(f"leads no more: {why}", level="warning", lease=str(elector.ref))
        await elector.release()
