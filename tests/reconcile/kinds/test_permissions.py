"""What the reconciler asks of a real API server, against what `render.operator.rules` grants: no more, and no less.

It lives one whole life in each scope, as a ServiceAccount with nothing but those rules, behind a proxy that remembers
what it asks: with a ClusterRole over all namespaces, and with a Role over one.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from kubernetes.client import ApiextensionsV1Api
from kubernetes.dynamic import DynamicClient

from kubectl_prism.model.meta import FIELD_MANAGER, Manifest
from kubectl_prism.render.operator import rules
from tests.cluster import Cluster
from tests.faults.plan import Asked, Refuse, Rule
from tests.faults.proxy import Proxy
from tests.reconcile.kinds.process import Operator
from tests.reconcile.kinds.test_parity import HPA, KEDA, OFF, installed_keda
from tests.reconcile.kinds.world import World, eventually

ROLES = {"all namespaces": "ClusterRole", "one namespace": "Role"}
"""The scopes of a reconciler, and the kind of role that each needs."""

ACCOUNT = "prism-operator"
MANAGED_BY = "app.kubernetes.io/managed-by"

INSIDE = {"PRISM_FAULTS_INSIDE": "1"}
"""The rules are for an operator in the cluster, which reaches proxies without the API server."""

CONFLICT = json.dumps({"kind": "Status", "status": "Failure", "code": 409, "reason": "Conflict", "message": "no"})
OLDER_SERVER = Rule(Refuse(422), verb=("watch",), listing=True, count=None)
"""Knows no streamed lists, as API servers before 1.34."""
UNLUCKY_STATUS = Rule(Refuse(409, CONFLICT), verb=("patch",), resource=("prismstacks",))
"""Refuses a status once, upon which the reconciler looks whether its object is still there."""

PATTERNS: dict[str, Manifest] = {
    "scaled": {"autoscaling": HPA, "config": {"password": "hunter2"}},
    "triggered": {"autoscaling": KEDA},
    "passing": {},
}
WHOLE: Manifest = {
    "proxy": {"replicas": 2},
    "admin": {"replicas": 3, "leaderElection": {"enabled": True}},
    "patterns": [{"name": name, "type": "keyvalue", "backend": "store", **more} for name, more in PATTERNS.items()],
    "backends": [{"name": "store", "type": "cache", "secretRef": {"name": "login"}, "healthCheck": {"enabled": False}}],
    "namespaces": [{"name": "team"}],
}
CHILDREN = {
    "ConfigMap": "scaled",
    "Secret": "scaled",
    "Service": "scaled",
    "Deployment": "scaled",
    "HorizontalPodAutoscaler": "scaled",
    "ScaledObject": "triggered",
    "PodDisruptionBudget": "scaled",
    "ServiceAccount": "whole-admin",
    "Role": "whole-admin",
    "RoleBinding": "whole-admin",
    "PrismPattern": "passing",
    "PrismBackend": "store",
    "PrismNamespace": "team",
}
"""One object of every kind that the reconciler makes."""


class Right(NamedTuple):
    """A verb on a resource, or on a subresource as `pods/log`."""

    verb: str
    group: str
    resource: str


UNSEEN = {
    Right("update", "prism.io", f"{plural}/finalizers") for plural in ("prismbackends", "prismpatterns", "prismstacks")
}
"""Rights that no request shows: API servers with the admission plugin OwnerReferencesPermissionEnforcement look whether
who writes an ownerReference with blockOwnerDeletion has this right on the owner."""


class Life(NamedTuple):
    """What one reconciler asked for, and the Roles that it made for others."""

    asked: list[Asked]
    roles: list[Manifest]


def granted(policy: list[Manifest]) -> set[Right]:
    """Return every right in a list of PolicyRules."""
    return {
        Right(verb, group, resource)
        for rule in policy
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def used(asked: list[Asked]) -> set[Right]:
    """Return every right that requests need; the API server's version, say, is no resource and open to everyone."""
    return {
        Right(one.verb, one.group, f"{one.resource}/{one.subresource}" if one.subresource else one.resource)
        for one in asked
        if one.resource
    }


@pytest.fixture(scope="module")
def proxy(cluster: Cluster) -> Iterator[Proxy]:
    """Return what stands between the reconcilers and the API server, and remembers."""
    with Proxy(cluster.server, _certificates(cluster)) as found:
        yield found


@pytest.fixture(scope="module")
def lives(
    cluster: Cluster,
    dynamic: DynamicClient,
    official_api: Any,  # noqa: ANN401 - it ships no types
    proxy: Proxy,
    tmp_path_factory: pytest.TempPathFactory,
) -> Mapping[str, Life]:
    """Live a whole life in each scope, in a cluster that has KEDA's kind; the second on an older API server."""
    folder = tmp_path_factory.mktemp("permissions")
    found = {}
    with installed_keda(ApiextensionsV1Api(official_api)):
        for scope, trouble in zip(ROLES, (UNLUCKY_STATUS, OLDER_SERVER), strict=True):
            with _fresh(cluster, dynamic) as world, proxy.rules(trouble):
                found[scope] = _life(world, proxy, scope, folder)
    return found


@contextmanager
def _fresh(cluster: Cluster, dynamic: DynamicClient) -> Iterator[World]:
    world = World(dynamic, cluster, f"rights-{uuid.uuid4().hex[:8]}")
    world.create("Namespace", world.namespace)
    yield world
    world.delete("Namespace", world.namespace)


