"""What holds for everything that is rendered, whatever the case."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.pattern import Pattern
from kubectl_prism.model.schema import ObjectMeta
from kubectl_prism.model.stack import Stack
from kubectl_prism.render import autoscaling, everything, labels, pattern, proxy
from kubectl_prism.render.operator import OWNED
from kubectl_prism.render.stack import children
from tests.render.conftest import HERE, case

STACKS = ["empty", "quickstart", "whole", "production"]


def rendered() -> list[Manifest]:
    """Return every object of every stack case and pattern case."""
    stacks = [obj for name in STACKS for obj in everything(Stack.model_validate(case(name)))]
    names = ("pattern-hpa", "pattern-keda", "pattern-secret")
    return stacks + [obj for name in names for obj in pattern.objects(Pattern.model_validate(case(name)))]


def deployments() -> list[Manifest]:
    """Return every Deployment of every case."""
    return [obj for obj in rendered() if obj["kind"] == "Deployment"]


def stack(**spec: object) -> Stack:
    """Return a stack named s with a spec."""
    return Stack.model_validate({"metadata": {"name": "s"}, "spec": spec})


def test_the_same_input_gives_the_same_bytes() -> None:
    """Another process, with another hash seed, renders the same bytes."""
    program = (
        "import json, sys, yaml;"
        "from kubectl_prism.model.stack import Stack;"
        "from kubectl_prism.render import everything;"
        "print(json.dumps(everything(Stack.model_validate(yaml.safe_load(open(sys.argv[1]))))))"
    )
    command = [sys.executable, "-c", program, str(HERE / "cases" / "whole.yaml")]
    runs = [
        subprocess.run(command, capture_output=True, check=True, env={"PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert json.loads(runs[0]) == everything(Stack.model_validate(case("whole")))


def test_a_child_stands_in_its_owners_namespace_and_names_no_owner() -> None:
    """Every child stands in its owner's namespace; owner references are the applier's to set."""
    for name in STACKS:
        owner = Stack.model_validate(case(name))
        for obj in everything(owner):
            assert obj["metadata"]["namespace"] == owner.metadata.namespace
            assert "ownerReferences" not in obj["metadata"]


def test_no_two_objects_of_a_case_are_the_same_object() -> None:
    """No kind and name comes twice in what one stack leads to."""
    for name in STACKS:
        found = [(obj["kind"], obj["metadata"]["name"]) for obj in everything(Stack.model_validate(case(name)))]
        assert len(found) == len(set(found))


def test_everything_of_a_stack_carries_its_labels_and_ours() -> None:
    """`-l stack=S` finds all of a stack, pods of patterns included; all carry a component and the manager."""
    for name in STACKS:
        owner = Stack.model_validate(case(name))
        for obj in everything(owner):
            template = obj.get("spec", {}).get("template")
            for metadata in [obj["metadata"], *([template["metadata"]] if template else [])]:
                assert metadata["labels"]["stack"] == owner.metadata.name
                assert metadata["labels"]["component"].startswith("prism-")
                assert metadata["labels"]["app.kubernetes.io/managed-by"] == "prism-operator"


def test_a_selector_holds_only_what_never_changes_and_its_pods_have() -> None:
    """Selectors hold stack and component, or the runner; the pods of the template carry them."""
    for obj in deployments():
        selector = obj["spec"]["selector"]["matchLabels"]
        assert set(selector) in ({"stack", "component"}, {"runner"})
        assert selector.items() <= obj["spec"]["template"]["metadata"]["labels"].items()


def test_changing_pattern_backend_or_owner_leaves_the_selector_alone() -> None:
    """A pattern's selector outlives every change of its spec and of its owner."""

    def selector(owner: str | None, **spec: object) -> Manifest:
        found = Pattern.model_validate({"metadata": {"name": "p"}, "spec": spec})
        (deployment,) = [obj for obj in pattern.objects(found, stack=owner) if obj["kind"] == "Deployment"]
        return deployment["spec"]["selector"]  # type: ignore[no-any-return]  # JSON

    assert selector(None, pattern="keyvalue", backend="redis") == selector("s", pattern="queue", backend="kafka")


def test_pods_meet_the_restricted_standard() -> None:
    """Every pod is one that the restricted PodSecurity standard admits, with a root file system it cannot write."""
    for obj in deployments():
        pod = obj["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert all(set(volume) - {"name"} <= {"emptyDir", "configMap", "secret"} for volume in pod["volumes"])
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            }


def test_only_admins_that_elect_a_leader_get_a_token() -> None:
    """No pod gets an API token but an admin's that must hold a Lease, with an account of its own."""
    mounting = [
        obj["spec"]["template"]["spec"]["serviceAccountName"]
        for obj in deployments()
        if obj["spec"]["template"]["spec"]["automountServiceAccountToken"]
    ]
    assert mounting == ["prism-production-admin"]


def test_no_service_and_no_container_names_a_port_number_twice() -> None:
    """One port for gRPC and metrics is one port of container and Service, and metrics are still told."""
    shared = stack(proxy={"port": 9090}, observability={"enabled": True, "metrics": {"port": 9090}})
    container = proxy.deployment(shared)["spec"]["template"]["spec"]["containers"][0]
    assert [port["name"] for port in container["ports"]] == ["grpc"]
    assert [port["name"] for port in proxy.service(shared)["spec"]["ports"]] == ["grpc"]
    assert {"name": "PRISM_METRICS_PORT", "value": "9090"} in container["env"]

    apart = stack(proxy={"port": 8980}, observability={"enabled": True, "metrics": {"port": 9090}})
    container = proxy.deployment(apart)["spec"]["template"]["spec"]["containers"][0]
    assert [port["containerPort"] for port in container["ports"]] == [8980, 9090]
    assert [port["port"] for port in proxy.service(apart)["spec"]["ports"]] == [8980, 9090]


