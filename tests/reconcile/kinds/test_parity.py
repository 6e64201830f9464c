"""Objects written for the upstream operator: they apply unchanged, converge, and stay free of what went wrong there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import ApiException, ApiextensionsV1Api
from kubernetes.watch import Watch

from tests.reconcile.kinds.running import Running
from tests.reconcile.kinds.world import World, eventually, message

CASES = Path(__file__).parents[2] / "model" / "cases"
HPA = {"enabled": True, "scaler": "hpa", "minReplicas": 2, "maxReplicas": 9, "targetCPUUtilizationPercentage": 70}
KEDA = {
    "enabled": True,
    "scaler": "keda",
    "minReplicas": 2,
    "maxReplicas": 9,
    "triggers": [{"type": "cpu", "metadata": {"value": "50"}}],
}
OFF = {"enabled": False}


def case(name: str) -> dict[str, Any]:
    """Return the spec of one of the upstream operator's own objects."""
    spec: dict[str, Any] = yaml.safe_load((CASES / f"upstream-{name}.yaml").read_text())["spec"]
    return spec


@pytest.fixture
def keda(world: World, official_api: Any) -> Iterator[None]:  # noqa: ANN401 - it ships no types
    """Install a stand-in for KEDA's CRD, which takes every spec."""
    api = ApiextensionsV1Api(official_api)
    with installed_keda(api):
        yield


@contextmanager
def installed_keda(api: ApiextensionsV1Api) -> Iterator[None]:
    """Have the CRD served for a while, from when one that is on its way out is gone."""
    names = {"kind": "ScaledObject", "plural": "scaledobjects", "singular": "scaledobject", "shortNames": ["so"]}
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1alpha1", "served": True, "storage": True, "schema": schema}
    spec = {"group": "keda.sh", "scope": "Namespaced", "names": names, "versions": [version]}
    body = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "scaledobjects.keda.sh"},
        "spec": spec,
    }

    def create() -> bool:
        try:
            api.create_custom_resource_definition(body)
        except ApiException as error:
            if error.status != 409:
                raise
            return False
        return True

    def is_served() -> bool:
        found = api.read_custom_resource_definition("scaledobjects.keda.sh").status
        return any((state.type, state.status) == ("Established", "True") for state in found.conditions or [])

    eventually(create)
    try:
        eventually(is_served)
        yield
    finally:
        api.delete_custom_resource_definition("scaledobjects.keda.sh")


def test_an_autoscaled_pattern_keeps_every_metric_and_its_behavior(world: World) -> None:
    """CPU, memory and custom metrics reach the HorizontalPodAutoscaler, and behavior as it is written."""
    spec = case("hpa")
    world.pattern("consumer", **spec)
    world.ready("PrismPattern", "consumer")
    found = eventually(lambda: world.get("HorizontalPodAutoscaler", "consumer"))["spec"]

    def resource(name: str, percent: int) -> dict[str, Any]:
        target = {"type": "Utilization", "averageUtilization": percent}
        return {"type": "Resource", "resource": {"name": name, "target": target}}

    custom = {
        "type": "Pods",
        "pods": {"metric": {"name": "messages_per_second"}, "target": {"type": "AverageValue", "averageValue": "1k"}},
    }
    assert found["metrics"] == [resource("cpu", 75), resource("memory", 80), custom]
    assert (found["minReplicas"], found["maxReplicas"]) == (2, 20)
    assert found["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "consumer"}
    written = spec["autoscaling"]["behavior"]
    assert found["behavior"]["scaleDown"]["policies"] == written["scaleDown"]["policies"]
    assert found["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 300
    assert found["behavior"]["scaleUp"] == written["scaleUp"]
    assert world.get("PrismPattern", "consumer")["spec"]["autoscaling"] == spec["autoscaling"]
    assert world.get("Deployment", "consumer")["status"]["replicas"] == 2
    world.becomes("PrismPattern", "consumer", "Ready=True", "ScalingActive=Unknown NotReported")


@pytest.mark.usefixtures("keda")
def test_triggers_keep_their_authentication(world: World) -> None:
    """Several triggers reach the ScaledObject whole, each with the object that holds its credentials."""
    spec = case("keda")
    world.pattern("consumer", **spec)
    found = eventually(lambda: world.get("ScaledObject", "consumer"))["spec"]
    assert found == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "consumer"},
        "minReplicaCount": 0,
        "maxReplicaCount": 50,
        "pollingInterval": 15,
        "cooldownPeriod": 120,
        "triggers": spec["autoscaling"]["triggers"],
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": spec["autoscaling"]["behavior"]}},
    }
    world.becomes("PrismPattern", "consumer", "Ready=True", "ScalingActive=Unknown", phase="ScaledToZero")
    heard = {"type": "Ready", "status": "True", "reason": "ScaledObjectReady", "message": "ready for scaling"}
    world.patch("ScaledObject", "consumer", {"status": {"conditions": [heard]}}, manager="keda-operator")
    world.becomes("PrismPattern", "consumer", "Ready=True", "ScalingActive=True ScaledObjectReady")
    world.delete("ScaledObject", "consumer")
    assert eventually(lambda: world.get("ScaledObject", "consumer"))["spec"] == found


