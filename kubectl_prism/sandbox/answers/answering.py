"""Answers for a sandbox's pods: watches them, runs a program for each that is ready, and tells KWOK where.

Started by the sandbox in its folder and ended with it. A pod that is not ready, or on its way out, answers nothing.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from kubectl_prism.errors import PrismError
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.errors import NotFound
from kubectl_prism.kube.informer import Informer
from kubectl_prism.model import meta
from kubectl_prism.model.meta import Key, Manifest
from kubectl_prism.sandbox.answers import kwok
from kubectl_prism.sandbox.answers.journal import Journal
from kubectl_prism.sandbox.answers.program import program
from kubectl_prism.sandbox.answers.programs import Group, served
from kubectl_prism.store import Store
from kubectl_prism.view.pods import is_ready

OURS = "app.kubernetes.io/part-of=prism"
MOMENT = 0.1
"""Seconds in which changes are gathered; what is stored is saved as often as that, or when a second is over."""
AGAIN = 2.0
"""Seconds after which a pod for which nothing could be served is tried again."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    """The task that answers for one pod, told to end by `over`."""

    task: asyncio.Task[None]
    over: asyncio.Event


class Answering:
    """Answers for all pods of one cluster; what they keep lies in `folder`."""

    def __init__(self, client: Client, folder: Path) -> None:
        self._client = client
        self._folder = folder
        self._store = Store()
        self._changed = asyncio.Event()
        self._running: dict[str, Running] = {}
        self._groups: dict[Key, Group] = {}

    async def run(self) -> None:
        """Answer until cancelled."""
        unsubscribe = self._store.subscribe(lambda _change: self._changed.set())
        informer = Informer(self._client, self._store, "Pod", labels=OURS)
        watching = asyncio.create_task(informer.run(), name="pods")
        try:
            await informer.synced.wait()
            while True:
                self._adjust()
                self._save()
                await self._change()
        finally:
            unsubscribe()
            watching.cancel()
            await self._end(list(self._running.values()))
            for group in self._groups.values():
                group.tenancy.close()

    async def _change(self) -> None:
        """Wait for a change, not longer than a second."""
        try:
            async with asyncio.timeout(1.0):
                await self._changed.wait()
            await asyncio.sleep(MOMENT)
        except TimeoutError:
            return
        self._changed.clear()

    def _adjust(self) -> None:
        """Begin to answer for the pods that are ready, and end it for those that are not."""
        ready = {meta.uid(pod): pod for pod in self._store.list("Pod") if is_ready(pod)}
        for uid in self._running.keys() - ready.keys():
            self._running.pop(uid).over.set()
        for uid, pod in ready.items():
            known = self._running.get(uid)
            if known is None or known.task.done():
                over = asyncio.Event()
                task = asyncio.create_task(self._answer(meta.key(pod), over), name=f"answers of {meta.key(pod)}")
                self._running[uid] = Running(task, over)

    async def _answer(self, key: Key, over: asyncio.Event) -> None:
        """Answer for one pod until `over`."""
        try:
            async with AsyncExitStack() as stack:
                for told in await self._serve(stack, await self._client.get("Pod", *key)):
                    await self._client.apply(told, manager=kwok.MANAGER)
                await over.wait()
        except NotFound:
            return
        except (PrismError, OSError) as error:
            log.warning("nothing answers for pod %s: %s", key, error)
            await asyncio.sleep(AGAIN)

    async def _serve(self, stack: AsyncExitStack, pod: Manifest) -> list[Manifest]:
        """Run a pod's program, if there is one for it; return what KWOK is to be told."""
        key = meta.key(pod)
        file = self._folder / "logs" / f"{key.namespace}_{key.name}.log"
        file.parent.mkdir(parents=True, exist_ok=True)
        journal = Journal(file)
        stack.callback(journal.close)
        found = program(pod)
        if found is None:
            journal.say("nothing runs in this pod")
            return [kwok.logs(pod, file)]
        port = await stack.enter_async_context(served(self._client, self._group(found.group), found, journal))
        return [kwok.logs(pod, file), kwok.port_forward(pod, {found.port: port})]

    def _group(self, key: Key) -> Group:
        if key not in self._groups:
            self._groups[key] = Group(key, self._folder)
        return self._groups[key]

    def _save(self) -> None:
        for group in self._groups.values():
            group.tenancy.save()

    async def _end(self, running: list[Running]) -> None:
        for one in running:
            one.over.set()
        if running:
            await asyncio.wait([one.task for one in running])
