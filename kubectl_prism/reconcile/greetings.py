"""Whether a backend answers: connect, encrypt, and say the provider's own hello.

Called by the backend reconciler. An answer never repeats the address or a credential, since it ends in a status. From
outside the cluster a backend that cannot be reached is unknown, not unhealthy: from there nobody can tell.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

LINE_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a health check found; `healthy` is None where nobody could tell."""

    healthy: bool | None
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Target:
    """A backend to greet. Its text form shows nothing of it."""

    provider: str
    url: str = field(repr=False)
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    tls: bool = False
    certificates: Mapping[str, bytes] = field(default_factory=dict, repr=False)


class Refused(Exception):
    """The backend was reached, and what it said makes it unhealthy."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(False, reason, message)


class Line:
    """One connection to a backend that is being greeted."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        target: Target,
        host: str,
        context: ssl.SSLContext | None,
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.target = target
        self._host = host
        self._context = context

    @property
    def wants_tls(self) -> bool:
        """Whether the spec asks for an encrypted connection."""
        return self._context is not None

    async def encrypt(self) -> None:
        """Encrypt the connection where the spec asks for it."""
        if self._context is not None:
            await self.writer.start_tls(self._context, server_hostname=self._host)

    async def ask(self, data: bytes) -> None:
        """Send `data`."""
        self.writer.write(data)
        await self.writer.drain()


Hello = Callable[[Line], Awaitable[str]]


async def _redis(line: Line) -> str:
    await line.encrypt()
    if line.target.password:
        words = [word.encode() for word in ("AUTH", line.target.username, line.target.password) if word]
        await line.ask(_resp(words))
        if not (await line.reader.readline()).startswith(b"+OK"):
            raise Refused("AuthenticationFailed", "Redis refused the user name or password")
    await line.ask(_resp([b"PING"]))
    answer = await line.reader.readline()
    if answer.startswith(b"-NOAUTH"):
        raise Refused("AuthenticationRequired", "Redis asks for a password, and the connection has none")
    if not answer.startswith(b"+PONG"):
        raise Refused("UnexpectedAnswer", "what answers does not speak the Redis protocol")
    return "Redis answered PING"


def _resp(words: list[bytes]) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


async def _nats(line: Line) -> str:
    if not (await line.reader.readline()).startswith(b"INFO {"):
        raise Refused("UnexpectedAnswer", "what answers does not speak the NATS protocol")
    await line.encrypt()
    return "NATS sent its INFO"


_SSL_REQUEST = struct.pack("!ii", 8, 80877103)


async def _postgres(line: Line) -> str:
    await line.ask(_SSL_REQUEST)
    match await line.reader.readexactly(1):
        case b"S":
            await line.encrypt()
        case b"N" if not line.wants_tls:
            pass
        case b"N":
            raise Refused("TlsRefused", "PostgreSQL does not offer TLS, and tls.enabled asks for it")
        case _:
            raise Refused("UnexpectedAnswer", "what answers does not speak the PostgreSQL protocol")
    return "PostgreSQL answered an SSLRequest"


_CLIENT_ID = b"prism"
_CORRELATION = 1
_API_VERSIONS = struct.pack("!hhih", 18, 0, _CORRELATION, len(_CLIENT_ID)) + _CLIENT_ID


async def _kafka(line: Line) -> str:
    await line.encrypt()
    await line.ask(struct.pack("!i", len(_API_VERSIONS)) + _API_VERSIONS)
    size, correlation = struct.unpack("!ii", await line.reader.readexactly(8))
    if correlation != _CORRELATION or not 6 <= size <= LINE_LIMIT:
        raise Refused("UnexpectedAnswer", "what answers does not speak the Kafka protocol")
    return "Kafka answered ApiVersions"


async def _connected(line: Line) -> str:
    await line.encrypt()
    return "the connection was accepted; there is no greeting to check for this provider"


_HELLOS: Mapping[str, tuple[Hello, int]] = {
    "redis": (_redis, 6379),
    "nats": (_nats, 4222),
    "postgres": (_postgres, 5432),
    "kafka": (_kafka, 9092),
}
_ENCRYPTED_SCHEMES = frozenset({"rediss", "tls", "https", "kafkas"})