@pytest.mark.parametrize(("type", "names"), [("ClusterIP", ["grpc", "metrics"]), ("LoadBalancer", ["grpc"])])
def test_metrics_stay_in_the_cluster(type: str, names: list[str]) -> None:
    """A Service that is open to the world serves no metrics."""
    owner = stack(admin={"service": {"type": type}}, observability={"enabled": True})
    (service,) = [obj for obj in everything(owner) if obj["kind"] == "Service" and "admin" in obj["metadata"]["name"]]
    assert [port["name"] for port in service["spec"]["ports"]] == names


def test_an_admin_service_port_leads_to_the_admins_own() -> None:
    """A Service port of its own leads to the admin's port, and takes the number from metrics where they would clash."""
    owner = stack(admin={"service": {"port": 9090}}, observability={"enabled": True})
    (service,) = [obj for obj in everything(owner) if obj["kind"] == "Service" and "admin" in obj["metadata"]["name"]]
    assert service["spec"]["ports"] == [{"name": "grpc", "port": 9090, "protocol": "TCP", "targetPort": "grpc"}]


def test_an_autoscaler_owns_the_replicas() -> None:
    """With an autoscaler the Deployment says nothing of replicas, and starts with the fewest."""
    scaled = stack(proxy={"replicas": 7, "autoscaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 5}})
    assert "replicas" not in proxy.deployment(scaled)["spec"]
    assert autoscaling.initial_replicas(scaled.spec.proxy.autoscaling, 7) == 2
    assert proxy.scaler(scaled) is not None
    fixed = stack(proxy={"replicas": 7, "autoscaling": {"enabled": False}})
    assert proxy.deployment(fixed)["spec"]["replicas"] == 7
    assert autoscaling.initial_replicas(fixed.spec.proxy.autoscaling, 7) == 7
    assert proxy.scaler(fixed) is None


@pytest.mark.parametrize(("replicas", "has_budget"), [(0, False), (1, False), (2, True)])
def test_two_or_more_replicas_have_a_budget(replicas: int, has_budget: bool) -> None:
    """One replica has no disruption budget, which would pin its node; two have one."""
    assert (proxy.disruption_budget(stack(proxy={"replicas": replicas})) is not None) == has_budget
    scaled = {"enabled": True, "minReplicas": replicas or 1, "maxReplicas": 5}
    assert (proxy.disruption_budget(stack(proxy={"autoscaling": scaled})) is not None) == has_budget


def test_a_runner_is_passed_only_what_every_runner_takes() -> None:
    """The one flag of a runner is `-config`; without a Service it has no port, no probe and no port 0."""
    bare = Pattern.model_validate({"metadata": {"name": "p"}, "spec": {"pattern": "mailbox", "backend": "sqlite"}})
    (deployment,) = [obj for obj in pattern.objects(bare) if obj["kind"] == "Deployment"]
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert container["args"] == ["-config=/etc/prism/config.yaml"]
    assert not {"ports", "readinessProbe", "livenessProbe"} & set(container)
    assert pattern.service(bare) is None


def test_a_stack_without_an_admin_has_none() -> None:
    """With the admin switched off nothing of it is left, and no proxy is told of one."""
    text = json.dumps(children(stack(admin={"enabled": False})))
    assert "admin" not in text.lower()


def test_what_left_the_spec_is_wanted_no_more() -> None:
    """A pattern that left the spec is not among the children, which is how it comes to be pruned."""
    kept = {"name": "kept", "type": "keyvalue", "backend": "memstore"}
    left = {"name": "left", "type": "keyvalue", "backend": "memstore"}
    names = [obj["metadata"]["name"] for obj in children(stack(patterns=[kept])) if obj["kind"] == "PrismPattern"]
    assert names == ["kept"]
    assert "left" in json.dumps(children(stack(patterns=[kept, left])))


def test_a_stack_that_says_nothing_of_replicas_leaves_them_to_others() -> None:
    """A PrismPattern whose stack gives no replicas has none, so that `kubectl scale` is not undone."""
    (found,) = [
        obj
        for obj in children(stack(patterns=[{"name": "p", "type": "keyvalue", "backend": "memstore"}]))
        if obj["kind"] == "PrismPattern"
    ]
    assert "replicas" not in found["spec"]


def test_the_owning_stack_is_the_controller_of_kind_prism_stack() -> None:
    """Only a controller of kind PrismStack is the owning stack."""
    owner = {"kind": "PrismStack", "name": "s", "controller": True}
    assert labels.owning_stack(ObjectMeta(owner_references=[owner])) == "s"
    assert labels.owning_stack(ObjectMeta(owner_references=[owner | {"controller": False}])) is None
    assert labels.owning_stack(ObjectMeta(owner_references=[owner | {"kind": "Deployment"}])) is None


def test_the_reconciler_may_make_every_kind_that_is_rendered() -> None:
    """Every kind in any case is one that the reconciler's rules let it make."""
    ours = {"PrismPattern", "PrismBackend", "PrismNamespace"}
    assert {obj["kind"] for obj in rendered()} == set(OWNED) | ours
