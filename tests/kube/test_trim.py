"""What the store keeps of an object is what someone reads."""

from __future__ import annotations

from typing import Any

import kubernetes.client
import pytest

from kubectl_prism.kube import trim
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.informer import Informer
from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.resource import OUR_KINDS, RESOURCES
from kubectl_prism.store import Store
from tests.kube.conftest import running, until
from tests.kube.fake import FakeServer, config_map, page


async def test_objects_are_kept_without_managed_fields_and_with_their_kind(client: Client, server: FakeServer) -> None:
    """What builtin lists leave out is put back, and half of the bytes are dropped."""
    store = Store()
    server.play(page(config_map("a", "1", x="1"), version="1"))
    client.streams_lists = False
    informer = Informer(client, store, "ConfigMap")
    async with running(informer):
        await until(informer.synced.is_set)
    metadata = {"name": "a", "namespace": "n", "uid": "uid-a", "resourceVersion": "1"}
    assert store.list("ConfigMap") == (
        {"metadata": metadata, "data": {"x": "1"}, "apiVersion": "v1", "kind": "ConfigMap"},
    )


def test_what_is_kept_whole_loses_nothing_that_a_kind_has() -> None:
    """Measured by the official client's models; a custom resource has metadata, spec and status."""
    metadata = set(kubernetes.client.V1ObjectMeta.attribute_map.values())
    assert set(trim.WholeMetadata.__annotations__) == metadata - {"managedFields"}
    models = {kind: _model(kind) for kind in RESOURCES}
    custom = {*OUR_KINDS, "ScaledObject", "PortForward", "Logs"}
    assert {kind for kind, model in models.items() if not model} == custom
    held = {field for model in models.values() if model for field in model.attribute_map.values()}
    assert set(trim.Whole.__annotations__) == held - {"apiVersion", "kind"}


def _model(kind: str) -> Any:  # noqa: ANN401 (a class that has no types)
    found = (getattr(kubernetes.client, f"{prefix}{kind}", None) for prefix in ("V1", "V2", "CoreV1"))
    return next((model for model in found if model), None)


async def test_pods_are_kept_as_far_as_they_are_read(client: Client, server: FakeServer) -> None:
    """Of a pod in the store there are only the fields that someone reads."""
    store = Store()
    client.streams_lists = False
    pod = {
        "metadata": {"name": "p", "namespace": "n", "labels": {"stack": "s"}, "annotations": {"a": "b"}, "uid": "u"},
        "spec": {
            "nodeName": "node",
            "volumes": [{"name": "v"}],
            "containers": [{"name": "c", "image": "i", "env": [{"name": "SECRET", "value": "x"}]}],
        },
        "status": {
            "phase": "Running",
            "qosClass": "Burstable",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [
                {"name": "c", "image": "i", "ready": True, "restartCount": 2, "state": {"running": {}}, "imageID": "…"}
            ],
        },
    }
    server.play(page(pod, version="1"))
    informer = Informer(client, store, "Pod")
    async with running(informer):
        await until(informer.synced.is_set)
    assert store.list("Pod") == (
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p", "namespace": "n", "labels": {"stack": "s"}, "uid": "u"},
            "spec": {"nodeName": "node", "containers": [{"name": "c", "image": "i"}]},
            "status": {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [
                    {"name": "c", "image": "i", "ready": True, "restartCount": 2, "state": {"running": {}}}
                ],
            },
        },
    )


CONDITION = {"type": "Ready", "status": "True", "reason": "Known", "message": ""}


def test_equal_texts_of_different_objects_are_one() -> None:
    """What a thousand objects say is kept once, in lists as in mappings; nothing about the objects changes."""
    one, other = ({"spec": {"args": ["-config"], "image": "".join(["im", "age"])}} for _ in range(2))
    assert one["spec"]["image"] is not other["spec"]["image"]
    trim.share(one)
    trim.share(other)
    assert one == other == {"spec": {"args": ["-config"], "image": "image"}}
    assert one["spec"]["image"] is other["spec"]["image"]


def test_what_is_shared_does_not_grow_for_ever() -> None:
    """Names come and go; those of objects that went are forgotten."""
    for number in range(3 * trim.SHARED):
        trim.share({"name": f"name-{number}"})
    assert len(trim._texts) <= trim.SHARED + 1


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ({"spec": 7, "status": "fine"}, {}),
        ({"spec": None, "status": []}, {}),
        ({"spec": {"replicas": "x"}, "status": {"phase": 7}}, {"spec": {"replicas": "x"}, "status": {"phase": 7}}),
        ({"status": {"conditions": {}}}, {"status": {"conditions": []}}),
        (
            {"status": {"conditions": [7, {"type": "A"}, {"type": ["A"], "status": "True"}, CONDITION]}},
            {"status": {"conditions": [CONDITION]}},
        ),
        ({"status": {"conditions": [{**CONDITION, "reason": {}}]}}, {"status": {"conditions": []}}),
    ],
)
def test_what_a_server_gives_out_of_another_type_is_left_out(found: Manifest, kept: Manifest) -> None:
    """A spec, a status and conditions have the types that everybody who reads them expects, or are not there."""
    trim.odd(found)
    assert found == kept


def _pod(name: str, *, phase: str) -> Manifest:
    return {
        "metadata": {"name": name, "labels": {"app": "prism"}, "resourceVersion": phase},
        "spec": {"nodeName": name, "containers": [{"name": "c", "image": "i"}]},
        "status": {"phase": phase, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def test_what_did_not_change_is_kept_once() -> None:
    """Of a changed object only the changed parts are new; it still says what it said."""
    before, after = _pod("p", phase="Pending"), _pod("p", phase="Running")
    trim.share(after, before)
    assert after == _pod("p", phase="Running")
    assert after["spec"] is before["spec"]
    assert after["metadata"]["labels"] is before["metadata"]["labels"]
    assert after["status"]["conditions"] is before["status"]["conditions"]


def test_what_many_objects_have_in_common_is_kept_once() -> None:
    """Pods of one ReplicaSet differ in little more than their names."""
    one, other = _pod("one", phase="Running"), _pod("other", phase="Running")
    trim.share(one)
    trim.share(other, {"spec": {}, "status": {"conditions": []}})
    assert other == _pod("other", phase="Running")
    assert other["metadata"]["labels"] is one["metadata"]["labels"]
    assert other["spec"]["containers"] is one["spec"]["containers"]
    assert other["status"]["conditions"] is one["status"]["conditions"]


def test_what_is_shared_keeps_its_type() -> None:
    """1 and true are equal to Python and to nobody else."""
    before: Manifest = {"spec": {"config": {"on": True}}}
    after: Manifest = {"spec": {"config": {"on": 1}}}
    trim.share(after, before)
    assert after["spec"]["config"]["on"] is not True


def test_items_that_workloads_have_in_common_are_kept_once() -> None:
    """Two runners of one pattern differ in a variable or two: the rest of them is one object."""
    one, other = _workload("one"), _workload("other")
    trim.share(one)
    trim.share(other)
    assert other == _workload("other")
    (common, own), (others, others_own) = one["spec"]["env"], other["spec"]["env"]
    assert others is common
    assert others_own is not own
    assert one["spec"]["volumes"][0] is other["spec"]["volumes"][0]


def _workload(name: str) -> Manifest:
    env = [{"name": "PRISM_PATTERN", "value": "keyvalue"}, {"name": "PRISM_NAME", "value": name}]
    return {"metadata": {"name": name}, "spec": {"env": env, "volumes": [{"name": "tmp", "emptyDir": {}}]}}