async def greet(target: Target, *, timeout: float, inside: bool) -> Answer:
    """Connect to the first host of the URL that lets us, and say hello, in `timeout` seconds altogether.

    `inside` says whether this program runs in the cluster that the backend's address is meant for.
    """
    hello, default_port = _HELLOS.get(target.provider, (_connected, 0))
    try:
        hosts, encrypted = _hosts(target.url, default_port)
        context = _context(target.certificates) if target.tls or encrypted else None
    except ValueError:
        return Answer(False, "InvalidUrl", "the connection URL has no host and port that could be connected to")
    except ssl.SSLError:
        return Answer(False, "InvalidCertificate", "the certificates of the TLS Secret cannot be read")
    answer = Answer(None, "NotChecked", "")
    deadline = asyncio.get_running_loop().time() + timeout
    for host, port in hosts:
        answer = await _greet_host(target, hello, (host, port), context, deadline=deadline, inside=inside)
        if answer.healthy:
            break
    return answer


async def _greet_host(
    target: Target,
    hello: Hello,
    address: tuple[str, int],
    context: ssl.SSLContext | None,
    *,
    deadline: float,
    inside: bool,
) -> Answer:
    host, port = address
    try:
        async with asyncio.timeout_at(deadline):
            reader, writer = await asyncio.open_connection(host, port, limit=LINE_LIMIT)
    except TimeoutError:
        return _unreached("TimedOut", "nothing answered in time", inside=inside)
    except OSError as error:
        return _unreached("ConnectionFailed", _why(error), inside=inside)
    try:
        async with asyncio.timeout_at(deadline):
            return Answer(True, "Answered", await hello(Line(reader, writer, target, host, context)))
    except Refused as refused:
        return refused.answer
    except TimeoutError:
        return Answer(False, "TimedOut", "the connection was accepted, but no greeting came in time")
    except ssl.SSLError as error:
        return Answer(False, "TlsFailed", f"TLS failed: {_why_tls(error)}")
    except (asyncio.IncompleteReadError, OSError, ValueError):
        return Answer(False, "UnexpectedAnswer", "the connection was closed before the greeting was over")
    finally:
        writer.close()


def _unreached(reason: str, why: str, *, inside: bool) -> Answer:
    if inside:
        return Answer(False, reason, f"cannot connect: {why}")
    return Answer(None, "NotReachableFromHere", f"cannot be checked from outside the cluster: {why}")


def _why(error: OSError) -> str:
    match error:
        case ConnectionRefusedError():
            return "connection refused"
        case _ if type(error).__name__ == "gaierror":
            return "the host name does not resolve"
        case _:
            return "the host cannot be reached"


def _why_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message or "the certificate is not trusted"
    return "what answers does not speak TLS"


def _hosts(url: str, default_port: int) -> tuple[list[tuple[str, int]], bool]:
    parts = urlsplit(url if "://" in url else f"//{url}")
    hosts: list[tuple[str, int]] = []
    for netloc in parts.netloc.rpartition("@")[2].split(","):
        one = urlsplit(f"//{netloc.rpartition('@')[2].rpartition('://')[2]}")
        port = one.port or default_port
        if not one.hostname or not port:
            raise ValueError("no host or port")
        hosts.append((unquote(one.hostname), port))
    return hosts, parts.scheme in _ENCRYPTED_SCHEMES


def _context(certificates: Mapping[str, bytes]) -> ssl.SSLContext:
    authority = certificates.get("ca.crt")
    context = ssl.create_default_context(cadata=authority.decode("ascii") if authority else None)
    if "tls.crt" in certificates and "tls.key" in certificates:
        with tempfile.TemporaryDirectory(prefix="kubectl-prism-") as folder:
            chain, key = Path(folder, "tls.crt"), Path(folder, "tls.key")
            chain.write_bytes(certificates["tls.crt"])
            key.touch(mode=0o600)
            key.write_bytes(certificates["tls.key"])
            context.load_cert_chain(chain, key)
    return context