def test_without_keda_the_pattern_runs_says_so_and_recovers(
    world: World,
    engine: Running,
    official_api: Any,  # noqa: ANN401 - it ships no types
) -> None:
    """Deployment and Service are there, the status names what is missing, nothing spins, and KEDA is found later."""
    world.pattern("p", autoscaling=KEDA, service={"port": 8080})
    judged = world.becomes("PrismPattern", "p", "Ready=False KedaNotInstalled", "ScalingActive=False KedaNotInstalled")
    assert "does not have" in message(judged)
    eventually(lambda: world.get("Deployment", "p")["status"].get("availableReplicas") == 2)
    assert world.find("Service", "p")
    world.becomes("PrismPattern", "p", "Ready=False KedaNotInstalled", availableReplicas=2)
    before, failed = engine.reconciles(world.namespace), engine.failures(world.namespace)
    with installed_keda(ApiextensionsV1Api(official_api)):
        world.ready("PrismPattern", "p")
        assert world.find("ScaledObject", "p")
    assert engine.failures(world.namespace) == failed
    assert engine.reconciles(world.namespace) - before < 40


def test_placement_arrives_whole(world: World) -> None:
    """Every field of a placement stands on the pods as it was written; what keeps pods from being made is said."""
    spec = case("placement")
    spec["backendConfig"]["namespace"] = world.namespace
    world.backend("redis", connection={"url": "redis://redis:6379"})
    world.pattern("placed", **spec)
    pod = eventually(lambda: world.get("Deployment", "placed"))["spec"]["template"]["spec"]
    placement = spec["placement"]
    for field in ("nodeSelector", "tolerations", "affinity", "topologySpreadConstraints"):
        assert pod[field] == placement[field], field
    assert (pod["priorityClassName"], pod["runtimeClassName"]) == ("high-priority", "gvisor")
    assert world.get("PrismPattern", "placed")["spec"]["placement"] == placement
    judged = world.becomes("PrismPattern", "placed", "Ready=False FailedCreate", "Reconciling=True")
    assert "high-priority" in message(judged) or "gvisor" in message(judged)


