"""Serves methods of a control plane: for the sandbox's simulated programs, and for whoever tests against them.

Handlers take a message and return one, or yield many; what they refuse is raised as `Refusal`. This is the other side
of `wire`, and as little of grpc leaves it.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import Message

from kubectl_prism.proxy.wire import Method

_OPTIONS = (
    ("grpc.so_reuseport", 0),
    # A client that is gone is not always seen to be: through KWOK nobody hears of it.
    ("grpc.keepalive_time_ms", 5_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
)

GRACE = 0.2
"""The seconds that calls have to end when a server stops."""


class Refusal(Exception):
    """A call that is answered with an error; `code` is gRPC's name for it, e.g. RESOURCE_EXHAUSTED."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Handler:
    """What answers a method: a coroutine that returns the answer, or an asynchronous generator that yields many."""

    method: Method[Any, Any]
    answer: Callable[[Any], Any]


class Server:
    """One server at one address (`127.0.0.1:0` finds a port). Use it as an asynchronous context manager.

    It takes anybody in clear text, or by its `credentials` and as its `interceptors` will.
    """

    def __init__(
        self,
        address: str,
        handlers: Iterable[Handler],
        *,
        credentials: grpc.ServerCredentials | None = None,
        interceptors: Sequence[grpc.aio.ServerInterceptor] = (),
    ) -> None:
        self._server = grpc.aio.server(interceptors=list(interceptors), options=_OPTIONS)
        services: dict[str, dict[str, grpc.RpcMethodHandler[Any, Any]]] = {}
        for handler in handlers:
            _, service, method = handler.method.path.split("/")
            services.setdefault(service, {})[method] = _served(handler)
        for name, methods in services.items():
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, methods),))
        if credentials is None:
            self.port = self._server.add_insecure_port(address)
        else:
            self.port = self._server.add_secure_port(address, credentials)

    async def __aenter__(self) -> Server:
        """Begin to serve."""
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop, and cut what does not end in time."""
        await self._server.stop(GRACE)


def _served(handler: Handler) -> grpc.RpcMethodHandler[Any, Any]:
    method = handler.method
    answered = handler.answer
    marshal = {
        "request_deserializer": method.request.FromString,
        "response_serializer": method.answer.SerializeToString,
    }

    async def once(request: Message, context: grpc.aio.ServicerContext[Any, Any]) -> Message:
        try:
            answer: Message = await answered(request)
        except Refusal as refusal:
            await context.abort(grpc.StatusCode[refusal.code], refusal.message)
        return answer

    async def many(request: Message, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Message]:
        try:
            async for answer in answered(request):
                yield answer
        except Refusal as refusal:
            await context.abort(grpc.StatusCode[refusal.code], refusal.message)

    if inspect.isasyncgenfunction(answered):
        return grpc.unary_stream_rpc_method_handler(many, **marshal)
    return grpc.unary_unary_rpc_method_handler(once, **marshal)
