"""Stand-ins for the servers behind a backend: each on a port of this machine, in a thread of its own."""

from __future__ import annotations

import socketserver
import ssl
import threading
import time
from pathlib import Path
from types import TracebackType

from tests.certificate import self_signed


class Redis:
    """A server that speaks as much Redis as a health check does, until it is told to fall ill.

    `password` is asked for where it is given; `checks` counts the connections so far, and `delay` is in seconds.
    """

    def __init__(self, *, password: str = "", tls: ssl.SSLContext | None = None) -> None:
        self.password = password
        self.is_ill = False
        self.delay = 0.0
        self.checks = 0
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def setup(self) -> None:
                if tls is not None:
                    self.request = tls.wrap_socket(self.request, server_side=True)
                super().setup()

            def finish(self) -> None:
                super().finish()
                self.request.close()

            def handle(self) -> None:
                outer.checks += 1
                time.sleep(outer.delay)  # a slow server
                outer.answer(self)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """Let a client that does not trust us, or hangs up, go."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Redis:
        """Begin to serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The connection URL, without a password."""
        return f"redis://127.0.0.1:{self.port}"

    def answer(self, handler: socketserver.StreamRequestHandler) -> None:
        """Answer one client until it goes."""
        is_known = not self.password
        while words := _command(handler):
            if self.is_ill:
                reply = b"-LOADING not now"
            elif words[0] == b"AUTH":
                is_known = words[-1].decode() == self.password
                reply = b"+OK" if is_known else b"-WRONGPASS no"
            else:
                reply = b"+PONG" if is_known else b"-NOAUTH Authentication required."
            handler.wfile.write(reply + b"\r\n")


def _command(handler: socketserver.StreamRequestHandler) -> list[bytes]:
    """Read one command; empty where the client is gone."""
    head = handler.rfile.readline()
    if not head:
        return []
    words = []
    for _ in range(int(head[1:])):
        size = int(handler.rfile.readline()[1:])
        words.append(handler.rfile.read(size + 2)[:-2])
    return words


def certificate(folder: Path) -> tuple[str, ssl.SSLContext]:
    """Make a certificate for 127.0.0.1; return it as PEM text, and the context of a server that shows it."""
    chain, key = self_signed(folder, "IP:127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    return chain.read_text(), context
