"""What a PrismNamespace means for its proxies, and how much the conditions claim of what they answered."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from kubectl_prism.model.documents import load_as
from kubectl_prism.model.meta import API_VERSION, Key, Manifest
from kubectl_prism.model.namespace import Namespace
from kubectl_prism.model.stack import Stack
from kubectl_prism.proxy.tenant import Limits, Provisioned, Usage
from kubectl_prism.reconcile import tenants
from kubectl_prism.reconcile.claims import Claims, Standing, stack
from kubectl_prism.store import Store

QUOTAS = {"maxKeys": 100, "maxConnections": 10, "rateLimit": {"requestsPerSecond": 50, "burstSize": 80}}
ALL = frozenset({"maxKeys", "maxConnections", "rateLimit"})


def obj(name: str = "acme", *, kind: str = "PrismNamespace", status: Any = None, **spec: Any) -> Manifest:  # noqa: ANN401
    wanted = {"proxyRef": {"name": "dev-proxy"}, **spec} if kind == "PrismNamespace" else spec
    metadata = {
        "name": name,
        "namespace": "shop",
        "uid": f"uid-{name}",
        "resourceVersion": "1",
        "creationTimestamp": "2026-11-28T11:00:00Z",
    }
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": wanted, "status": status or {}}


def later(found: Manifest, *, minutes: int = 1) -> Manifest:
    """Return the same object, created so many minutes later."""
    return changed(found, creationTimestamp=f"2026-11-28T11:{minutes:02}:00Z")


def changed(found: Manifest, **metadata: str) -> Manifest:
    """Return the next version of an object."""
    version = str(int(found["metadata"]["resourceVersion"]) + 1)
    return {**found, "metadata": {**found["metadata"], "resourceVersion": version, **metadata}}


def told(store: Store | None = None, **spec: Any) -> Any:  # noqa: ANN401 - JSON
    dev = load_as(Stack, obj("dev", kind="PrismStack"))
    return tenants.tenant(load_as(Namespace, obj(**spec)), dev, store or Store())


def test_the_whole_spec_is_told() -> None:
    """Limits, tags, who may use it, and when it ends."""
    auth = {"oidcIssuer": "https://id.example.com", "oidcClientId": "prism", "serviceAccounts": ["default/app"]}
    found = told(namespaceId="acme-prod", displayName="Acme", quotas=QUOTAS, tags={"a": "b"}, ttl="24h", auth=auth)
    assert (found.id, found.owner, found.display_name) == ("acme-prod", "uid-acme", "Acme")
    assert found.limits == Limits(100, 10, 50, 80)
    assert (dict(found.tags), found.ttl) == ({"a": "b"}, "24h")
    assert (found.auth.oidc_issuer, found.auth.service_accounts) == ("https://id.example.com", ("default/app",))


def test_patterns_are_told_as_their_objects_have_them() -> None:
    """Type, settings and backend are those of the stack's patterns; one that is not there is told by its name."""
    store = Store()
    spec = {"pattern": "keyvalue", "backend": "redis", "config": {"ttl": 300}}
    store.put("PrismPattern", obj("cache", kind="PrismPattern", **spec))
    found = told(store, patterns=["cache", "none"])
    assert (found.patterns["cache"].type, dict(found.patterns["cache"].settings)) == ("keyvalue", {"ttl": "300"})
    assert found.patterns["none"].type == "none"
    assert [*found.backends] == ["redis"]
    assert found.backends["redis"].url == ""


@pytest.mark.parametrize(
    ("limits", "enforced", "said"),
    [
        (Limits(), ALL, ("True", "NoQuotas")),
        (Limits(max_keys=1), None, ("Unknown", "NotReported")),
        (Limits(max_keys=1), frozenset({"maxKeys"}), ("True", "QuotasApplied")),
        (Limits(max_keys=1, requests_per_second=1), frozenset({"maxKeys"}), ("False", "NotEnforced")),
    ],
)
def test_no_more_is_claimed_than_was_said(
    limits: Limits, enforced: frozenset[str] | None, said: tuple[str, str]
) -> None:
    """A quota is enforced only where the other side says so of each that the spec sets."""
    mark = tenants.enforced(Provisioned("a proxy", "", enforced), limits)
    assert (mark.status, mark.reason) == said


