"""The writer on a real API server: field ownership, replicas, normal forms; the official client is the judge."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest

from kubectl_prism.kube.client import Client
from kubectl_prism.model.meta import FIELD_MANAGER, Manifest, Ref
from kubectl_prism.reconcile.apply import Applier, NameTaken
from kubectl_prism.reconcile.events import Recorder
from kubectl_prism.reconcile.request import Postponed
from kubectl_prism.store import Store
from tests.reconcile.conftest import Official, Requests, look


class World(NamedTuple):
    """A real namespace with one owner in it, and a writer whose store sees what it is shown."""

    client: Client
    official: Official
    requests: Requests
    store: Store
    applier: Applier
    owner: Manifest

    @property
    def namespace(self) -> str:
        """The namespace of this test."""
        return self.official.namespace

    async def apply(self, intent: Manifest, *, initial: Manifest | None = None) -> Manifest:
        """Apply an intent and let the store see the outcome."""
        live = await self.applier.apply(self.owner, intent, initial=initial)
        await self.look(intent)
        return live

    async def look(self, intent: Manifest) -> None:
        """Let the store see a child as it is now."""
        await look(self.client, self.store, Ref(intent["kind"], self.namespace, intent["metadata"]["name"]))

    def restarted(self) -> World:
        """Return the same world with a writer that remembers nothing."""
        self.applier.close()
        return self._replace(applier=Applier(self.client, self.store))

    def deployment(self, *, replicas: int | None = None, **container: Any) -> Manifest:  # noqa: ANN401 - any field
        """Return the intent for a Deployment."""
        labels = {"component": "prism-proxy"}
        template = {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "proxy", "image": "ghcr.io/prism/prism-proxy:1", **container}]},
        }
        spec = {"selector": {"matchLabels": labels}, "template": template}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "proxy", "namespace": self.namespace, "labels": labels},
            "spec": spec if replicas is None else {"replicas": replicas, **spec},
        }

    def live_deployment(self) -> Any:  # noqa: ANN401 - the official client ships no types
        """Return the Deployment as the official client reads it."""
        return self.official.apps.read_namespaced_deployment("proxy", self.namespace)


@pytest.fixture
async def world(client: Client, official: Official, requests: Requests) -> AsyncIterator[World]:
    """Return a namespace with one owner."""
    owner = await client.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owner", "namespace": official.namespace}}
    )
    requests.took()
    store = Store()
    recorder = Recorder(client)
    writing = asyncio.create_task(recorder.run())
    yield World(client, official, requests, store, Applier(client, store, recorder=recorder), owner)
    await recorder.flush(10)
    writing.cancel()


async def test_a_deployment_is_created_and_stays_untouched(world: World) -> None:
    """Defaults, normal forms of quantities and a restart cost not one write."""
    intent = world.deployment(replicas=1, resources={"requests": {"cpu": "1000m", "memory": "1024Mi"}})
    await world.apply(intent)
    assert world.live_deployment().spec.template.spec.containers[0].resources.requests == {"cpu": "1", "memory": "1Gi"}
    assert world.requests.took() == ["create Deployment"]
    for again in (world, world.restarted()):
        await again.apply(intent)
    assert world.requests.took() == []


async def test_what_leaves_the_intent_leaves_the_object(world: World) -> None:
    """A variable that was in the object when we created it goes, and what somebody else added stays."""
    await world.apply(world.deployment(replicas=1, env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]))
    world.official.apps.patch_namespaced_deployment(
        "proxy", world.namespace, {"metadata": {"labels": {"theirs": "yes"}}}, field_manager="somebody"
    )
    await world.look(world.deployment())
    await world.apply(world.deployment(replicas=1, env=[{"name": "B", "value": "2"}]))
    live = world.live_deployment()
    assert [variable.name for variable in live.spec.template.spec.containers[0].env] == ["B"]
    assert live.metadata.labels == {"component": "prism-proxy", "theirs": "yes"}
    ours = [entry for entry in live.metadata.managed_fields if entry.manager == FIELD_MANAGER]
    assert [entry.operation for entry in ours] == ["Apply"]


async def test_a_writer_that_restarted_removes_fields_too(world: World) -> None:
    """Whether we created the object in this life or an earlier one makes no difference."""
    await world.apply(world.deployment(replicas=1, env=[{"name": "A", "value": "1"}]))
    await world.restarted().apply(world.deployment(replicas=1))
    assert world.live_deployment().spec.template.spec.containers[0].env is None


async def test_drift_is_repaired_and_an_event_names_the_field(world: World) -> None:
    """Another manager's value is put back by one apply; the Event names the field and no value."""
    await world.apply(world.deployment(replicas=1, env=[{"name": "TOKEN", "value": "ours"}]))
    world.official.apps.patch_namespaced_deployment(
        "proxy",
        world.namespace,
        {"spec": {"template": {"spec": {"containers": [{"name": "proxy", "env": [{"name": "TOKEN", "value": "x"}]}]}}}},
        field_manager="somebody",
    )
    await world.look(world.deployment())
    world.requests.took()
    intent = world.deployment(replicas=1, env=[{"name": "TOKEN", "value": "ours"}])
    await world.apply(intent)
    await world.apply(intent)
    assert world.live_deployment().spec.template.spec.containers[0].env[0].value == "ours"
    # How often the conversion of field ownership is tried depends on who else writes just then.
    assert [write for write in world.requests.took() if write != "patch Deployment"] == ["apply Deployment"]
    recorder = world.applier.recorder
    assert recorder is not None
    await recorder.flush(10)
    events = world.official.core.list_namespaced_event(world.namespace, field_selector="reason=DriftRepaired").items
    assert [(event.involved_object.name, event.type, event.message) for event in events] == [
        (
            "owner",
            "Warning",
            f"Deployment {world.namespace}/proxy was changed by somebody else: "
            "spec.template.spec.containers[proxy].env[TOKEN].value",
        )
    ]


