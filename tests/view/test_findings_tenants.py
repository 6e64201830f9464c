"""Namespaces near a quota or their end."""

from __future__ import annotations

from typing import Any

import pytest

from kubectl_prism.model.meta import Manifest
from kubectl_prism.view.health import Severity
from tests.view.objects import conditions, named
from tests.view.scenes import STACK, event, found, only, seen

QUOTAS = {"maxKeys": 1000, "maxConnections": 10, "rateLimit": {"requestsPerSecond": 100}}


def tenant(*, owner: Manifest | None = None, used: Manifest | None = None, **spec: Any) -> Manifest:  # noqa: ANN401
    status = {**conditions(), "metrics": used or {}}
    return named(
        "PrismNamespace", "acme", owner=owner, spec={"proxyRef": {"name": "demo-proxy"}, **spec}, status=status
    )


@pytest.mark.parametrize(
    ("used", "code", "severity", "title"),
    [
        (
            {"currentKeys": 812},
            "PRISM707",
            Severity.WAITING,
            "PrismNamespace shop/acme has nearly spent its quota of keys",
        ),
        (
            {"currentKeys": 812, "requestRate": 130.5},
            "PRISM708",
            Severity.BAD,
            "PrismNamespace shop/acme has spent its quota of keys and requests per second",
        ),
    ],
)
def test_quotas_that_are_nearly_or_wholly_spent_are_one_finding(
    used: Manifest, code: str, severity: Severity, title: str
) -> None:
    """Use and limit are told; how much more there is to be, a person decides."""
    one = only(seen(namespaces=(tenant(used=used, quotas=QUOTAS),)))
    assert (one.code, one.severity, one.title, one.change) == (code, severity, title, None)
    assert one.command == "kubectl prism namespaces describe acme -n shop"
    assert "keys 812 of 1000" in one.evidence[0]


@pytest.mark.parametrize("used", [{"currentKeys": 799}, {"currentKeys": "all"}, {}])
def test_room_that_is_left_or_unknown_is_no_finding(used: Manifest) -> None:
    """Nothing is claimed that nobody reported."""
    assert found(seen(namespaces=(tenant(used=used, quotas=QUOTAS),))) == []


def test_an_end_that_comes_soon_is_told_with_how_soon() -> None:
    """For the last tenth of the ttl, and the last hour at most."""
    one = only(seen(namespaces=(tenant(ttl="190s"),)))
    assert (one.code, one.title) == ("PRISM709", "PrismNamespace shop/acme expires in 10s")
    assert found(seen(namespaces=(tenant(ttl="300s"),))) == []


def test_a_namespace_that_is_over_can_be_deleted_unless_its_stack_makes_it_anew() -> None:
    """What is its stack's goes with the stack's spec."""
    status = conditions("False", reason="Expired", message="its ttl of 1m is over", stalled="True")
    one = only(seen(namespaces=({**tenant(ttl="1m"), "status": status},)))
    assert (one.code, one.command) == ("PRISM710", "kubectl delete prismnamespace acme -n shop")
    one = only(seen(namespaces=(tenant(ttl="1m", owner=STACK),)))
    assert (one.change, one.command) == (None, "kubectl edit prismstack demo -n shop")


@pytest.mark.parametrize("ttl", ["99999999999999h", "1.2.3h", "soon", 5, None])
def test_no_ttl_is_too_odd(ttl: object) -> None:
    """Thousands of years are as good as for ever, and what is no duration ends nothing."""
    assert found(seen(namespaces=(tenant(ttl=ttl),))) == []


def test_what_may_remain_on_the_other_side_is_told() -> None:
    """The object is gone, and its Event says what was not released."""
    events = (event("PrismNamespace", "old", "NotReleased", "no answer for 120 s: what it holds remains there"),)
    one = only(seen(), events=events)
    assert (one.code, one.ref.name) == ("PRISM711", "old")
    assert one.evidence[0].endswith("what it holds remains there")