def test_while_nobody_answers_nothing_is_claimed() -> None:
    """Provisioned and QuotasEnforced are Unknown, whether time or a person must help."""
    for marks in (tenants.waiting("ProxyNotReady", "no pod"), tenants.stalled("NamespaceIdTaken", "taken")):
        found = {mark.type: mark.status for mark in marks}
        assert (found["Provisioned"], found["QuotasEnforced"], found["Ready"]) == ("Unknown", "Unknown", "False")


def test_use_is_told_without_noise() -> None:
    """A rate has one decimal: more would change a status that says the same."""
    found = tenants.metrics(Usage(3, 2, 12.3456))
    assert found == {"currentKeys": 3, "currentConnections": 2, "requestRate": 12.3}
    assert tenants.metrics(None) is None


@pytest.mark.parametrize(
    ("ttl", "ends", "warned"),
    [(None, None, 0.0), ("90s", "2026-11-28T11:01:30+00:00", 9.0), ("720h", "2026-12-28T11:00:00+00:00", 3600.0)],
)
def test_a_ttl_counts_from_the_creation(ttl: str | None, ends: str | None, warned: float) -> None:
    """It is told when a tenth is left, an hour at most."""
    found = load_as(Namespace, obj(ttl=ttl))
    expires = tenants.expires(found)
    assert expires == (None if ends is None else datetime.datetime.fromisoformat(ends))
    assert tenants.warns(found) == pytest.approx(warned)


def test_an_identifier_belongs_to_the_oldest() -> None:
    """The older has it; of one second, whom the proxies took, then the smaller uid; who was turned away is no rival."""
    store = Store()
    claims = Claims(store)
    first, second = obj("b-first"), obj("a-second")
    for one in (first, second):
        one["spec"]["namespaceId"] = "shared"
        store.put("PrismNamespace", one)
    known: dict[str, Standing] = {}

    def standing(one: Manifest) -> Standing:
        return known.get(one["metadata"]["name"], "waiting")

    assert (claims.winner(first, standing), claims.winner(second, standing)) == (second, None)
    known["b-first"] = "held"
    assert (claims.winner(first, standing), claims.winner(second, standing)) == (None, first)
    known |= {"b-first": "waiting", "a-second": "turned away"}
    assert claims.winner(first, standing) is None
    store.put("PrismNamespace", later(first, minutes=5))
    assert claims.winner(second, standing) is None


@pytest.mark.parametrize(
    "over", [{"status": {"phase": "Expired"}}, {"deletionTimestamp": "2026-11-28T12:00:00Z"}, {"spec": "elsewhere"}]
)
def test_who_is_over_or_elsewhere_claims_nothing(over: dict[str, Any]) -> None:
    """An expired or deleted namespace, and one on other proxies, keeps the name from nobody."""
    store = Store()
    claims = Claims(store)
    older, younger = obj("older", namespaceId="shared"), later(obj("younger", namespaceId="shared"))
    if "status" in over:
        older["status"] = over["status"]
    elif "spec" in over:
        older["spec"]["proxyRef"] = {"name": "other-proxy"}
    else:
        older["metadata"]["deletionTimestamp"] = over["deletionTimestamp"]
    for one in (older, younger):
        store.put("PrismNamespace", one)
    assert claims.winner(younger, lambda _one: "waiting") is None


def test_the_stack_is_found_by_the_name_of_its_proxies() -> None:
    """In the namespace that proxyRef names, or in the object's own; one that goes is none."""
    store = Store()
    dev = obj("dev", kind="PrismStack")
    store.put("PrismStack", dev)
    found = stack(store, obj())
    assert found is not None
    assert found.metadata.name == "dev"
    assert stack(store, obj(proxyRef={"name": "dev-proxy", "namespace": "other"})) is None
    assert tenants.proxy(obj(proxyRef={"name": "x", "namespace": "other"})) == Key("other", "x")
    store.put("PrismStack", changed(dev, deletionTimestamp="2026-11-28T12:00:00Z"))
    assert stack(store, obj()) is None