async def test_replicas_stay_where_they_are_when_the_intent_stops_naming_them(world: World) -> None:
    """Handing replicas to an autoscaler never passes through another number, and later changes leave its number be."""
    await world.apply(world.deployment(replicas=3))
    with Watched(world) as seen:
        await world.apply(world.deployment())
        await world.apply(world.deployment(env=[{"name": "A", "value": "1"}]))
    assert seen.replicas == {3}
    world.official.apps.patch_namespaced_deployment_scale("proxy", world.namespace, {"spec": {"replicas": 5}})
    await world.look(world.deployment())
    world.requests.took()
    await world.apply(world.deployment(env=[{"name": "A", "value": "1"}]))
    assert world.requests.took() == []
    with Watched(world) as seen:
        await world.restarted().apply(world.deployment(env=[{"name": "A", "value": "2"}]))
    assert seen.replicas == {5}


async def test_replicas_applied_by_us_before_are_handed_over_too(world: World) -> None:
    """After an apply that set replicas, one that does not still leaves them."""
    await world.apply(world.deployment(replicas=2))
    await world.apply(world.deployment(replicas=4))
    with Watched(world) as seen:
        await world.apply(world.deployment())
    assert seen.replicas == {4}
    await world.apply(world.deployment(replicas=2))
    assert world.live_deployment().spec.replicas == 2
    with Watched(world) as seen:
        await world.apply(world.deployment())
    assert seen.replicas == {2}


async def test_initial_replicas_are_the_autoscalers_from_birth(world: World) -> None:
    """They start where the spec says and are never reset, neither to that nor to one."""
    await world.apply(world.deployment(), initial={"spec": {"replicas": 3}})
    assert world.live_deployment().spec.replicas == 3
    await world.apply(world.deployment(env=[{"name": "A", "value": "1"}]), initial={"spec": {"replicas": 3}})
    assert world.live_deployment().spec.replicas == 3
    world.official.apps.patch_namespaced_deployment_scale("proxy", world.namespace, {"spec": {"replicas": 6}})
    await world.look(world.deployment())
    await world.apply(world.deployment(env=[{"name": "A", "value": "2"}]), initial={"spec": {"replicas": 3}})
    assert world.live_deployment().spec.replicas == 6


async def test_a_scaled_deployment_goes_back_when_replicas_are_ours(world: World) -> None:
    """Without an autoscaler the spec is the law."""
    await world.apply(world.deployment(replicas=2))
    world.official.apps.patch_namespaced_deployment_scale("proxy", world.namespace, {"spec": {"replicas": 5}})
    await world.look(world.deployment())
    await world.apply(world.deployment(replicas=2))
    assert world.live_deployment().spec.replicas == 2


async def test_a_service_keeps_what_the_server_gave_it(world: World) -> None:
    """Its address survives the change from created to applied; a port that left goes."""

    def service(*ports: int) -> Manifest:
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "proxy", "namespace": world.namespace},
            "spec": {"selector": {"a": "b"}, "ports": [{"name": f"p{port}", "port": port} for port in ports]},
        }

    await world.apply(service(8080, 9090))
    before = world.official.core.read_namespaced_service("proxy", world.namespace).spec
    await world.apply(service(8080))
    after = world.official.core.read_namespaced_service("proxy", world.namespace).spec
    assert (after.cluster_ip, after.type) == (before.cluster_ip, "ClusterIP")
    assert [port.port for port in after.ports] == [8080]
    world.requests.took()
    await world.restarted().apply(service(8080))
    assert world.requests.took() == []


