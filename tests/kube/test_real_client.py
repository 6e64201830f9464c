"""The client on a real API server; what became of it is read through the official client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kubectl_prism.kube.access import Ask, refused
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.config import Connection, load
from kubectl_prism.kube.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound, Unauthorized, Unreachable
from kubectl_prism.model.meta import CLIENT_MANAGER, FIELD_MANAGER, Manifest
from kubectl_prism.model.resource import resource

if TYPE_CHECKING:
    from tests.cluster import Cluster


def config_map(namespace: str, name: str = "a", **data: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": {"stack": "s"}},
        "data": data,
    }


def read(official: Any, namespace: str, name: str = "a") -> Any:  # noqa: ANN401 (the official client ships no types)
    from kubernetes.client import CoreV1Api

    return CoreV1Api(official).read_namespaced_config_map(name, namespace)


async def test_an_apply_owns_what_it_says_and_no_more(real: Client, official: Any, namespace: str) -> None:  # noqa: ANN401
    """What an apply leaves out goes away, what others wrote stays, and the field manager is ours."""
    from kubernetes.client import CoreV1Api

    await real.apply(config_map(namespace, x="1", y="1"))
    CoreV1Api(official).patch_namespaced_config_map("a", namespace, {"data": {"z": "theirs"}})
    await real.apply(config_map(namespace, x="2"))
    found = read(official, namespace)
    assert found.data == {"x": "2", "z": "theirs"}
    assert FIELD_MANAGER in {entry.manager for entry in found.metadata.managed_fields}


async def test_the_same_apply_again_changes_nothing(real: Client, namespace: str) -> None:
    """The resourceVersion of a no-op stands still."""
    first = await real.apply(config_map(namespace, x="1"))
    second = await real.apply(config_map(namespace, x="1"))
    assert first["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"]


async def test_a_dry_run_leaves_no_trace(real: Client, namespace: str) -> None:
    """The answer is that of a real apply, the object is not there."""
    shown = await real.apply(config_map(namespace, x="1"), dry_run=True)
    assert shown["data"] == {"x": "1"}
    with pytest.raises(NotFound):
        await real.get("ConfigMap", namespace, "a")


async def test_fields_of_another_manager_are_only_taken_by_force(real: Client, namespace: str) -> None:
    """Without force the conflict names the field and its owner."""
    await real.apply(config_map(namespace, x="1"))
    with pytest.raises(Conflict) as caught:
        await real.apply(config_map(namespace, x="2"), manager=CLIENT_MANAGER, force=False)
    assert caught.value.causes == [(".data.x", f'conflict with "{FIELD_MANAGER}"')]
    await real.apply(config_map(namespace, x="2"), manager=CLIENT_MANAGER)


async def test_a_status_is_applied_apart_from_its_object(real: Client, official: Any, namespace: str) -> None:  # noqa: ANN401
    """The status subresource changes the status alone."""
    from kubernetes.client import PolicyV1Api

    budget: Manifest = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "b", "namespace": namespace},
    }
    selector = {"matchLabels": {"a": "b"}}
    await real.apply(budget | {"spec": {"minAvailable": 1, "selector": selector}})
    counts = {"currentHealthy": 7, "desiredHealthy": 1, "disruptionsAllowed": 6, "expectedPods": 7}
    answer = await real.apply(budget | {"status": counts}, subresource="status")
    assert answer["status"]["currentHealthy"] == 7
    found = PolicyV1Api(official).read_namespaced_pod_disruption_budget("b", namespace)
    assert found.spec.min_available == 1


async def test_a_name_exists_once(real: Client, namespace: str) -> None:
    """A second create says so in its type."""
    await real.create(config_map(namespace))
    with pytest.raises(AlreadyExists):
        await real.create(config_map(namespace))


async def test_only_the_meant_object_is_deleted(real: Client, official: Any, namespace: str) -> None:  # noqa: ANN401
    """With a uid, an object that someone made again under the same name is safe."""
    created = await real.create(config_map(namespace))
    with pytest.raises(Conflict):
        await real.delete("ConfigMap", namespace, "a", uid="11111111-2222-3333-4444-555555555555")
    assert read(official, namespace).metadata.uid == created["metadata"]["uid"]
    await real.delete("ConfigMap", namespace, "a", uid=created["metadata"]["uid"])
    with pytest.raises(NotFound):
        await real.delete("ConfigMap", namespace, "a")


async def test_a_patch_that_tests_first_changes_only_what_it_saw(real: Client, official: Any, namespace: str) -> None:  # noqa: ANN401
    """JSON Patch operations reach the server as they are."""
    await real.create(config_map(namespace, x="1"))
    test = {"op": "test", "path": "/data/x", "value": "1"}
    await real.patch("ConfigMap", namespace, "a", [test, {"op": "replace", "path": "/data/x", "value": "2"}])
    with pytest.raises(Invalid):
        await real.patch("ConfigMap", namespace, "a", [test, {"op": "remove", "path": "/data/x"}])
    assert read(official, namespace).data == {"x": "2"}


async def test_selectors_choose(real: Client, namespace: str) -> None:
    """Labels and fields narrow a list at the server."""
    for name in ("a", "b"):
        await real.create(config_map(namespace, name))
    assert len(await real.list("ConfigMap", namespace, labels="stack=s")) == 2
    assert [obj["metadata"]["name"] for obj in await real.list("ConfigMap", namespace, fields="metadata.name=b")] == [
        "b"
    ]
    assert await real.list("ConfigMap", namespace, labels="stack=other") == []


async def test_an_invalid_object_is_explained_by_field(real: Client, namespace: str) -> None:
    """What the server complains of stands by its field."""
    with pytest.raises(Invalid) as caught:
        await real.apply(config_map(namespace, "Not_A_Name"))
    [(field, text)] = caught.value.causes
    assert field == "metadata.name"
    assert "lowercase RFC 1123" in text
    assert caught.value.message.startswith("ConfigMap Not_A_Name is invalid: metadata.name: ")


async def test_the_server_knows_its_version_and_kinds(real: Client, official: Any) -> None:  # noqa: ANN401
    """Both answers are those of the official client."""
    from kubernetes.client import VersionApi

    assert await real.version() == VersionApi(official).get_code().git_version
    assert await real.has("Deployment")
    assert await real.has("Pod")


async def test_refused_rights_are_named_before_anything_is_done(cluster: Cluster, namespace: str) -> None:
    """An access review says which verb on what is missing; a user without rights hears it, an admin nothing."""
    asks = [
        Ask("create", resource("Deployment"), namespace=namespace),
        Ask("patch", resource("PrismStack"), "status"),
        Ask("create", resource("SelfSubjectAccessReview")),
    ]
    options = Connection(kubeconfig=str(cluster.kubeconfig), context=cluster.context)
    async with Client(load(options)) as admin:
        assert await refused(admin, asks) == []
    stranger = Connection(kubeconfig=str(cluster.kubeconfig), context=cluster.context, as_user="stranger")
    async with Client(load(stranger)) as client:
        # The reviews themselves are allowed to everyone who is logged in.
        assert [str(ask) for ask in await refused(client, asks)] == [
            f"create deployments.apps in namespace {namespace}",
            "patch prismstacks.prism.io/status",
        ]
        with pytest.raises(Forbidden, match='User "stranger" cannot list resource "pods"'):
            await client.list("Pod")


async def test_a_wrong_token_is_told_from_missing_rights(cluster: Cluster) -> None:
    """The hint speaks of logging in, not of rights."""
    certified = load(Connection(kubeconfig=str(cluster.kubeconfig), context=cluster.context))
    authority = (await certified.login.credentials()).tls
    assert authority is not None
    options = Connection(server=cluster.server, token="wrong", insecure_skip_tls_verify=True)
    async with Client(load(options, {"HOME": "/nonexistent"})) as client:
        with pytest.raises(Unauthorized) as caught:
            await client.list("Pod")
    assert "log in again" in (caught.value.hint or "")


async def test_a_certificate_that_is_not_trusted_is_said_so(cluster: Cluster) -> None:
    """Neither a traceback nor a hint at the network: the words name the certificate and the flags."""
    async with Client(load(Connection(server=cluster.server), {"HOME": "/nonexistent"})) as client:
        with pytest.raises(Unreachable, match="its TLS certificate is not trusted") as caught:
            await client.version()
    assert "--certificate-authority" in (caught.value.hint or "")
