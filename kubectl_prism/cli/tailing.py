"""Reads the logs of many pods at once for `logs`, and prints them line by line.

What is there already is printed in the order of its times; what is followed, as it comes. A followed log that breaks is
taken up where it was, and a pod that comes is read too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from kubectl_prism.cli.options import Options
from kubectl_prism.cli.output import note, paint, stream
from kubectl_prism.errors import PrismError
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.config import Cluster
from kubectl_prism.kube.errors import NotFound
from kubectl_prism.model import meta
from kubectl_prism.model.meta import Key
from kubectl_prism.render.names import label_value
from kubectl_prism.view import logs as view

LOOK = 1.0
"""Seconds between two looks for new pods, and before a broken log is taken up again."""

STYLES = ("place", "added", "strong", "removed", "faint")
"""Colours of pods, in turn; the pod's name says the same."""

Print = Callable[[Key, str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants to read; `since` is in seconds, `tail` is -1 for every line."""

    stack: str | None
    components: tuple[str, ...]
    selector: str | None
    follow: bool
    since: float | None
    tail: int

    @property
    def labels(self) -> str:
        """The label selector of the pods."""
        found = [f"component in ({','.join(f'prism-{name}' for name in self.components)})"]
        if self.stack:
            found.append(f"stack={label_value(self.stack)}")
        return ",".join([*found, *([self.selector] if self.selector else [])])


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a pod, with the time that the cluster noted."""

    time: str
    pod: Key
    text: str


def printer(options: Options, *, raw: bool) -> Print:
    """Return what prints a line: as it was written, or readable, behind the pod's name in a colour of its own."""
    if raw:
        return lambda _pod, text: stream(f"{text}\n")
    painted, styles = paint(options), dict[Key, str]()

    def show(pod: Key, text: str) -> None:
        style = styles.setdefault(pod, STYLES[len(styles) % len(STYLES)])
        line = view.parse(text)
        stream(f"{painted(pod.name, style)} {painted(line.text, line.severity)}\n")

    return show


async def print_logs(cluster: Cluster, wanted: Wanted, show: Print) -> int:
    """Print what is wanted; return 1 where there is no pod or one cannot be read, else 0."""
    async with Client(cluster) as client:
        if wanted.follow:
            await _follow(client, wanted, show)
        return await _once(client, wanted, show)


async def _once(client: Client, wanted: Wanted, show: Print) -> int:
    pods = await _pods(client, wanted)
    if not pods:
        note(f"No pods with {wanted.labels} in namespace {client.cluster.namespace}.")
        return 1
    found = await asyncio.gather(*(_read(client, pod, wanted) for pod in pods))
    for line in sorted((line for lines in found if lines for line in lines), key=lambda line: line.time):
        show(line.pod, line.text)
    return int(any(lines is None for lines in found))


async def _read(client: Client, pod: Key, wanted: Wanted) -> list[Line] | None:
    """Return the lines of a pod; None, and a note, where they cannot be read."""
    try:
        return [line async for line in _lines(client, pod, wanted, after="")]
    except PrismError as error:
        note(f"warning: {pod.name}: {error.message}")
        return None


async def _follow(client: Client, wanted: Wanted, show: Print) -> None:
    """Print lines as they come, of every pod that there is or will be, until cancelled."""
    known: set[Key] = set()
    pods = set(await _pods(client, wanted))
    async with asyncio.TaskGroup() as group:
        while True:
            for pod in sorted(pods - known):
                group.create_task(followed(client, pod, wanted, show), name=f"log of {pod}")
            known = pods
            wanted = replace(wanted, tail=-1)  # of a pod that comes later all is new
            await asyncio.sleep(LOOK)
            with suppress(PrismError):  # who reads the pods says so; new ones come when the server is back
                pods = set(await _pods(client, wanted))


async def followed(
    client: Client, pod: Key, wanted: Wanted, show: Print, *, warn: Callable[[str], None] = note
) -> None:
    """Follow the log of one pod for as long as there is one; `warn` is told why it cannot be read."""
    last, said = "", ""
    while await _is_there(client, pod):
        try:
            async for line in _lines(client, pod, wanted, after=last):
                show(pod, line.text)
                last = line.time
        except PrismError as error:
            if error.message != said:
                warn(f"warning: {pod.name}: {error.message}")
            said = error.message
        await asyncio.sleep(LOOK)


async def _is_there(client: Client, pod: Key) -> bool:
    try:
        return not meta.is_deleting(await client.get("Pod", *pod))
    except NotFound:
        return False
    except PrismError:
        return True  # as far as anybody knows: the server is away


async def _lines(client: Client, pod: Key, wanted: Wanted, *, after: str) -> AsyncGenerator[Line, None]:
    """Yield the lines of a pod that are newer than `after`."""
    query = {"timestamps": "true"}
    if after:
        query["sinceTime"] = after
    elif wanted.since is not None:
        query["sinceSeconds"] = str(max(1, round(wanted.since)))
    if wanted.tail >= 0 and not after:
        query["tailLines"] = str(wanted.tail)
    if wanted.follow:
        query["follow"] = "true"
    rest = b""
    async with client.log(pod, query) as chunks:
        async for chunk in chunks:
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                time, _, text = line.decode("utf-8", "replace").partition(" ")
                if time > after:
                    yield Line(time, pod, text)


async def _pods(client: Client, wanted: Wanted) -> list[Key]:
    found = await client.list("Pod", client.cluster.namespace, labels=wanted.labels)
    return sorted(meta.key(pod) for pod in found)
