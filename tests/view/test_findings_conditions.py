"""What conditions say, each with its own remedy, and never twice: a stack does not repeat its children."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from kubectl_prism.model.meta import Manifest
from kubectl_prism.reconcile import controller
from kubectl_prism.view.findings.reasons import ELSEWHERE, REMEDIES, RUNNING
from kubectl_prism.view.findings.scene import is_settled
from kubectl_prism.view.health import Severity
from tests.view.objects import conditions, named
from tests.view.scenes import PATTERN, STACK, TENANT, chain, found, lease, node, only, pod, running, seen, unplaced

SECRET = "Secret vault/pg (spec.connection.secretRef)"


def stalled(kind: str, reason: str, message: str, *, owner: Manifest | None = None, **spec: object) -> Manifest:
    status = conditions("False", reason=reason, message=message, stalled="True")
    return named(kind, "one", owner=owner, spec=dict(spec), status=status)


def waiting(kind: str, reason: str, message: str, **spec: object) -> Manifest:
    return named(kind, "one", spec=dict(spec), status=conditions("False", reason=reason, message=message))


def unhealthy(reason: str, **spec: object) -> Manifest:
    status = conditions("False", reason=reason, message="no answer")
    status["conditions"].append({"type": "Healthy", "status": "False", "reason": reason, "message": "no answer"})
    return named("PrismBackend", "one", spec=dict(spec), status=status)


RIGHT = (
    'Deployment shop/kv: deployments.apps is forbidden: User "system:serviceaccount:prism-system:op" cannot create'
    ' resource "deployments" in API group "apps" in the namespace "shop"'
)
REFERENCE = {"connection": {"secretRef": {"name": "pg", "namespace": "vault", "keys": {"url": "uri"}}}}
PROXY = {"proxyRef": {"name": "dev-proxy", "namespace": "prod"}}

CASES: list[tuple[Manifest, str, str, str]] = [
    (
        stalled("PrismPattern", "NameTaken", "Service shop/kv exists and nobody controls it; it is left as it is"),
        "PRISM501",
        "Service shop/kv has a name that PrismPattern shop/one needs, and is somebody else's",
        "kubectl get service kv -n shop -o yaml",
    ),
    (
        stalled("PrismBackend", "RefNotPermitted", f"{SECRET} does not exist or does not permit namespace shop"),
        "PRISM502",
        "PrismBackend shop/one may not use Secret vault/pg, or there is none",
        "kubectl annotate secret pg -n vault prism.io/allow-from=shop",
    ),
    (
        waiting("PrismPattern", "RefNotPermitted", "backendConfig.namespace must be shop"),
        "PRISM502",
        "PrismPattern shop/one: RefNotPermitted",
        "kubectl describe prismpattern one -n shop",
    ),
    (
        stalled("PrismBackend", "SecretNotFound", f"{SECRET} does not exist", **REFERENCE),
        "PRISM503",
        "Secret vault/pg does not exist",
        "kubectl create secret generic pg -n vault --from-literal=uri=URL",
    ),
    (
        stalled("PrismBackend", "SecretNotFound", "Secret shop/ca (spec.tls.secretRef) does not exist"),
        "PRISM503",
        "Secret shop/ca does not exist",
        "kubectl create secret generic ca -n shop --from-file=ca.crt",
    ),
    (
        stalled("PrismNamespace", "SecretNotFound", "Secret shop/t (spec.controlPlane.tokenRef) does not exist"),
        "PRISM503",
        "Secret shop/t does not exist",
        "kubectl create secret generic t -n shop --from-literal=token=TOKEN",
    ),
    (
        stalled("PrismBackend", "KeyNotFound", f"{SECRET} has no key url"),
        "PRISM504",
        "Secret vault/pg lacks a key that PrismBackend shop/one needs",
        "kubectl describe secret pg -n vault",
    ),
    (
        stalled("PrismBackend", "InvalidSecret", "key url of Secret vault/pg is not text"),
        "PRISM505",
        "Secret vault/pg holds what is not text",
        "kubectl describe secret pg -n vault",
    ),
    (
        stalled("PrismPattern", "InvalidSpec", "spec.config.limits: a text is wanted", owner=STACK),
        "PRISM506",
        "The spec of PrismPattern shop/one cannot be understood",
        "kubectl edit prismstack demo -n shop",
    ),
    (
        stalled("PrismPattern", "Forbidden", RIGHT),
        "PRISM507",
        "The reconciler may not make what PrismPattern shop/one needs",
        "kubectl auth can-i create deployments.apps --as=system:serviceaccount:prism-system:op -n shop",
    ),
    (
        stalled("PrismPattern", "Forbidden", 'roles is forbidden: attempting to grant {Resources:["leases"]}'),
        "PRISM403",
        "The reconciler may not use or grant Leases, which PrismPattern shop/one needs",
        "kubectl auth can-i create leases.coordination.k8s.io -n shop",
    ),
    (
        stalled("PrismPattern", "Refused", "Deployment shop/one: spec.template is invalid"),
        "PRISM508",
        "The API server refuses what PrismPattern shop/one needs",
        "kubectl edit prismpattern one -n shop",
    ),
    (
        waiting("PrismPattern", "KedaNotInstalled", "scaler keda needs KEDA"),
        "PRISM509",
        "Autoscaling wants KEDA, and the cluster has none",
        "kubectl get crd scaledobjects.keda.sh",
    ),
    (
        waiting("PrismPattern", "BackendNotFound", "PrismBackend shop/x (backendConfig) does not exist"),
        "PRISM510",
        "PrismPattern shop/one names a PrismBackend that does not exist",
        "kubectl get prismbackends -n shop",
    ),
    (
        stalled("PrismPattern", "SomethingNew", "says a newer reconciler"),
        "PRISM511",
        "PrismPattern shop/one is stuck: SomethingNew",
        "kubectl describe prismpattern one -n shop",
    ),
    (
        waiting("PrismBackend", "ReconcileError", "the API server does not answer; it is tried again and again"),
        "PRISM106",
        "Reconciling PrismBackend shop/one fails again and again",
        "kubectl describe prismbackend one -n shop",
    ),
    (
        unhealthy("ConnectionFailed"),
        "PRISM601",
        "PrismBackend shop/one does not answer",
        "kubectl get services,endpointslices -n shop",
    ),
    (
        unhealthy("AuthenticationFailed", **REFERENCE),
        "PRISM602",
        "PrismBackend shop/one refuses the user name or password",
        "kubectl describe secret pg -n vault",
    ),
    (
        unhealthy("TlsRefused"),
        "PRISM603",
        "PrismBackend shop/one offers no TLS",
        "kubectl edit prismbackend one -n shop",
    ),
    (
        unhealthy("UnexpectedAnswer"),
        "PRISM604",
        "What answers for PrismBackend shop/one speaks another protocol",
        "kubectl edit prismbackend one -n shop",
    ),
    (
        stalled("PrismNamespace", "NamespaceIdTaken", "PrismNamespace shop/old has acme"),
        "PRISM701",
        "The identifier of PrismNamespace shop/one is taken",
        "kubectl get prismnamespaces -A",
    ),
    (
        waiting("PrismNamespace", "ProxyNotFound", "no PrismStack", **PROXY),
        "PRISM702",
        "No PrismStack has proxies called dev-proxy",
        "kubectl get prismstacks -n prod",
    ),
    (
        waiting("PrismNamespace", "ProxyUnavailable", "no answer in time", **PROXY),
        "PRISM703",
        "The proxies dev-proxy or their admins do not answer",
        "kubectl prism logs -n prod --component admin --component proxy",
    ),
    (
        stalled("PrismNamespace", "NoControlPlane", "speaks neither", **PROXY),
        "PRISM704",
        "The proxies dev-proxy speak no protocol for namespaces",
        "kubectl get deployments -n prod -l app.kubernetes.io/part-of=prism -o wide",
    ),
    (
        stalled("PrismNamespace", "NotPermitted", "token is wrong", **PROXY),
        "PRISM705",
        "The proxies dev-proxy or their admins refuse the reconciler",
        "kubectl edit prismstack dev -n prod",
    ),
    (
        stalled("PrismNamespace", "RefusedByProxy", "no", **PROXY),
        "PRISM706",
        "The proxies or admins refuse PrismNamespace shop/one",
        "kubectl describe prismnamespace one -n shop",
    ),
]
FIELDS = {"PrismPattern": "patterns", "PrismBackend": "backends", "PrismNamespace": "namespaces"}


@pytest.mark.parametrize("obj", [case[0] for case in CASES], ids=[case[1] for case in CASES])
def test_what_is_wrong_is_not_settled(obj: Manifest) -> None:
    """What a finding is made of is never passed over at the first look."""
    assert not is_settled(obj)


def test_what_is_ready_is_settled() -> None:
    """At its present generation, that is, and while it stays."""
    obj = named("PrismPattern", "one", status=conditions())
    behind = {**obj, "metadata": {**obj["metadata"], "generation": 2}}
    going = {**obj, "metadata": {**obj["metadata"], "deletionTimestamp": "2030-01-01T12:00:00Z"}}
    unseen = {**obj, "status": {"conditions": []}}
    assert [is_settled(one) for one in (obj, behind, going, unseen)] == [True, False, False, False]


@pytest.mark.parametrize(("obj", "code", "title", "command"), CASES, ids=[case[2] for case in CASES])
def test_every_reason_has_its_remedy(obj: Manifest, code: str, title: str, command: str) -> None:
    """What is wrong, and the command that looks at it or mends it; a person decides on all of these."""
    one = only(seen(**{FIELDS[obj["kind"]]: (obj,)}))
    assert (one.code, one.title, one.command, one.change) == (code, title, command, None)
    assert one.evidence[0].startswith("condition ")


def test_a_backend_that_is_down_is_told_with_who_waits_for_it() -> None:
    """Stack, pattern, backend, Secret: one chain, and one finding."""
    backend = stalled("PrismBackend", "SecretNotFound", f"{SECRET} does not exist", owner=STACK)
    pattern = named(
        "PrismPattern",
        "kv",
        owner=STACK,
        spec={"backend": "one"},
        status=conditions("False", reason="BackendNotReady", message=f"PrismBackend one: {SECRET} does not exist"),
    )
    parts = [
        {"type": "BackendsReady", "status": "False", "reason": "SecretNotFound", "message": f"one: {SECRET} is absent"},
        {"type": "PatternsReady", "status": "False", "reason": "BackendNotReady", "message": "kv: PrismBackend one"},
    ]
    stack = {**STACK, "status": {"conditions": [*conditions("False", reason="SecretNotFound")["conditions"], *parts]}}
    one = only(seen(stacks=(stack,), patterns=(pattern,), backends=(backend,), deployments=(), pods=()))
    assert chain(one) == ["PrismStack demo", "PrismPattern kv", "PrismBackend one"]
    assert one.evidence[1] == "spec of patterns: kv use it"
    assert one.ref.kind == "PrismStack"


def test_one_secret_that_five_backends_lack_is_one_finding() -> None:
    """The Secret is the cause, and it is counted who lacks it."""
    backends = []
    for number in range(5):
        backend = stalled("PrismBackend", "SecretNotFound", f"{SECRET} does not exist")
        backend["metadata"]["name"] = f"pg-{number}"
        backends.append(backend)
    assert only(seen(backends=tuple(backends))).title == "Secret vault/pg does not exist (5 PrismBackends)"


def part(type: str, reason: str, message: str) -> Manifest:
    status = conditions("False", reason=reason, message=f"part: {message}", stalled="True")
    status["conditions"].append({"type": type, "status": "False", "reason": reason, "message": message})
    return {**STACK, "status": status}


def test_a_part_of_a_stack_that_cannot_be_made_is_the_stacks_own_trouble() -> None:
    """A child that was never made has no conditions that could tell."""
    taken = "PrismPattern shop/kv exists and belongs to PrismStack other; it is left as it is"
    one = only(seen(stacks=(part("PatternsReady", "NameTaken", taken),)))
    assert (one.code, chain(one)) == ("PRISM501", ["PrismStack demo"])
    assert one.command == "kubectl get prismpattern kv -n shop -o yaml"


def test_a_stack_that_waits_for_its_children_is_no_finding() -> None:
    """Time mends what is only on its way."""
    assert found(seen(stacks=(part("ProxyReady", "DeploymentProgressing", "0/1 available"),))) == []


def test_a_lease_name_that_is_taken_can_be_changed() -> None:
    """The only stall whose remedy needs no decision: another name for the Lease."""
    one = only(seen(stacks=(part("AdminReady", "LeaseNameTaken", "PrismStack main elects by the Lease x already"),)))
    assert one.code == "PRISM404"
    assert one.change is not None
    assert one.change.patch == {"spec": {"admin": {"leaderElection": {"leaseName": "demo-admin-leader"}}}}


def test_a_pod_explains_its_pattern_and_its_stack() -> None:
    """The chain goes stack, pattern, Deployment, pod, cause, and nothing is told twice."""
    status = conditions("False", reason="Unschedulable", message="no node fits")
    pattern = {**PATTERN, "status": status}
    stack = part("PatternsReady", "Unschedulable", "kv: no node fits")
    pods = (pod("kv-1", "kv", unplaced("0/1 nodes are available: 1 Insufficient cpu."), nodeName=""),)
    one = only(seen(stacks=(stack,), patterns=(pattern,), pods=pods, nodes=(node("a"),)))
    assert chain(one) == ["PrismStack demo", "PrismPattern kv", "Deployment kv", "Pod kv-1", "Deployment kv"]
    assert one.chain[0].words == "not Ready: Unschedulable"


@pytest.mark.parametrize("reason", sorted(RUNNING))
def test_where_pods_cannot_be_read_their_reason_is_told_by_the_condition(reason: str) -> None:
    """Somebody who may not list pods still learns what the reconciler saw of them."""
    pattern = {**PATTERN, "status": conditions("False", reason=reason, message="0/1 available")}
    one = only(seen(patterns=(pattern,), deployments=(), pods=()))
    assert (one.code, one.chain[-1].words) == (RUNNING[reason].code, "0/1 available")


def test_tenants_of_proxies_that_are_down_are_explained_by_them() -> None:
    """The proxies' pod is the cause, so the namespace that waits for it is no second finding."""
    tenant = {**TENANT, "status": conditions("False", reason="ProxyNotReady", message="no pod is ready")}
    pods = (pod("demo-proxy-1", "demo-proxy", running(ready=False)),)
    assert [one.code for one in found(seen(namespaces=(tenant,), pods=pods))] == ["PRISM209"]
    assert [one.code for one in found(seen(namespaces=(tenant,)))] == ["PRISM703"]


