"""A simulated keyvalue runner on a memory store: the HTTP of MEMO-036, over the store of its stack's proxies.

`POST /kv/set` takes {"key": …, "value": …} as JSON, `GET /kv/get?key=…` returns it, `GET /health` says that all is
well. The header x-prism-namespace names the tenant, whose limits hold here too; without it nothing limits the runner.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from kubectl_prism.proxy.serving import Refusal
from kubectl_prism.sandbox.answers.journal import Journal
from kubectl_prism.sandbox.answers.tenancy import Tenancy

TENANT = "x-prism-namespace"
_STATUS = {"NOT_FOUND": 404, "RESOURCE_EXHAUSTED": 429}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Runner:
    """One runner; use it as an asynchronous context manager, `port` says where it listens."""

    def __init__(self, tenancy: Tenancy, journal: Journal) -> None:
        self._tenancy = tenancy
        self._journal = journal
        app = web.Application(middlewares=[_refused])
        app.router.add_post("/kv/set", self._set)
        app.router.add_get("/kv/get", self._get)
        app.router.add_get("/health", self._health)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        self.port = 0

    async def __aenter__(self) -> Runner:
        """Begin to serve."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self._runner.cleanup()

    async def _set(self, request: web.Request) -> web.Response:
        try:
            told = json.loads(await request.read())
            key, value = told["key"], told["value"]
        except (ValueError, KeyError, TypeError):
            raise Refusal("INVALID_ARGUMENT", 'the body must be {"key": …, "value": …} as JSON') from None
        self._tenancy.set(request.headers.get(TENANT, ""), str(key), json.dumps(value).encode())
        self._journal.say("stored a value", key=str(key))
        return _answer({"ok": True})

    async def _get(self, request: web.Request) -> web.Response:
        key = request.query.get("key", "")
        found = self._tenancy.get(request.headers.get(TENANT, ""), key)
        if found is None:
            raise Refusal("NOT_FOUND", f"there is no key {key!r}")
        return _answer({"key": key, "value": json.loads(found)})

    async def _health(self, _request: web.Request) -> web.Response:
        return _answer({"status": "healthy"})


def _answer(content: dict[str, object], *, status: int = 200) -> web.Response:
    return web.json_response({**content, "simulated": True}, status=status)


@web.middleware
async def _refused(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refusal as refusal:
        return _answer({"error": refusal.message}, status=_STATUS.get(refusal.code, 400))
