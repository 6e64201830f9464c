"""Informers on a real API server: the store follows what the official client does."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from kubectl_prism.kube.client import Client
from kubectl_prism.kube.informer import Informer
from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.resource import RESOURCES, Resource
from kubectl_prism.store import Store
from tests.kube.conftest import running, until


def definition(widget: Resource) -> Manifest:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": "Widget", "plural": widget.plural}
    return {
        "metadata": {"name": widget.full_name},
        "spec": {"group": widget.group, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def data(store: Store, namespace: str) -> dict[str, dict[str, str]]:
    objects = {obj["metadata"]["name"]: obj.get("data", {}) for obj in store.list("ConfigMap", namespace)}
    return {name: found for name, found in objects.items() if name != "kube-root-ca.crt"}


def widgets(store: Store, namespace: str) -> list[str]:
    return sorted(obj["metadata"]["name"] for obj in store.list("Widget", namespace))


@pytest.fixture
async def widget(real: Client, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Resource]:
    """A kind known to us that the server does not serve yet; no trace of it is left."""
    made_up = Resource("Widget", f"{uuid.uuid4().hex[:8]}.prism.test", "v1", "widgets")
    monkeypatch.setitem(RESOURCES, "Widget", made_up)
    yield made_up
    for found in await real.list("CustomResourceDefinition", fields=f"metadata.name={made_up.full_name}"):
        await real.delete("CustomResourceDefinition", "", found["metadata"]["name"])


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "paged"])
async def test_the_store_follows_the_server(
    real: Client,
    official: Any,  # noqa: ANN401 (the official client ships no types)
    namespace: str,
    streams: bool,
) -> None:
    """What existed, what is made, changed and deleted later: all of it shows, whole, and both ways of listing agree."""
    from kubernetes.client import CoreV1Api

    core = CoreV1Api(official)
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "old"}, "data": {"x": "1"}})
    store = Store()
    real.streams_lists = streams
    informer = Informer(real, store, "ConfigMap", namespace=namespace)
    async with running(informer):
        await until(informer.synced.is_set)
        assert data(store, namespace) == {"old": {"x": "1"}}
        core.create_namespaced_config_map(namespace, {"metadata": {"name": "new"}, "data": {"x": "ü"}})
        core.patch_namespaced_config_map("old", namespace, {"data": {"x": "2"}})
        await until(lambda: data(store, namespace) == {"old": {"x": "2"}, "new": {"x": "ü"}})
        core.delete_namespaced_config_map("old", namespace)
        await until(lambda: data(store, namespace) == {"new": {"x": "ü"}})
        read = core.read_namespaced_config_map("new", namespace)
    assert real.streams_lists is streams
    assert informer.error is None
    found = store.get("ConfigMap", namespace, "new")
    assert found is not None
    assert found["metadata"]["resourceVersion"] == read.metadata.resource_version
    assert (found["apiVersion"], found["kind"]) == ("v1", "ConfigMap")


async def test_labels_decide_what_comes_in_and_what_leaves(real: Client, official: Any, namespace: str) -> None:  # noqa: ANN401
    """An object that loses the label leaves the store, as if it were deleted."""
    from kubernetes.client import CoreV1Api

    core = CoreV1Api(official)
    store = Store()
    informer = Informer(real, store, "ConfigMap", namespace=namespace, labels="mine=yes")
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "other"}})
    async with running(informer):
        await until(informer.synced.is_set)
        core.create_namespaced_config_map(namespace, {"metadata": {"name": "a", "labels": {"mine": "yes"}}})
        await until(lambda: list(data(store, namespace)) == ["a"])
        core.patch_namespaced_config_map("a", namespace, {"metadata": {"labels": {"mine": None}}})
        await until(lambda: data(store, namespace) == {})


async def test_a_kind_comes_and_goes_under_the_informer(
    real: Client,
    official: Any,  # noqa: ANN401 (the official client ships no types)
    namespace: str,
    widget: Resource,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before its CRD there is nothing and no error, after it there are objects, and without it again nothing."""
    from kubernetes.client import ApiextensionsV1Api, CustomObjectsApi

    monkeypatch.setattr("kubectl_prism.kube.backoff.FIRST", 0.05)
    store = Store()
    informer = Informer(real, store, "Widget")
    extensions, custom = ApiextensionsV1Api(official), CustomObjectsApi(official)
    async with running(informer):
        await until(informer.synced.is_set)
        assert (informer.is_served, informer.error) == (False, None)
        extensions.create_custom_resource_definition(definition(widget))
        await until(lambda: informer.is_served)
        body = {"apiVersion": widget.api_version, "kind": "Widget", "metadata": {"name": "w"}}
        custom.create_namespaced_custom_object(widget.group, "v1", namespace, "widgets", body)
        await until(lambda: widgets(store, namespace) == ["w"])
        extensions.delete_custom_resource_definition(widget.full_name)
        await until(lambda: not informer.is_served)
    assert store.list("Widget") == ()


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "paged"])
async def test_a_hostile_object_blinds_nobody_else(
    real: Client,
    official: Any,  # noqa: ANN401 (the official client ships no types)
    namespace: str,
    widget: Resource,
    streams: bool,
) -> None:
    """The server stores an object that no Python decoder can read: the others are seen, before it and after."""
    from kubernetes.client import ApiextensionsV1Api

    ApiextensionsV1Api(official).create_custom_resource_definition(definition(widget))
    await _until_served(real)
    path = widget.path(namespace)

    async def create(name: str, spec: bytes) -> None:
        head = f'{{"apiVersion":"{widget.api_version}","kind":"Widget","metadata":{{"name":"{name}"}},"spec":'
        await real.request("POST", path, body=head.encode() + spec + b"}")

    await create("before", b"{}")
    await create("hostile", b'{"a":' * 3000 + b"1" + b"}" * 3000)
    store = Store()
    real.streams_lists = streams
    informer = Informer(real, store, "Widget", namespace=namespace)
    async with running(informer):
        await until(informer.synced.is_set)
        await create("after", b"{}")
        await create("hostile-too", b"[" * 3000 + b"]" * 3000)
        await create("last", b"{}")
        await until(lambda: widgets(store, namespace) == ["after", "before", "last"])
        await until(lambda: informer.faults == 2)


async def _until_served(real: Client) -> None:
    """Wait until the server serves widgets and their storage is ready."""
    for _ in range(200):
        if await real.has("Widget"):
            return
    raise AssertionError("the CRD was not established")
