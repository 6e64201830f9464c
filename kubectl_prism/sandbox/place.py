"""Where a sandbox keeps its things, by its name.

Called by `cluster` and `kwokctl`. Reads the record; writes nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from kubectl_prism.errors import UsageError
from kubectl_prism.sandbox.folders import data_folder
from kubectl_prism.sandbox.ports import Ports

_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sandbox of a name keeps its things."""

    name: str
    root: Path

    @property
    def folder(self) -> Path:
        """Kwokctl's folder of the cluster."""
        return self.root / "clusters" / self.name

    @property
    def context(self) -> str:
        """What the cluster is called in a kubeconfig."""
        return f"kwok-{self.name}"

    @property
    def certificates(self) -> Path:
        """The folder of keys and certificates."""
        return self.folder / "pki"

    @property
    def kubeconfig(self) -> Path:
        """The sandbox's own kubeconfig."""
        return self.root / f"{self.name}.kubeconfig"

    @property
    def configuration(self) -> Path:
        """What kwokctl is told."""
        return self.root / f"{self.name}.kwokctl.yaml"

    @property
    def log(self) -> Path:
        """What kwokctl said."""
        return self.root / f"{self.name}.kwokctl.log"

    @property
    def record(self) -> Path:
        """The file that says that the sandbox was wholly made."""
        return self.folder / "prism-sandbox.json"

    @property
    def answers(self) -> Path:
        """Where what simulated pods answer keeps its things."""
        return self.folder / "answers"

    def server_log(self, component: str) -> Path:
        """Return the log of one server."""
        return self.folder / "logs" / f"{component}.log"

    def ports(self) -> Ports | None:
        """Return the ports of a wholly made sandbox, None where there is none."""
        try:
            return Ports(**json.loads(self.record.read_text()))
        except (OSError, ValueError, TypeError):
            return None


def place(name: str) -> Place:
    """Return the place of a sandbox; UsageError for a name that cannot be one."""
    if not (name and len(name) <= _LONGEST and name.replace("-", "").isalnum() and name == name.lower()):
        raise UsageError(f"{name!r} cannot name a sandbox", hint="use up to 40 lower-case letters, digits and hyphens")
    return Place(name, data_folder())