def _life(world: World, proxy: Proxy, scope: str, folder: Path) -> Life:
    """Let a reconciler make, change, mend, hand over and remove what there is to be made."""
    access = _account(world, proxy, ROLES[scope], folder)
    namespace = world.namespace if scope == "one namespace" else None
    world.secret("login", url="redis://store:6379", username="prism", password="hunter2")
    began = len(proxy.asked)
    with Operator(access, namespace=namespace, folder=folder, altered=INSIDE):
        world.stack("whole", **WHOLE)
        for kind, name in CHILDREN.items():
            eventually(partial(world.get, kind, name))
        _mended(world)
        _changed(world)
        roles = world.all("Role", f"{MANAGED_BY}={FIELD_MANAGER}")
        with Operator(access, namespace=namespace, folder=folder, options=["--steal"], altered=INSIDE) as thief:
            eventually(lambda: "holding the Lease" in thief.log.read_text())
            _emptied(world)
    return Life([one for one in proxy.asked[began:] if _is_about(one, world)], roles)


def _mended(world: World) -> None:
    """Take from each child the label by which it is seen, from the Service twice: an Event is then counted up."""
    for kind, name in [*CHILDREN.items(), ("Service", "scaled")]:
        world.patch(kind, name, {"metadata": {"labels": {MANAGED_BY: None}}})
        eventually(partial(_is_seen, world, kind, name))


def _is_seen(world: World, kind: str, name: str) -> bool:
    return MANAGED_BY in world.get(kind, name)["metadata"]["labels"]


def _changed(world: World) -> None:
    """Want something else of the children that are reconciled themselves."""
    patterns = [{**pattern, "image": "other:1"} for pattern in WHOLE["patterns"]]
    backends = [{**backend, "healthCheck": {"enabled": False, "timeout": "9s"}} for backend in WHOLE["backends"]]
    tenants = [{**tenant, "displayName": "Team"} for tenant in WHOLE["namespaces"]]
    world.specify("PrismStack", "whole", patterns=patterns, backends=backends, namespaces=tenants)
    eventually(lambda: world.get("PrismPattern", "passing")["spec"].get("image") == "other:1")
    eventually(lambda: world.get("PrismBackend", "store")["spec"]["healthCheck"].get("timeout") == "9s")
    eventually(lambda: world.get("PrismNamespace", "team")["spec"].get("displayName") == "Team")


def _emptied(world: World) -> None:
    """Want as little as can be, beside something that an earlier version called otherwise."""
    owner = world.get("PrismPattern", "scaled")
    labels, reference = {MANAGED_BY: FIELD_MANAGER}, _owned_by(owner)
    world.create("ConfigMap", "earlier", metadata={"labels": labels, "ownerReferences": [reference]})
    kept = [{"name": name, "type": "keyvalue", "backend": "memstore", "autoscaling": OFF} for name in PATTERNS]
    world.specify("PrismStack", "whole", admin={"enabled": False}, patterns=kept[:2], backends=None, namespaces=None)
    staying = {("ConfigMap", "scaled"), ("Service", "scaled"), ("Deployment", "scaled")}  # what is left of the pattern
    for kind, name in {*CHILDREN.items(), ("ConfigMap", "earlier")} - staying:
        world.gone(kind, name)


def _owned_by(owner: Manifest) -> Manifest:
    identity = {"name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
    return {"apiVersion": owner["apiVersion"], "kind": owner["kind"], **identity, "controller": True}


def _is_about(asked: Asked, world: World) -> bool:
    """Tell whether a request is of this life: other tests' namespaces go at the same time."""
    return asked.namespace in ("", "prism-system", world.namespace)


def _account(world: World, proxy: Proxy, role: str, folder: Path) -> Cluster:
    """Make a ServiceAccount with nothing but the rules; return the cluster as it reaches it."""
    rbac = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": world.namespace}}
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": world.namespace}
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": world.namespace}
    world.create("ServiceAccount", ACCOUNT)
    grants = [
        {**rbac, "kind": role, "rules": rules()},
        {**rbac, "kind": f"{role}Binding", "subjects": [subject], "roleRef": ref},
    ]
    world.kubectl("apply", "-f", "-", given=yaml.safe_dump_all(grants))
    trusted = {"server": proxy.address, "certificate-authority": str(_certificates(world.cluster) / "ca.crt")}
    token = world.kubectl("create", "token", ACCOUNT).strip()
    config = {
        "current-context": ACCOUNT,
        "clusters": [{"name": ACCOUNT, "cluster": trusted}],
        "users": [{"name": ACCOUNT, "user": {"token": token}}],
        "contexts": [{"name": ACCOUNT, "context": {"cluster": ACCOUNT, "user": ACCOUNT}}],
    }
    path = folder / f"{world.namespace}.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return Cluster(world.cluster.name, path, ACCOUNT, proxy.address, world.cluster.kubectl)


def _certificates(cluster: Cluster) -> Path:
    return cluster.kubeconfig.parent / "clusters" / cluster.name / "pki"


@pytest.mark.parametrize("scope", ROLES)
def test_everything_that_is_asked_for_is_granted(lives: Mapping[str, Life], scope: str) -> None:
    """No request of a whole life was refused for a right that is missing, and none needs one beside the rules."""
    asked = lives[scope].asked
    assert [one for one in asked if one.status == 403] == []
    assert used(asked) - granted(rules()) == set()


def test_everything_that_is_granted_is_needed(lives: Mapping[str, Life]) -> None:
    """Every right was used, stands in a Role that was made (whose maker must have it), or cannot be seen in use."""
    passed_on = {right for life in lives.values() for role in life.roles for right in granted(role["rules"])}
    asked = [one for life in lives.values() for one in life.asked]
    assert granted(rules()) - used(asked) - passed_on - UNSEEN == set()


def test_what_cannot_be_seen_in_use_is_not(lives: Mapping[str, Life]) -> None:
    """The exceptions are granted and were never used: one that is not needed any more is found here."""
    asked = [one for life in lives.values() for one in life.asked]
    assert granted(rules()) - used(asked) >= UNSEEN
