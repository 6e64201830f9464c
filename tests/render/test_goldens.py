"""Whole manifests: what each case leads to, compared with what a person has read and approved."""

from __future__ import annotations

import pytest

from kubectl_prism.model.backend import Backend
from kubectl_prism.model.pattern import Pattern
from kubectl_prism.model.placement import Placement, Strategy
from kubectl_prism.model.scheduling import Resources
from kubectl_prism.model.stack import Stack
from kubectl_prism.render import backend, everything, labels, operator, pattern
from kubectl_prism.render.backend import ConnectionValues
from kubectl_prism.render.labels import owning_stack
from kubectl_prism.render.placement import Placed, pod_fields
from tests.render.conftest import Golden, case

VALUES = ConnectionValues(
    url="nats://nats:4222",
    username="prism",
    password="hunter2",
    tls={"ca.crt": b"an authority", "tls.crt": "a certificate", "tls.key": "a key"},
)


@pytest.mark.parametrize("name", ["empty", "quickstart", "whole", "production"])
def test_a_stack_leads_to_exactly_these_objects(name: str, golden: Golden) -> None:
    """A stack leads to exactly the objects of its golden, those of its patterns and backends included."""
    golden(name, everything(Stack.model_validate(case(name))))


@pytest.mark.parametrize("name", ["pattern-hpa", "pattern-keda"])
def test_a_pattern_leads_to_exactly_these_objects(name: str, golden: Golden) -> None:
    """A pattern with an autoscaler leads to exactly the objects of its golden."""
    golden(name, pattern.objects(Pattern.model_validate(case(name))))


def test_a_pattern_with_secret_settings_and_a_connection(golden: Golden) -> None:
    """Secret settings stand in a Secret, the file with them; certificates are mounted and in no variable."""
    runner = Pattern.model_validate(case("pattern-secret"))
    connection = backend.connection(*backend.objects(Backend.model_validate(case("backend")), VALUES))
    golden("pattern-secret", pattern.objects(runner, connection=connection, stack=owning_stack(runner.metadata)))


def test_a_backend_leads_to_a_config_map_and_a_secret(golden: Golden) -> None:
    """A backend's ConfigMap says what it is; URL, user, password and certificates stand in its Secret."""
    golden("backend", backend.objects(Backend.model_validate(case("backend")), VALUES))


def test_each_strategy_places_pods_like_this(golden: Golden) -> None:
    """Each strategy, alone, fills in exactly these fields of a pod."""

    def fields(strategy: Strategy) -> object:
        placed = Placed(
            component=labels.PROXY,
            selector=labels.stack_selector("prism-dev", labels.PROXY),
            placement=Placement(strategy=strategy),
            resources=Resources(requests={"cpu": 1, "memory": "8Gi"}),
        )
        return {strategy.value: pod_fields(placed)}

    golden("strategies", [fields(strategy) for strategy in Strategy])


def test_the_reconciler_may_do_exactly_this(golden: Golden) -> None:
    """The reconciler's rules are exactly those of the golden."""
    golden("operator-rules", operator.rules())
