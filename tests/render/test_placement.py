"""Placement: what the user writes wins, field by field; a strategy fills the rest."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from kubernetes.utils.quantity import parse_quantity

from kubectl_prism.model.placement import Placement
from kubectl_prism.model.scheduling import Affinity, Resources
from kubectl_prism.model.stack import Stack
from kubectl_prism.render import admin, labels, proxy
from kubectl_prism.render.placement import Placed, pod_fields, resources
from kubectl_prism.render.quantity import amount
from tests.render.conftest import case

NEAR_REDIS: dict[str, Any] = {
    "podAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "redis"}}}
        ]
    }
}


def placed(placement: dict[str, Any] | None, *, affinity: dict[str, Any] | None = None) -> Placed:
    """Return proxies with a placement."""
    return Placed(
        component=labels.PROXY,
        selector={"stack": "s", "component": labels.PROXY},
        placement=None if placement is None else Placement.model_validate(placement),
        affinity=None if affinity is None else Affinity.model_validate(affinity),
    )


def test_no_placement_says_nothing() -> None:
    """Without a placement a pod runs wherever the scheduler likes."""
    assert pod_fields(placed(None)) == {}


def test_a_written_field_wins_over_the_strategy() -> None:
    """A written node selector replaces the strategy's; the toleration, left out, is filled in."""
    fields = pod_fields(placed({"strategy": "DedicatedNodes", "nodeSelector": {"instance-type": "c5.4xlarge"}}))
    assert fields == {
        "nodeSelector": {"instance-type": "c5.4xlarge"},
        "tolerations": [{"key": "dedicated", "operator": "Equal", "value": "prism-proxy", "effect": "NoSchedule"}],
    }


def test_an_empty_field_wins_too() -> None:
    """An empty list is written, not left out: the strategy adds nothing to it."""
    assert pod_fields(placed({"strategy": "MultiZone", "topologySpreadConstraints": []})) == {}


def test_a_named_node_is_left_alone() -> None:
    """With nodeName no strategy adds what that node might refuse the pod for."""
    fields = pod_fields(placed({"strategy": "CostOptimized", "nodeName": "node-1"}))
    assert fields == {"nodeName": "node-1"}


def test_the_stacks_affinity_is_for_placements_without_one() -> None:
    """The stack's affinity counts where the placement has none, also against a strategy's preference."""
    own: dict[str, Any] = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}
    assert pod_fields(placed(None, affinity=NEAR_REDIS))["affinity"] == NEAR_REDIS
    assert pod_fields(placed({"strategy": "PatternSpecific"}, affinity=NEAR_REDIS))["affinity"] == NEAR_REDIS
    assert pod_fields(placed({"affinity": own}, affinity=NEAR_REDIS))["affinity"] == own


def test_the_stacks_affinity_reaches_proxies_and_admins_only_where_they_have_none() -> None:
    """In the production case the proxies keep their own affinity and the admins take the stack's."""
    stack = Stack.model_validate(case("production"))
    assert stack.spec.affinity is not None
    assert stack.spec.proxy.placement is not None
    assert stack.spec.proxy.placement.affinity is not None
    own = stack.spec.proxy.placement.affinity.manifest()
    assert proxy.deployment(stack)["spec"]["template"]["spec"]["affinity"] == own
    assert admin.deployment(stack)["spec"]["template"]["spec"]["affinity"] == stack.spec.affinity.manifest()


def test_the_placements_resources_win() -> None:
    """`placement.resources` replaces `resources` beside it, whole."""
    beside = Resources(requests={"cpu": 1}, limits={"cpu": 2})
    own = Placed(
        component=labels.PROXY,
        selector={},
        placement=Placement(resources=Resources(requests={"memory": "1Gi"})),
        resources=beside,
    )
    without = Placed(component=labels.PROXY, selector={}, placement=Placement(), resources=beside)
    assert resources(own) == {"requests": {"memory": "1Gi"}}
    assert resources(without) == {"requests": {"cpu": 1}, "limits": {"cpu": 2}}


@pytest.mark.parametrize(
    ("cpu", "memory", "preferred"),
    [
        ("1000m", "8Gi", "memory-optimized"),
        ("4", "2Gi", "cpu-optimized"),
        ("500m", "1Gi", None),
        ("1", "4Gi", None),
        ("1", None, None),
        ("0", "1Gi", None),
    ],
)
def test_a_pattern_prefers_nodes_that_suit_it(cpu: str, memory: str | None, preferred: str | None) -> None:
    """PatternSpecific prefers a pool by memory for each core; in between, or unknown, it prefers none."""
    asked = {"cpu": cpu} | ({"memory": memory} if memory else {})
    placement = Placement.model_validate({"strategy": "PatternSpecific", "resources": {"limits": asked}})
    fields = pod_fields(Placed(component=labels.PATTERN, selector={}, placement=placement))
    if preferred is None:
        assert fields == {}
    else:
        (found,) = fields["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
        assert found["preference"]["matchExpressions"][0]["key"] == preferred


@pytest.mark.parametrize("quantity", ["1", "500m", "1.5", ".5", "8Gi", "1e3", "2E", "100n", "3k", "1Ki", "12E-1"])
def test_a_quantity_is_what_the_official_client_reads(quantity: str) -> None:
    """Quantities have the value that the official client gives them."""
    assert amount(quantity) == _official(quantity)


def _official(quantity: str) -> Decimal:
    found: Decimal = parse_quantity(quantity)
    return found


def test_what_is_no_quantity_has_no_amount() -> None:
    """Text that is no quantity has no amount: the API server is the one to refuse it."""
    assert amount("much") is None
    assert amount(None) is None