def test_runners_get_only_the_flag_that_all_of_them_know(world: World) -> None:
    """Runners exit over flags such as --pattern; the settings reach them by a file and by their environment."""
    world.backend("redis", connection={"url": "redis://redis:6379"})
    world.pattern("p", backend="redis", config={"ttl": "1h", "maxKeys": 10000, "strict": True})
    world.ready("PrismPattern", "p")
    [container] = world.get("Deployment", "p")["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["-config=/etc/prism/config.yaml"]
    data = world.get("ConfigMap", "p")["data"]
    settings = yaml.safe_load(data["config.yaml"])["namespaces"][0]
    assert settings["backend_config"] == {"ttl": "1h", "maxKeys": 10000, "strict": True}
    assert data["PRISM_CONFIG_MAX_KEYS"] == "10000"
    variables = {found["name"]: found for found in container["env"]}
    assert variables["PRISM_BACKEND_URL"]["valueFrom"]["secretKeyRef"]["name"] == "redis"


def test_a_runner_that_listens_nowhere_is_not_restarted_for_it(world: World) -> None:
    """No liveness probe connects to a runner, which may work from its file alone; without a Service it has no probe."""
    world.pattern("served", service={"port": 8080})
    world.pattern("deaf")
    for name in ("served", "deaf"):
        world.ready("PrismPattern", name)
        [container] = world.get("Deployment", name)["spec"]["template"]["spec"]["containers"]
        assert "livenessProbe" not in container
    assert "readinessProbe" not in container
    assert "ports" not in container


def test_pattern_and_backend_can_change(world: World, engine: Running) -> None:
    """The pods roll, the Deployment stays the same object with the same selector, and nothing fails on the way."""
    world.pattern("p", pattern="keyvalue", backend="memstore")
    world.ready("PrismPattern", "p")
    before, failed = world.get("Deployment", "p"), engine.failures(world.namespace)
    world.specify("PrismPattern", "p", pattern="pubsub", backend="nats")
    world.ready("PrismPattern", "p")
    after = world.get("Deployment", "p")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["spec"]["selector"] == before["spec"]["selector"] == {"matchLabels": {"runner": "p"}}
    assert after["spec"]["template"]["metadata"]["labels"].items() >= {"pattern": "pubsub", "backend": "nats"}.items()
    assert after["spec"]["template"]["spec"]["containers"][0]["name"] == "pubsub-runner"
    pods = eventually(lambda: [pod for pod in world.all("Pod") if not pod["metadata"].get("deletionTimestamp")])
    assert [pod["metadata"]["labels"]["backend"] for pod in pods] == ["nats"]
    assert engine.failures(world.namespace) == failed


def test_a_service_that_is_no_longer_wanted_goes(world: World) -> None:
    """Removing spec.service removes the Service, with an Event that says so."""
    world.pattern("p", service={"port": 8080})
    world.ready("PrismPattern", "p")
    assert world.find("Service", "p")
    world.specify("PrismPattern", "p", service=None)
    world.gone("Service", "p")
    world.ready("PrismPattern", "p")
    assert world.told("p", "Pruned") == [f"Deleted Service {world.namespace}/p, which the spec asks for no longer"]


@pytest.mark.usefixtures("keda")
def test_the_old_scaler_goes_before_the_new_one_comes_and_replicas_stay(world: World) -> None:
    """From hpa to keda to none and back: never two scalers, and never fewer replicas than were scaled to."""
    world.pattern("p", replicas=4, autoscaling=HPA)
    world.ready("PrismPattern", "p")
    began = world.get("Deployment", "p")["metadata"]["resourceVersion"]
    world.scale("Deployment", "p", 5)
    hold = {"metadata": {"finalizers": ["example.com/hold"]}}
    eventually(lambda: world.patch("HorizontalPodAutoscaler", "p", hold))
    world.specify("PrismPattern", "p", autoscaling={**KEDA, "targetCPUUtilizationPercentage": None})
    eventually(lambda: world.get("HorizontalPodAutoscaler", "p")["metadata"].get("deletionTimestamp"))
    world.becomes("PrismPattern", "p", "ScalingActive=Unknown ScalerChanging")
    assert world.find("ScaledObject", "p") is None
    world.patch("HorizontalPodAutoscaler", "p", {"metadata": {"finalizers": None}})
    eventually(lambda: world.get("ScaledObject", "p"))
    assert world.find("HorizontalPodAutoscaler", "p") is None
    world.ready("PrismPattern", "p")
    world.specify("PrismPattern", "p", autoscaling=OFF)
    world.gone("ScaledObject", "p")
    world.becomes("PrismPattern", "p", "Ready=True", replicas=4)
    world.specify("PrismPattern", "p", autoscaling={**HPA, "triggers": None})
    eventually(lambda: world.get("HorizontalPodAutoscaler", "p"))
    world.ready("PrismPattern", "p")
    assert replicas_since(world, began) == [5, 4]


def replicas_since(world: World, version: str) -> list[int]:
    """Return every number of replicas that the Deployment p asked for since a resourceVersion, in order."""
    from kubernetes.client import AppsV1Api

    api = AppsV1Api(world.client.client)
    asked: list[int] = []
    for event in Watch().stream(
        api.list_namespaced_deployment, world.namespace, resource_version=version, timeout_seconds=1
    ):
        if not asked or asked[-1] != event["object"].spec.replicas:
            asked.append(event["object"].spec.replicas)
    return asked


@pytest.mark.parametrize(
    ("autoscaling", "words"),
    [
        ({**KEDA, "triggers": []}, "scaler keda needs at least one trigger"),
        ({**HPA, "scaler": "cron"}, 'Unsupported value: "cron"'),
        ({**HPA, "minReplicas": 0}, "minReplicas 0 needs scaler keda"),
    ],
)
def test_what_no_scaler_could_do_is_refused_at_once(world: World, autoscaling: dict[str, Any], words: str) -> None:
    """The API server refuses it with words that a person understands; nothing is stored that would fail later."""
    with pytest.raises(ApiException) as refused:
        world.pattern("p", autoscaling=autoscaling)
    assert refused.value.status == 422
    assert words in str(refused.value.body).replace('\\"', '"')


@pytest.mark.usefixtures("keda")
def test_strangers_scalers_are_left_alone(world: World) -> None:
    """Objects of somebody else that carry a pattern's name are not deleted with its scalers."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "other"}
    world.create("HorizontalPodAutoscaler", "p", spec={"maxReplicas": 3, "scaleTargetRef": target})
    world.create("ScaledObject", "p", spec={"scaleTargetRef": target})
    before = [world.get(kind, "p")["metadata"]["resourceVersion"] for kind in ("ScaledObject",)]
    world.pattern("p")
    world.ready("PrismPattern", "p")
    world.specify("PrismPattern", "p", autoscaling=KEDA)
    judged = world.stalled("PrismPattern", "p", "NameTaken")
    assert "ScaledObject" in message(judged)
    world.specify("PrismPattern", "p", autoscaling=None)
    world.ready("PrismPattern", "p")
    assert [world.get("ScaledObject", "p")["metadata"]["resourceVersion"]] == before
    assert world.get("HorizontalPodAutoscaler", "p")["spec"]["maxReplicas"] == 3


def test_a_type_with_an_underscore_works(world: World) -> None:
    """`multicast_registry` makes a container name and an image that Kubernetes accepts."""
    world.pattern("p", pattern="multicast_registry", service={})
    world.ready("PrismPattern", "p")
    [container] = world.get("Deployment", "p")["spec"]["template"]["spec"]["containers"]
    assert (container["name"], container["image"]) == (
        "multicast-registry-runner",
        "ghcr.io/prism/multicast-registry-runner:latest",
    )
    assert world.get("Service", "p")["spec"]["ports"][0]["port"] == 8080


@pytest.mark.parametrize("name", ["a" * 253, "7.dots.and." + "x" * 70, "1"])
def test_a_pattern_of_any_name_works(world: World, name: str) -> None:
    """Names with dots, digits in front or 253 characters give children whose names and labels are valid."""
    world.pattern(name, service={"port": 8080})
    world.ready("PrismPattern", name)
    [child] = world.names("Deployment")
    assert world.names("Service") == {child}
    assert len(child) <= 63
