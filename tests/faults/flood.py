"""A crowd of clients that keep an API server busy, and the level of priority that they share with the operator.

The server sheds load as it does for everybody who is not its administrator: 429, plain text, Retry-After. What the
crowd asks for keeps a seat taken and costs the server nothing: a list of a version that is long in coming.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import yaml

from tests.cluster import Cluster
from tests.faults.replica import ACCOUNT, HOME
from tests.reconcile.kinds.world import eventually, kubectl

FLAGS = {
    "enable-priority-and-fairness": "true",
    "max-requests-inflight": "6",
    "max-mutating-requests-inflight": "10",
}
"""Of the API server: sixteen seats."""
CROWD = "crowd"
SHARES = 1000
"""Of the seats, next to which nobody else's count."""
A_SECOND = 8.0
"""How many of the crowd come in a second; each keeps its seat for three, so that every second one is refused."""
FLOODED = 20
"""How many have been turned away when the flood has risen."""
ENDS_WITHIN = 30.0


def level(cluster: Cluster) -> str:
    """Make the crowd's ServiceAccount and the level that it shares with the operator; return its token."""
    api = "flowcontrol.apiserver.k8s.io/v1"
    limited = {"nominalConcurrencyShares": SHARES, "limitResponse": {"type": "Reject"}}
    subjects = [
        {"kind": "ServiceAccount", "serviceAccount": {"name": name, "namespace": HOME}} for name in (ACCOUNT, CROWD)
    ]
    everything = [
        {
            "subjects": subjects,
            "resourceRules": [
                {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": True}
            ],
        }
    ]
    rights = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    manifests = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": CROWD, "namespace": HOME}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": CROWD},
            "subjects": [{"kind": "ServiceAccount", "name": CROWD, "namespace": HOME}],
            "roleRef": rights,
        },
        {
            "apiVersion": api,
            "kind": "PriorityLevelConfiguration",
            "metadata": {"name": CROWD},
            "spec": {"type": "Limited", "limited": limited},
        },
        {
            "apiVersion": api,
            "kind": "FlowSchema",
            "metadata": {"name": CROWD},
            "spec": {
                "priorityLevelConfiguration": {"name": CROWD},
                "matchingPrecedence": 1000,
                "distinguisherMethod": {"type": "ByUser"},
                "rules": everything,
            },
        },
    ]
    kubectl(cluster, "apply", "--server-side", "-f", "-", given=yaml.safe_dump_all(manifests))
    return kubectl(cluster, "create", "token", CROWD, f"--namespace={HOME}", "--duration=24h").strip()


class Flood:
    """The crowd; `answers` counts what it was told, such as `429 text/plain`."""

    def __init__(self, server: str, certificates: Path, token: str) -> None:
        self.answers: Counter[str] = Counter()
        self._url = f"{server}/api/v1/namespaces/default/configmaps"
        self._certificates = certificates
        self._token = token

    @contextmanager
    def rises(self) -> Iterator[None]:
        """Keep the server busy."""
        over = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._main(over)), name="flood")
        before = self.refused
        thread.start()
        try:
            eventually(lambda: self.refused > before + FLOODED)
            yield
        finally:
            over.set()
            thread.join(ENDS_WITHIN)
        assert not thread.is_alive(), "the flood does not end"

    @property
    def refused(self) -> int:
        """How many requests were turned away so far."""
        return sum(times for answer, times in self.answers.items() if answer.startswith("429"))

    async def _main(self, over: threading.Event) -> None:
        trusted = ssl.create_default_context(cafile=str(self._certificates / "ca.crt"))
        headers = {"Authorization": f"Bearer {self._token}"}
        connector = aiohttp.TCPConnector(limit=0, ssl=trusted)
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session, asyncio.TaskGroup() as group:
            while not over.is_set():
                group.create_task(self._ask(session))
                await asyncio.sleep(random.expovariate(A_SECOND))
        await asyncio.sleep(0.1)  # closed TLS connections say goodbye on the loop's next turns

    async def _ask(self, session: aiohttp.ClientSession) -> None:
        query = {"resourceVersion": str(10**12), "resourceVersionMatch": "NotOlderThan"}
        async with session.get(self._url, params=query) as answer:
            await answer.read()
            self.answers[f"{answer.status} {answer.content_type}"] += 1
