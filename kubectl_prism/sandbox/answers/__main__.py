"""`python -m kubectl_prism.sandbox.answers --folder=… --kubeconfig=…`: what a sandbox starts to answer for its pods."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from pathlib import Path

from kubectl_prism.kube.client import Client
from kubectl_prism.kube.config import Connection, load
from kubectl_prism.sandbox.answers.answering import Answering


async def main(folder: Path, kubeconfig: Path) -> None:
    """Answer until SIGTERM."""
    async with Client(load(Connection(kubeconfig=str(kubeconfig)))) as client:
        answering = asyncio.create_task(Answering(client, folder).run(), name="answers")
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, answering.cancel)
        await asyncio.wait([answering])
        if not answering.cancelled():
            answering.result()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    folder, kubeconfig = (Path(one.partition("=")[2]) for one in sys.argv[1:3])
    asyncio.run(main(folder, kubeconfig))
