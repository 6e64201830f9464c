"""What answers for the cluster's simulated pods, and how a client reaches a pod: through kubectl, not our own code."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from kubectl_prism.proxy.endpoint import Endpoint
from kubectl_prism.proxy.wire import Lines
from tests.cluster import Cluster
from tests.reconcile.kinds.world import World

T = TypeVar("T")


class Answers:
    """The process that answers, with its things in `folder`."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._cluster = cluster
        self._folder = folder
        self._log = folder.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Answers:
        """Start it."""
        self._folder.mkdir()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it; it must end well, and have had nothing to complain of."""
        assert self.stop() == 0, self._log.read_text()

    def start(self) -> None:
        """Start it where it was stopped."""
        given = [f"--folder={self._folder}", f"--kubeconfig={self._cluster.kubeconfig}"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kubectl_prism.sandbox.answers", *given], stderr=log
            )

    def stop(self) -> int:
        """Stop it, as the sandbox does; return the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(30)

    def forget(self) -> None:
        """Lose what it keeps, while it is stopped."""
        shutil.rmtree(self._folder)
        self._folder.mkdir()


@contextmanager
def forwarded(world: World, target: str, port: int) -> Iterator[int]:
    """Have kubectl forward a port of `target`, such as service/a; return the port of this machine."""
    command = [str(world.cluster.kubectl), f"--kubeconfig={world.cluster.kubeconfig}", f"--namespace={world.namespace}"]
    words = ["port-forward", "--address=127.0.0.1", target, f":{port}"]
    with subprocess.Popen([*command, *words], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            found = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
            assert found is not None
            yield int(found[1])
        finally:
            process.terminate()


def asked(port: int, ask: Callable[[Lines, Endpoint], Awaitable[T]]) -> T:
    """Ask a proxy behind a port of this machine."""

    async def main() -> T:
        lines = Lines()
        try:
            return await ask(lines, Endpoint(f"127.0.0.1:{port}", "proxy"))
        finally:
            await lines.close()

    return asyncio.run(main())
