"""What answers for a sandbox's simulated pods: one process of ours, `answers`, beside the cluster's servers.

Called by `cluster`. It is told from all other processes by the folder that it was given.
"""

from __future__ import annotations

import subprocess
import sys

from kubectl_prism.sandbox import processes
from kubectl_prism.sandbox.folders import explained, make_folder
from kubectl_prism.sandbox.place import Place

NAME = "answers"


def start(place: Place) -> None:
    """Have somebody answer, unless somebody does."""
    if pid(place) is not None:
        return
    make_folder(place.answers)
    command = [sys.executable, "-m", "kubectl_prism.sandbox.answers", _mark(place), f"--kubeconfig={place.kubeconfig}"]
    # Through a shell that ends at once: nobody is left who would have to wait for it.
    detached = ["sh", "-c", 'exec "$@" &', "sh", *command]
    with explained(place.answers), place.server_log(NAME).open("wb") as log:
        subprocess.run(detached, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, check=True)


def pid(place: Place) -> int | None:
    """Return the process that answers; None where none does."""
    return next(iter(processes.told(_mark(place))), None)


def stop(place: Place) -> None:
    """Have nobody answer; Leases of simulated admins run out by themselves."""
    processes.kill_told(_mark(place))


def _mark(place: Place) -> str:
    return f"--folder={place.answers}"
