"""A backend is healthy only when it really says its provider's hello."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kubectl_prism.reconcile.greetings import Answer, Target, greet
from tests.certificate import self_signed

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
SECRET = "s3cr3t-password"


@asynccontextmanager
async def serving(serve: Serve, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def ask(provider: str, port: int, *, inside: bool = True, timeout: float = 2.0, **target: object) -> Answer:
    return await greet(
        Target(provider, f"{provider}://localhost:{port}", **target),  # type: ignore[arg-type]
        timeout=timeout,
        inside=inside,
    )


async def redis(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while (header := await reader.readline()).startswith(b"*"):
        words = []
        for _ in range(int(header[1:])):
            await reader.readline()
            words.append((await reader.readline()).strip().decode())
        match words:
            case ["PING"]:
                writer.write(b"+PONG\r\n")
            case ["AUTH", *rest] if rest[-1] == SECRET:
                writer.write(b"+OK\r\n")
            case _:
                writer.write(b"-WRONGPASS invalid username-password pair\r\n")
        await writer.drain()


async def locked_redis(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    writer.write(b"-NOAUTH Authentication required.\r\n")
    await writer.drain()


async def nats(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b'INFO {"server_id":"X","version":"2.11.0"}\r\n')
    await writer.drain()
    await reader.read(1)


def postgres(answer: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(8) == struct.pack("!ii", 8, 80877103)
        writer.write(answer)
        await writer.drain()

    return serve


async def kafka(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request = await reader.readexactly(struct.unpack("!i", await reader.readexactly(4))[0])
    key, version, correlation = struct.unpack("!hhi", request[:8])
    assert (key, version) == (18, 0)
    writer.write(struct.pack("!iihi", 10, correlation, 0, 0))
    await writer.drain()


async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")
    await writer.drain()


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


@pytest.mark.parametrize(
    ("provider", "serve"),
    [("redis", redis), ("nats", nats), ("postgres", postgres(b"N")), ("postgres", postgres(b"S")), ("kafka", kafka)],
)
async def test_the_right_hello_is_healthy(provider: str, serve: Serve) -> None:
    """Each provider that we know is healthy when it answers its own greeting."""
    async with serving(serve) as port:
        assert (await ask(provider, port)).healthy is True


@pytest.mark.parametrize(
    ("provider", "reason"),
    [
        ("redis", "UnexpectedAnswer"),
        ("postgres", "UnexpectedAnswer"),
        ("kafka", "UnexpectedAnswer"),
        ("nats", "TimedOut"),
    ],
)
async def test_another_protocol_is_unhealthy(provider: str, reason: str) -> None:
    """A web server on the backend's port is not the backend, wherever we stand: it was reached."""
    async with serving(http) as port:
        answer = await ask(provider, port, inside=False, timeout=0.5)
    assert (answer.healthy, answer.reason) == (False, reason)


async def test_redis_password_is_checked() -> None:
    """The right password is healthy, a wrong one and a missing one are not, and no answer repeats it."""
    async with serving(redis) as port:
        right = await ask("redis", port, password=SECRET)
        wrong = await ask("redis", port, password="wrong-" + SECRET)
    async with serving(locked_redis) as port:
        missing = await ask("redis", port)
    assert right.healthy is True
    assert (wrong.healthy, wrong.reason) == (False, "AuthenticationFailed")
    assert (missing.healthy, missing.reason) == (False, "AuthenticationRequired")
    assert SECRET not in repr((right, wrong, missing, Target("redis", f"redis://:{SECRET}@x:1", password=SECRET)))


async def test_out_of_reach_is_unknown_from_outside_and_unhealthy_from_inside() -> None:
    """A laptop that cannot reach a cluster address knows nothing; the cluster itself does."""
    async with serving(silence) as port:
        pass
    inside, outside = await ask("nats", port), await ask("nats", port, inside=False)
    assert (inside.healthy, inside.reason) == (False, "ConnectionFailed")
    assert (outside.healthy, outside.reason) == (None, "NotReachableFromHere")
    unresolved = await greet(Target("nats", "nats://no-such-host.invalid:4222"), timeout=5, inside=False)
    assert unresolved.healthy is None


async def test_a_silent_host_is_given_up_in_time() -> None:
    """A host that accepts and says nothing costs the timeout and no more."""
    async with serving(silence) as port:
        started = asyncio.get_running_loop().time()
        answer = await ask("nats", port, timeout=0.2)
    assert (answer.healthy, answer.reason) == (False, "TimedOut")
    assert asyncio.get_running_loop().time() - started < 2


@pytest.mark.parametrize("url", ["", "nats://", "nats://:4222", "nats://host:notaport", "mystery://host"])
async def test_a_url_without_host_or_port_is_unhealthy(url: str) -> None:
    """An address that cannot be connected to is the user's to mend, wherever we stand."""
    answer = await greet(Target("nats" if "mystery" not in url else "mystery", url), timeout=1, inside=False)
    assert (answer.healthy, answer.reason) == (False, "InvalidUrl")


async def test_the_next_host_of_a_list_counts() -> None:
    """A URL may list several hosts; one that answers is enough."""
    async with serving(silence) as dead:
        pass
    async with serving(nats) as port:
        url = f"nats://user:{SECRET}@127.0.0.1:{dead},127.0.0.1:{port}"
        assert (await greet(Target("nats", url), timeout=2, inside=True)).healthy is True


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tls.crt and tls.key for localhost."""
    folder = tmp_path_factory.mktemp("tls")
    self_signed(folder)
    return folder


def server_context(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    return context


async def test_tls_is_verified(certificate: Path) -> None:
    """An encrypted backend is healthy with its authority and unhealthy without; plain text is no TLS."""
    authority = {"ca.crt": (certificate / "tls.crt").read_bytes()}
    async with serving(redis, server_context(certificate)) as port:
        trusted = await ask("redis", port, tls=True, certificates=authority)
        untrusted = await ask("redis", port, tls=True)
    async with serving(redis) as port:
        plain = await ask("redis", port, tls=True, certificates=authority)
    assert trusted.healthy is True
    assert (untrusted.healthy, untrusted.reason) == (False, "TlsFailed")
    assert (plain.healthy, plain.reason) == (False, "UnexpectedAnswer")


async def test_postgres_without_tls_is_unhealthy_where_tls_is_asked_for() -> None:
    """A server that offers no TLS does not satisfy tls.enabled."""
    async with serving(postgres(b"N")) as port:
        answer = await ask("postgres", port, tls=True)
    assert (answer.healthy, answer.reason) == (False, "TlsRefused")


async def test_nats_upgrades_after_its_info(certificate: Path) -> None:
    """NATS says INFO in the clear and then encrypts; the greeting follows it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"INFO {}\r\n")
        await writer.drain()
        await writer.start_tls(server_context(certificate))

    authority = {"ca.crt": (certificate / "tls.crt").read_bytes()}
    async with serving(serve) as port:
        assert (await ask("nats", port, tls=True, certificates=authority)).healthy is True


async def test_unreadable_certificates_are_unhealthy() -> None:
    """A Secret with rubbish for a certificate is named as the cause."""
    answer = await greet(
        Target("redis", "redis://localhost:1", tls=True, certificates={"ca.crt": b"not a certificate"}),
        timeout=1,
        inside=True,
    )
    assert (answer.healthy, answer.reason) == (False, "InvalidCertificate")
