"""One call to one endpoint: the connection, its deadline, and what a failure means.

The dialects name methods and messages; connections are kept open between calls by `Lines`.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Generic, TypeVar

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what goes wrong is told once, in words, by us
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")  # a login plugin is a child that knows nothing of gRPC

import grpc
from google.protobuf.message import Message

from kubectl_prism.proxy.endpoint import Endpoint, Security
from kubectl_prism.proxy.errors import Away, ProxyError, Refused, Taken, Unprepared, WrongService

DEADLINE = 5.0
"""The seconds that one call may take; a follower needs two to find that it cannot reach its leader."""

SILENCE = 30.0
"""The seconds without an answer after which a stream is dead; a ping of HTTP/2 is what many servers forbid."""

LONGEST_REASON = 200

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")

Q = TypeVar("Q", bound=Message)
A = TypeVar("A", bound=Message)

_OPTIONS = (
    ("grpc.enable_retries", 0),  # what is safe to repeat is ours to decide
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    ("grpc.use_local_subchannel_pool", 1),
)


@dataclass(frozen=True, slots=True)
class Method(Generic[Q, A]):
    """A method by its full name, e.g. /prism.ControlPlane/CreateNamespace, and the messages that it takes and gives."""

    path: str
    request: type[Q]
    answer: type[A]


class Lines:
    """The open connections: one to each endpoint, by its name; made anew where its address or protection changed."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[tuple[str, str], grpc.aio.Channel]] = {}

    async def call(self, endpoint: Endpoint, method: Method[Q, A], request: Q, *, deadline: float = DEADLINE) -> A:
        """Call a method once; ProxyError where it did not answer, or with an error."""
        calling = (await self._channel(endpoint)).unary_unary(
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.answer.FromString,
        )
        try:
            answer: A = await calling(request, timeout=deadline, metadata=_metadata(endpoint.security))
        except grpc.aio.AioRpcError as error:
            raise _meaning(endpoint, error, deadline) from error
        except asyncio.CancelledError as error:
            if _is_to_end():
                raise
            raise Away(f"the connection to {endpoint.name} was closed") from error
        return answer

    async def connect(self, endpoint: Endpoint, *, deadline: float = DEADLINE) -> None:
        """Have a connection, and ask nothing; Away where there is none to be had."""
        channel = await self._channel(endpoint)
        try:
            async with asyncio.timeout(deadline):
                while (state := channel.get_state(try_to_connect=True)) is not grpc.ChannelConnectivity.READY:
                    if state in (grpc.ChannelConnectivity.TRANSIENT_FAILURE, grpc.ChannelConnectivity.SHUTDOWN):
                        raise Away(f"{endpoint.name} cannot be reached")
                    await channel.wait_for_state_change(state)
        except TimeoutError as error:
            raise Away(f"{endpoint.name} cannot be reached within {deadline:g} s") from error

    async def stream(
        self, endpoint: Endpoint, method: Method[Q, A], request: Q, *, silence: float = SILENCE
    ) -> AsyncGenerator[A, None]:
        """Call a method that goes on answering; ends or raises ProxyError when the other side does, or says nothing."""
        calling = (await self._channel(endpoint)).unary_stream(
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.answer.FromString,
        )
        answers = calling(request, metadata=_metadata(endpoint.security))
        try:
            while True:
                answer = await asyncio.wait_for(answers.read(), silence)
                if not isinstance(answer, method.answer):  # the mark of the end
                    return
                yield answer
        except TimeoutError as error:
            raise Away(f"{endpoint.name} said nothing for {silence:g} s") from error
        except grpc.aio.AioRpcError as error:
            raise _meaning(endpoint, error) from error
        except asyncio.CancelledError as error:
            if _is_to_end():
                raise
            raise Away(f"the connection to {endpoint.name} was closed") from error
        finally:
            answers.cancel()

    async def drop(self, name: str) -> None:
        """Close the connection to the endpoint called `name`, if there is one; calls under way end as Away."""
        if (found := self._open.pop(name, None)) is not None:
            await found[1].close()

    async def close(self) -> None:
        """Close every connection."""
        for name in list(self._open):
            await self.drop(name)

    async def _channel(self, endpoint: Endpoint) -> grpc.aio.Channel:
        wanted = endpoint.address, endpoint.security.digest
        while (known := self._open.get(endpoint.name)) is None or known[0] != wanted:
            await self.drop(endpoint.name)
            if endpoint.name not in self._open:  # nobody was faster
                self._open[endpoint.name] = wanted, _connected(endpoint)
        return known[1]


def _is_to_end() -> bool:
    """Tell whether our task was cancelled, and not only its call, as when the connection is closed under it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _connected(endpoint: Endpoint) -> grpc.aio.Channel:
    security = endpoint.security
    if not security.tls:
        return grpc.aio.insecure_channel(endpoint.address, options=_OPTIONS)
    found = security.certificates
    credentials = grpc.ssl_channel_credentials(
        root_certificates=found.get("ca.crt"), private_key=found.get("tls.key"), certificate_chain=found.get("tls.crt")
    )
    named = (("grpc.ssl_target_name_override", security.name),) if security.name else ()
    return grpc.aio.secure_channel(endpoint.address, credentials, options=(*_OPTIONS, *named))


def _metadata(security: Security) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {security.token}"),) if security.token else ()


def _meaning(endpoint: Endpoint, error: grpc.aio.AioRpcError, deadline: float = DEADLINE) -> ProxyError:
    """Return what a gRPC status means for whoever asked."""
    code, said = error.code(), _said(endpoint, error)
    match code:
        case grpc.StatusCode.UNIMPLEMENTED:
            return WrongService(f"{endpoint.name} does not know what was asked")
        case grpc.StatusCode.UNAUTHENTICATED | grpc.StatusCode.PERMISSION_DENIED:
            return Refused("NotPermitted", f"{endpoint.name} does not let us: {said}")
        case grpc.StatusCode.ALREADY_EXISTS:
            return Taken(f"{endpoint.name}: {said}")
        case grpc.StatusCode.FAILED_PRECONDITION:
            return Unprepared(f"{endpoint.name}: {said}")
        case grpc.StatusCode.INVALID_ARGUMENT | grpc.StatusCode.OUT_OF_RANGE:
            return Refused("RefusedByProxy", f"{endpoint.name}: {said}")
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return Refused("TooLargeForProxy", f"{endpoint.name}: {said}")
        case grpc.StatusCode.NOT_FOUND:
            return Refused("NotFound", f"{endpoint.name}: {said}")
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return Away(f"{endpoint.name} gave no answer within {deadline:g} s")
        case grpc.StatusCode.UNAVAILABLE:
            return Away(f"{endpoint.name} cannot be reached")
    return Away(f"{endpoint.name} failed ({code.name}): {said}")


def _said(endpoint: Endpoint, error: grpc.aio.AioRpcError) -> str:
    """Return the words of the other side, on one line and not many, without what it may repeat: a token, an address."""
    words = _ADDRESS.sub("…", " ".join((error.details() or "without a word").split()))
    if endpoint.security.token:
        words = words.replace(endpoint.security.token, "…")
    return words if len(words) <= LONGEST_REASON else words[: LONGEST_REASON - 1] + "…"