def test_an_autoscaler_that_cannot_decide_is_told() -> None:
    """The pattern is Ready, and will not scale: metrics are missing, for example."""
    status = conditions()
    status["conditions"].append({"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"})
    one = only(seen(patterns=({**PATTERN, "status": status},)))
    assert (one.code, one.severity) == ("PRISM512", Severity.WAITING)
    assert one.command == "kubectl describe horizontalpodautoscaler -n shop -l app.kubernetes.io/instance=kv"


def test_what_nobody_can_check_from_here_is_no_finding() -> None:
    """Unknown is no failure."""
    backend = named("PrismBackend", "far", spec={}, status=conditions("Unknown", reason="NotReachableFromHere"))
    assert found(seen(backends=(backend,))) == []


def test_conditions_of_an_older_generation_are_no_cause() -> None:
    """Somebody changed the spec: what was wrong with the one before may be mended."""
    backend = stalled("PrismBackend", "SecretNotFound", f"{SECRET} does not exist")
    backend["metadata"]["generation"] = 2
    assert found(seen(backends=(backend,)), leases=(lease(),)) == []


def test_every_reason_that_stalls_has_a_remedy() -> None:
    """What the reconcilers write as a stall or a refusal is in the tables, so that nobody reads `is stuck`."""
    makers = {"stalled": 0, "RefError": 0, "Refusal": 0, "BackendMissing": 0, "Refused": 0}
    told = set()
    for file in Path(controller.__file__).parent.glob("*.py"):
        for call in (one for one in ast.walk(ast.parse(file.read_text())) if isinstance(one, ast.Call)):
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            if name in makers and call.args and isinstance(call.args[0], ast.Constant):
                told.add(call.args[0].value)
    assert told >= {"NameTaken", "SecretNotFound", "NamespaceIdTaken"}
    assert told - {*REMEDIES, *RUNNING, *ELSEWHERE} == set()