async def test_a_name_that_somebody_else_has_is_left_alone(world: World) -> None:
    """Nothing of the stranger's object changes, not even its version."""
    world.official.core.create_namespaced_config_map(
        world.namespace, {"metadata": {"name": "child"}, "data": {"a": "1"}}
    )
    before = world.official.core.read_namespaced_config_map("child", world.namespace).metadata.resource_version
    intent = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "child", "namespace": world.namespace},
        "data": {"a": "2"},
    }
    with pytest.raises(NameTaken, match="nobody controls it"):
        await world.apply(intent)
    after = world.official.core.read_namespaced_config_map("child", world.namespace)
    assert (after.metadata.resource_version, after.data) == (before, {"a": "1"})


async def test_a_namesake_made_behind_our_back_is_not_taken_over(world: World) -> None:
    """Our child was deleted and somebody made another of its name before the store saw either."""
    intent = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "child", "namespace": world.namespace},
        "data": {"a": "1"},
    }
    await world.apply(intent)
    await world.apply({**intent, "data": {"a": "2"}})
    world.official.core.delete_namespaced_config_map("child", world.namespace)
    world.official.core.create_namespaced_config_map(
        world.namespace, {"metadata": {"name": "child"}, "data": {"a": "x"}}
    )
    with pytest.raises(Postponed, match="went away"):
        await world.applier.apply(world.owner, {**intent, "data": {"a": "3"}})
    assert world.official.core.read_namespaced_config_map("child", world.namespace).data == {"a": "x"}


async def test_a_child_that_is_gone_is_not_made_anew_by_an_apply(world: World) -> None:
    """A server-side apply with the uid of what is gone makes nothing."""
    await world.apply(world.deployment(replicas=1))
    await world.apply(world.deployment(replicas=2))
    world.official.apps.delete_namespaced_deployment("proxy", world.namespace)
    with pytest.raises(Postponed, match="went away"):
        await world.applier.apply(world.owner, world.deployment(replicas=3))
    assert world.official.apps.list_namespaced_deployment(world.namespace).items == []


async def test_status_goes_to_the_subresource_once(world: World) -> None:
    """One write, then silence; nothing about what is gone, and what was made anew gets a status of its own."""
    body = {"apiVersion": "prism.io/v1alpha1", "kind": "PrismStack", "metadata": {"name": "s"}, "spec": {}}
    api, where = world.official.custom, ("prism.io", "v1alpha1", world.namespace, "prismstacks")
    api.create_namespaced_custom_object(*where, body)
    stack = Ref("PrismStack", world.namespace, "s")
    await look(world.client, world.store, stack)
    obj = world.store.get(*stack)
    assert obj is not None
    status = {
        "observedGeneration": 1,
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Up",
                "message": "",
                "lastTransitionTime": "2030-01-01T00:00:00Z",
            }
        ],
    }
    assert await world.applier.status(obj, status)
    assert not await world.applier.status(obj, status)
    await look(world.client, world.store, stack)
    assert not await world.restarted().applier.status(obj, status)
    assert world.requests.took() == ["apply PrismStack"]
    assert api.get_namespaced_custom_object(*where, "s")["status"] == status
    api.delete_namespaced_custom_object(*where, "s")
    assert not await world.applier.status(obj, {"observedGeneration": 2})
    api.create_namespaced_custom_object(*where, body)
    assert not await world.applier.status(obj, {"observedGeneration": 2})
    await look(world.client, world.store, stack)
    anew = world.store.get(*stack)
    assert anew is not None
    assert await world.applier.status(anew, status)
    assert api.get_namespaced_custom_object(*where, "s")["status"] == status


class Watched:
    """Every number of replicas that the Deployment has while this is entered, as the official client's watch tells."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.replicas: set[int] = set()

    def __enter__(self) -> Watched:
        """Begin where the Deployment is now."""
        self.began = self.world.live_deployment().metadata.resource_version
        return self

    def __exit__(self, *_: object) -> None:
        """Read every version of the Deployment since, up to the one it has now."""
        from kubernetes.watch import Watch

        last = self.world.live_deployment()
        self.replicas.add(last.spec.replicas)
        if last.metadata.resource_version == self.began:
            return
        watch = Watch()
        guard = threading.Timer(20, watch.stop)
        guard.start()
        list_deployments = self.world.official.apps.list_namespaced_deployment
        for event in watch.stream(
            list_deployments, self.world.namespace, resource_version=self.began, timeout_seconds=20
        ):
            self.replicas.add(event["object"].spec.replicas)
            if event["object"].metadata.resource_version == last.metadata.resource_version:
                watch.stop()
        guard.cancel()
