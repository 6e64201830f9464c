"""Each CEL rule refuses what it is for, at the field it is about, in its own words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from kubectl_prism.model.documents import MODELS
from kubectl_prism.model.meta import API_VERSION
from kubectl_prism.model.schema import Rule, Schema
from tests.model.served import Served


def _obj(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": "tried"}, "spec": spec}


def _scaled(**autoscaling: object) -> dict[str, Any]:
    scaling = {"enabled": True, "maxReplicas": 5} | autoscaling
    return _obj("PrismPattern", {"pattern": "keyvalue", "backend": "memstore", "autoscaling": scaling})


def _elected(**election: str) -> dict[str, Any]:
    return _obj("PrismStack", {"admin": {"leaderElection": election}})


_TWICE_NAMED = {
    "patterns": [{"name": "same", "type": "keyvalue", "backend": "redis"}],
    "backends": [{"name": "same", "type": "cache"}],
}
_BOTH = {"name": "b", "type": "cache", "connectionString": "redis://r", "secretRef": {"name": "s"}}
_CONNECTED = {"type": "cache", "connection": {"url": "redis://r", "secretRef": {"name": "s"}}}

REFUSED = {
    "spec.autoscaling.maxReplicas: maxReplicas must be at least minReplicas": _scaled(minReplicas=6),
    "spec.autoscaling.maxReplicas: autoscaling needs maxReplicas": _obj(
        "PrismPattern", {"pattern": "keyvalue", "backend": "memstore", "autoscaling": {"enabled": True}}
    ),
    "spec.autoscaling.minReplicas: minReplicas 0 needs scaler keda: a HorizontalPodAutoscaler cannot scale to zero": (
        _scaled(minReplicas=0)
    ),
    "spec.autoscaling.triggers: scaler keda needs at least one trigger": _scaled(scaler="keda"),
    "spec.connection.url: give the connection either as url or by secretRef, not both": _obj(
        "PrismBackend", _CONNECTED
    ),
    "spec.backends[0].connectionString: give the connection either as connectionString or by secretRef, not both": (
        _obj("PrismStack", {"backends": [_BOTH]})
    ),
    "spec.admin.leaderElection.renewDeadline: renewDeadline must be shorter than leaseDuration": _elected(
        leaseDuration="10s"
    ),
    "spec.admin.leaderElection.retryPeriod: retryPeriod must be shorter than renewDeadline": _elected(
        retryPeriod="10s"
    ),
    "spec.controlPlane.tokenRef: a token would be sent in clear text: set tls.enabled too": _obj(
        "PrismStack", {"controlPlane": {"tokenRef": {"name": "s"}}}
    ),
    "spec.patterns: a pattern and a backend of one stack cannot have the same name": _obj("PrismStack", _TWICE_NAMED),
}

_ID = {"name": "t", "namespaceId": "first"}
_TENANT = _obj("PrismNamespace", {"namespaceId": "first", "proxyRef": {"name": "p", "namespace": "first"}})
FIXED = {
    "spec.namespaceId: namespaceId cannot change: make a new PrismNamespace instead": (
        _TENANT,
        "/spec/namespaceId",
    ),
    "spec.proxyRef: proxyRef cannot change: make a new PrismNamespace instead": (_TENANT, "/spec/proxyRef/namespace"),
    "spec.namespaces[0].namespaceId: namespaceId cannot change: add a namespace under another name instead": (
        _obj("PrismStack", {"namespaces": [_ID]}),
        "/spec/namespaces/0/namespaceId",
    ),
}


def _says(said: str, message: str) -> bool:
    """Tell whether the server said the rule's own words about the right field."""
    field, _, words = message.partition(": ")
    return f"{field}: Invalid value: {words}" in said


@pytest.mark.parametrize("message", REFUSED)
def test_the_server_refuses(served: Served, message: str) -> None:
    """The server names the field and says the rule's own words."""
    assert _says(served.refusal(REFUSED[message]), message)


@pytest.mark.parametrize("message", FIXED)
def test_the_server_refuses_a_change(served: Served, namespace: str, message: str) -> None:
    """What stands for a tenant on the proxy cannot be swapped under it, nor dropped; the same again is fine."""
    obj, path = FIXED[message]
    where = ["-n", namespace]
    served.said("create", "-f=-", *where, stdin=json.dumps(obj))
    for operation in ({"op": "replace", "path": path, "value": "second"}, {"op": "remove", "path": path}):
        done = served.kubectl("patch", obj["kind"], "tried", "--type=json", "-p", json.dumps([operation]), *where)
        assert _says(done.stderr, message)
    served.said("annotate", obj["kind"], "tried", "seen=true", *where)


def _rules(annotation: Any) -> Iterator[Rule]:  # noqa: ANN401  # any type there is
    if isinstance(annotation, type) and issubclass(annotation, Schema):
        yield from annotation.rules
        for field in annotation.model_fields.values():
            yield from _rules(field.annotation)
    for part in get_args(annotation):
        yield from _rules(part)


def test_every_rule_has_its_case() -> None:
    """No rule of any model goes without a refusal above."""
    shown = " ".join([*REFUSED, *FIXED])
    rules = {rule for model in MODELS.values() for rule in _rules(model)}
    silent = [rule.message for rule in rules if rule.message.partition(": each owns")[0] not in shown]
    assert (len(rules), silent) == (len(REFUSED) + len(FIXED), [])
