"""The one face of a stack's control plane, whichever dialect it speaks.

The reconciler of PrismNamespaces asks this. The proxies are asked first, for only they could enforce a limit; where
they do not know the quota service, the admins are. What was found is kept until somebody does not know it any more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TypeVar

from kubectl_prism.proxy import quotas
from kubectl_prism.proxy.control_plane import Admins
from kubectl_prism.proxy.endpoint import Endpoint, Reach
from kubectl_prism.proxy.errors import Away, WrongService
from kubectl_prism.proxy.tenant import Provisioned, Released, Tenant, Usage
from kubectl_prism.proxy.wire import Lines

T = TypeVar("T")


class ControlPlane:
    """The control plane of one stack, to which its proxies are known as `proxy` at `address`.

    `tells_usage` says whether the other side was found to tell what is used.
    """

    def __init__(self, *, proxy: str, address: str) -> None:
        self._lines = Lines()
        self._admins = Admins(self._lines, proxy=proxy, address=address)
        self._has_quotas: bool | None = None

    @property
    def tells_usage(self) -> bool:
        """Whether the other side was found to tell what is used."""
        return self._has_quotas is True

    async def connect(self, reach: Reach) -> None:
        """Have a connection to the proxies, and ask nothing; Away where there is none to be had."""
        await self._lines.connect(_proxy(reach))

    async def provision(self, reach: Reach, tenant: Tenant) -> Provisioned:
        """Make the other side hold exactly this of the tenant; repeating it changes nothing."""
        return await self._ask(
            reach,
            lambda proxy: quotas.provision(self._lines, proxy, tenant),
            lambda: self._admins.provision(reach.admins, tenant),
        )

    async def release(self, reach: Reach, tenant: Tenant) -> Released:
        """Make the other side forget the tenant, as far as it can; repeating it changes nothing."""
        return await self._ask(
            reach,
            lambda proxy: quotas.release(self._lines, proxy, tenant),
            lambda: self._admins.release(reach.admins, tenant),
        )

    def usages(self, reach: Reach, *, interval: float) -> AsyncIterator[Mapping[str, Usage]]:
        """Yield what is used, by tenant: first of all of them, then of those that changed."""
        return quotas.usages(self._lines, _proxy(reach), interval=interval)

    async def drop(self, endpoint: str) -> None:
        """Close the connection to the endpoint of this name, which is gone."""
        await self._lines.drop(endpoint)

    async def close(self) -> None:
        """Close every connection."""
        await self._lines.close()

    async def _ask(
        self, reach: Reach, proxies: Callable[[Endpoint], Awaitable[T]], admins: Callable[[], Awaitable[T]]
    ) -> T:
        """Ask in the dialect that is spoken here, and find out which that is where it is not known."""
        if self._has_quotas is not False:
            try:
                answer = await proxies(_proxy(reach))
            except WrongService:
                self._has_quotas = False
            else:
                self._has_quotas = True
                return answer
        try:
            return await admins()
        except WrongService as error:
            self._has_quotas = None
            raise WrongService("neither the proxies nor the admins speak a protocol for namespaces") from error


def _proxy(reach: Reach) -> Endpoint:
    if reach.proxy is None:
        raise Away("no proxy is ready")
    return reach.proxy
