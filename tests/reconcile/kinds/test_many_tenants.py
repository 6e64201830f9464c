"""Many namespaces on one proxy: what each costs, and that they cost nothing while they rest."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from kubectl_prism.reconcile.namespace import SYNC
from tests.reconcile.kinds.doubles import Doubles
from tests.reconcile.kinds.process import Operator
from tests.reconcile.kinds.world import World, conditions, eventually, fingerprint, is_ready

TENANTS = int(os.environ.get("PRISM_TENANTS", "100"))
"""How many there are; costs are of each, and a thousand take minutes to make and to remove."""


@pytest.mark.timeout(600)
def test_tenants_at_rest_cost_nothing(bare: World, tmp_path: Path) -> None:
    """Each is Active after at most three calls; then neither the API server is written to nor the proxy asked."""
    (folder := tmp_path / "operator").mkdir()
    with Doubles() as doubles, Operator(bare.cluster, namespace=bare.namespace, folder=folder) as operator:
        bare.stack("dev")
        bare.ready("PrismStack", "dev")
        doubles.stand_in(bare, "prism-proxy", 9090, doubles.proxy(tmp_path / "proxy"))
        for number in range(TENANTS):
            spec = {"proxyRef": {"name": "dev-proxy"}, "quotas": {"maxKeys": 10}}
            bare.create("PrismNamespace", f"tenant-{number}", spec=spec)
        eventually(lambda: all(is_ready(one) for one in bare.all("PrismNamespace")))
        assert {conditions(one)["QuotasEnforced"] for one in bare.all("PrismNamespace")} == {"True QuotasApplied"}
        assert TENANTS <= doubles.calls.total() <= 3 * TENANTS
        assert operator.writes() <= 3 * TENANTS + 25  # a finalizer, a status, an Event each, and the stack's

        def spent() -> tuple[float, int]:
            return operator.writes(), doubles.calls.total()

        def settled() -> tuple[float, int] | None:
            before = spent()
            time.sleep(2)  # an Event that is still to be written is written by then
            return before if spent() == before else None

        before, known = eventually(settled, within=120), fingerprint(bare)
        time.sleep(1.5 * SYNC)
        assert spent() == before
        assert fingerprint(bare) == known
