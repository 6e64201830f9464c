"""A server of official releases on this machine, which can be told to misbehave."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from kubectl_prism.sandbox.programs import Mirror


class Releases(ThreadingHTTPServer):
    """Serves `files` by path; `cut` names paths of which only half is sent, `stall` those that stop there."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.cut: set[str] = set()
        self.stall: set[str] = set()
        self.asked: list[str] = []
        self.stalled = threading.Event()
        self.go_on = threading.Event()

    @property
    def address(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def mirror(self) -> Mirror:
        """The server as a mirror of all releases."""
        return Mirror(kubernetes=f"{self.address}/release", github=f"{self.address}/repos")

    def publish(self, path: str, content: bytes, *, digest: str | None = None) -> None:
        """Offer a file with its checksum beside it, a wrong one on request."""
        self.files[path] = content
        self.files[f"{path}.sha256"] = (digest or hashlib.sha256(content).hexdigest()).encode()

    def list_assets(self, path: str, assets: dict[str, bytes]) -> None:
        """Offer a release the way GitHub lists it."""
        listing = []
        for name, content in assets.items():
            self.files[f"/assets/{name}"] = content
            digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
            listing.append({"name": name, "digest": digest, "browser_download_url": f"{self.address}/assets/{name}"})
        self.files[path] = json.dumps({"assets": listing}).encode()


class _Handler(BaseHTTPRequestHandler):
    server: Releases

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        content = self.server.files.get(self.path)
        self.server.asked.append(f"{self.command} {self.path}")
        self.send_response(200 if content is not None else 404)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        if not body or content is None:
            return
        half = self.path in self.server.cut | self.server.stall
        with contextlib.suppress(ConnectionError):
            self.wfile.write(content[: len(content) // 2] if half else content)
            self.wfile.flush()
        if self.path in self.server.stall:
            self.server.stalled.set()
            self.server.go_on.wait(60)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def served() -> Iterator[Releases]:
    """Serve for the length of a block."""
    server = Releases()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()
