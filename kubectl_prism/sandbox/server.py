"""The few questions that starting a sandbox asks its API server, before anything else of ours talks to it.

Called by `cluster`. Plain blocking HTTPS with the cluster's own certificate, so that a sandbox needs no event loop, no
kubeconfig and no client library to come up.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
from collections.abc import Iterator
from pathlib import Path

from kubectl_prism.errors import PrismError
from kubectl_prism.model.meta import Manifest, key, labels
from kubectl_prism.sandbox.nodes import SIMULATED_LABEL

_CONFLICT = 409


class ServerSilent(PrismError):
    """The sandbox's API server does not answer."""


class Server:
    """One connection to the API server of a sandbox, as its administrator."""

    def __init__(self, port: int, certificates: Path, *, timeout: float = 10) -> None:
        try:
            context = ssl.create_default_context(cafile=str(certificates / "ca.crt"))
            context.load_cert_chain(certificates / "admin.crt", certificates / "admin.key")
        except OSError as error:
            raise ServerSilent(f"the sandbox's certificates cannot be read: {error}") from error
        self._connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=timeout, context=context)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def ask(self, method: str, path: str, body: Manifest | None = None) -> tuple[int, bytes]:
        """Send one request; return the status and the body. ServerSilent where nobody answers."""
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        try:
            self._connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise ServerSilent(f"the sandbox's API server does not answer: {error}") from error

    def get(self, path: str) -> Manifest:
        """Return the object at a path; a PrismError where there is none."""
        return self._object("GET", path, *self.ask("GET", path))

    def _object(self, method: str, path: str, status: int, body: bytes) -> Manifest:
        if status >= http.client.BAD_REQUEST:
            raise PrismError(f"the sandbox's API server answered {status} to {method} {path}: {body[:300].decode()}")
        manifest: Manifest = json.loads(body)
        return manifest

    def serves(self) -> bool:
        """Tell whether the server is ready to serve."""
        return self._answers("/readyz")

    def ready(self) -> bool:
        """Tell whether pods may be created too: the controllers have made what every pod needs."""
        return self.serves() and self._answers("/api/v1/namespaces/default/serviceaccounts/default")

    def _answers(self, path: str) -> bool:
        try:
            return self.ask("GET", path)[0] == http.client.OK
        except ServerSilent:
            return False

    def version(self) -> str:
        """Return the server's version."""
        return str(self.get("/version")["gitVersion"])

    def nodes(self) -> list[Manifest]:
        """Return all nodes."""
        items: list[Manifest] = self.get("/api/v1/nodes")["items"]
        return items

    def node_count(self) -> int:
        """Return how many nodes there are, without reading them all."""
        listing = self.get("/api/v1/nodes?limit=1")
        return len(listing["items"]) + int(listing["metadata"].get("remainingItemCount", 0))

    def create_nodes(self, wanted: list[Manifest]) -> int:
        """Create the nodes that are not there; those that are stay as they are. Returns how many were created."""
        there = {key(node).name for node in self.nodes()}
        missing = [node for node in wanted if key(node).name not in there]
        for node in missing:
            status, body = self.ask("POST", "/api/v1/nodes", node)
            if status != _CONFLICT:
                self._object("POST", "/api/v1/nodes", status, body)
        return len(missing)

    def simulated_nodes_ready(self) -> bool:
        """Tell whether every simulated node reports that it is ready."""
        return all(_is_ready(node) for node in self.nodes() if SIMULATED_LABEL in labels(node))


def _is_ready(node: Manifest) -> bool:
    conditions = node.get("status", {}).get("conditions", [])
    taints = node.get("spec", {}).get("taints", [])
    ready = any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
    return ready and not any(taint["key"] == "node.kubernetes.io/not-ready" for taint in taints)


@contextlib.contextmanager
def connected(port: int, certificates: Path, *, timeout: float = 10) -> Iterator[Server]:
    """Connect for the length of a block."""
    server = Server(port, certificates, timeout=timeout)
    try:
        yield server
    finally:
        server.close()
