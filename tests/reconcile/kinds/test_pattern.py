"""A PrismPattern on a real API server: its phases as kstatus reads them, its scale, the backend it waits for."""

from __future__ import annotations

from kubernetes.client import CustomObjectsApi
from kubernetes.watch import Watch

from tests.reconcile.kinds.world import World, conditions, eventually, is_judged, message


def test_every_state_on_the_way_is_whole(world: World) -> None:
    """From creation to Ready each status speaks of one generation, and exactly one of Ready and Reconciling is True."""
    version = world.pattern("other")["metadata"]["resourceVersion"]
    world.pattern("p", replicas=3)
    world.ready("PrismPattern", "p")
    world.specify("PrismPattern", "p", image="ghcr.io/prism/keyvalue-runner:v2")
    world.ready("PrismPattern", "p")
    api, states = CustomObjectsApi(world.client.client), []
    for event in Watch().stream(
        api.list_namespaced_custom_object,
        *("prism.io", "v1alpha1", world.namespace, "prismpatterns"),
        resource_version=version,
        timeout_seconds=1,
    ):
        found = event["object"]
        if found["metadata"]["name"] == "p" and found.get("status") and is_judged(found):
            held = conditions(found)
            states.append((found["metadata"]["generation"], held["Ready"].split(" ")[0]))
            assert {held["Ready"][:4], held["Reconciling"][:4]} == {"True", "Fals"}, held
            assert held["Stalled"].startswith("False")
    assert states[0][0] == 1
    assert states[-1] == (2, "True")
    assert (2, "False") in states


def test_a_pattern_scales_by_its_scale_subresource(world: World) -> None:
    """`kubectl scale` changes the spec; status and selector are what an autoscaler needs."""
    world.pattern("p")
    world.ready("PrismPattern", "p")
    world.kubectl("scale", "ppattern", "p", "--replicas=4")
    found = world.becomes("PrismPattern", "p", "Ready=True", replicas=4, availableReplicas=4, selector="runner=p")
    assert found["spec"]["replicas"] == 4
    assert len(world.all("Pod", "runner=p")) == 4


def test_a_pattern_scaled_to_zero_is_ready_and_says_so(world: World) -> None:
    """Zero runners is what was asked for, and its own phase."""
    world.pattern("p", replicas=0)
    world.becomes("PrismPattern", "p", "Ready=True ScaledToZero", phase="ScaledToZero", replicas=0)
    world.kubectl("scale", "ppattern", "p", "--replicas=1")
    world.becomes("PrismPattern", "p", "Ready=True DeploymentReady", phase="Running")
    world.kubectl("scale", "ppattern", "p", "--replicas=0")
    world.becomes("PrismPattern", "p", "Ready=True ScaledToZero", phase="ScaledToZero", replicas=0)


def test_a_pattern_waits_for_the_backend_that_it_names(world: World) -> None:
    """Until the backend of backendConfig exists nothing runs and the condition names it; then all comes by itself."""
    world.pattern("p", backend="redis", backendConfig={"name": "later"})
    judged = world.becomes("PrismPattern", "p", "Ready=False BackendNotFound", "Reconciling=True", phase="Pending")
    assert f"PrismBackend {world.namespace}/later (backendConfig) does not exist" == message(judged)
    assert world.find("Deployment", "p") is None
    world.backend("later", connection={"url": "redis://redis:6379"})
    world.ready("PrismPattern", "p")


def test_a_backend_of_another_namespace_is_refused(world: World) -> None:
    """Pods mount nothing from elsewhere; the condition says what to do instead."""
    world.pattern("p", backendConfig={"name": "b", "namespace": "elsewhere"})
    judged = world.becomes("PrismPattern", "p", "Ready=False RefNotPermitted")
    assert f"backendConfig.namespace must be {world.namespace}" in message(judged)


def test_runners_go_on_when_their_backend_is_gone(world: World) -> None:
    """A backend that is deleted leaves what runs as it is; the pattern says what it lacks."""
    world.backend("redis", connection={"url": "redis://redis:6379"})
    world.pattern("p", backend="redis", backendConfig={"name": "redis"})
    world.ready("PrismPattern", "p")
    before = world.get("Deployment", "p")["spec"]
    world.delete("PrismBackend", "redis")
    world.becomes("PrismPattern", "p", "Ready=False BackendNotFound", availableReplicas=1)
    assert world.get("Deployment", "p")["spec"] == before


def test_runners_go_on_when_their_backend_is_made_anew(world: World) -> None:
    """A backend that a pattern found by its name, deleted and made again at once, restarts no runner."""
    world.backend("cache", connection={"url": "redis://redis:6379"})
    world.pattern("p", backend="cache")
    world.ready("PrismPattern", "p")
    before = world.get("Deployment", "p")["spec"]
    world.delete("PrismBackend", "cache")
    world.backend("cache", connection={"url": "redis://redis:6379"})
    world.ready("PrismBackend", "cache")
    world.ready("PrismPattern", "p")
    assert world.get("Deployment", "p")["spec"] == before
    assert world.get("Deployment", "p")["metadata"]["generation"] == 1


def test_runners_do_without_a_backend_that_is_gone_for_good(world: World) -> None:
    """No PrismBackend has that name any more, so there is no connection either: as if there had never been one."""
    world.backend("cache", connection={"url": "redis://redis:6379"})
    world.pattern("p", backend="cache")
    world.ready("PrismPattern", "p")
    assert "PRISM_BACKEND_NAME" in variables(world)
    world.delete("PrismBackend", "cache")
    eventually(lambda: "PRISM_BACKEND_NAME" not in variables(world))
    world.ready("PrismPattern", "p")


def test_runners_go_on_when_half_of_their_connection_is_gone(world: World) -> None:
    """A Secret that somebody deletes comes back; until then no runner is started without it."""
    world.backend("cache", connection={"url": "redis://redis:6379"})
    world.pattern("p", backend="cache")
    world.ready("PrismPattern", "p")
    secret = world.get("Secret", "cache")
    world.delete("Secret", "cache")
    eventually(lambda: world.get("Secret", "cache")["metadata"]["uid"] != secret["metadata"]["uid"])
    world.ready("PrismPattern", "p")
    assert world.get("Deployment", "p")["metadata"]["generation"] == 1


def variables(world: World) -> set[str]:
    """Return the names of the environment variables of the runners of p."""
    (container,) = world.get("Deployment", "p")["spec"]["template"]["spec"]["containers"]
    return {variable["name"] for variable in container["env"]}


def test_a_quota_that_forbids_pods_is_named(world: World) -> None:
    """A Deployment that may not make its pods says why, and goes on when it may."""
    world.create("ResourceQuota", "none", spec={"hard": {"pods": "0"}})
    eventually(lambda: world.get("ResourceQuota", "none").get("status", {}).get("hard"))
    world.pattern("p")
    judged = world.becomes("PrismPattern", "p", "Ready=False FailedCreate", "Reconciling=True")
    assert "exceeded quota" in message(judged)


def test_a_deleted_pattern_takes_its_children_along(world: World) -> None:
    """The garbage collector follows the ownerReferences."""
    world.pattern("p", replicas=2, service={"port": 8080})
    world.ready("PrismPattern", "p")
    world.delete("PrismPattern", "p")

    def left() -> set[str]:
        kinds = ("Deployment", "Service", "ConfigMap", "PodDisruptionBudget", "Pod")
        return {name for kind in kinds for name in world.names(kind)} - {"kube-root-ca.crt"}

    eventually(lambda: not left())
