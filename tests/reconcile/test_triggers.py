"""Which changes wake whom: news and echoes, owners by uid, and mapped kinds."""

from __future__ import annotations

import pytest

from kubectl_prism.model.meta import Manifest, owner_reference
from kubectl_prism.reconcile.request import Request
from kubectl_prism.reconcile.triggers import is_news, requests
from kubectl_prism.store import Change, Store
from tests.reconcile.fake import config_map

OWNER = {
    "apiVersion": "prism.io/v1alpha1",
    "kind": "PrismStack",
    "metadata": {"name": "s", "namespace": "default", "uid": "1"},
}
WAKES = Request("PrismStack", "default", "s")


def generated(**metadata: object) -> Manifest:
    """Return an object of a kind that counts generations."""
    return {"metadata": {"generation": 1, "resourceVersion": "1", **metadata}, "status": {"phase": str(metadata)}}


def woken(old: Manifest | None, new: Manifest | None, *, owner: Manifest | None = None) -> set[Request]:
    """Return who is woken by a change of a ConfigMap."""
    store = Store()
    if owner is not None:
        store.put("PrismStack", owner)
    return requests(Change("ConfigMap", old, new), kind="PrismStack", owns=["ConfigMap"], watches={}, store=store)


@pytest.mark.parametrize(
    "metadata",
    [
        {"generation": 2},
        {"labels": {"a": "1"}},
        {"annotations": {"a": "1"}},
        {"finalizers": ["prism.io/x"]},
        {"deletionTimestamp": "2030-01-01T00:00:00Z"},
        {"ownerReferences": [owner_reference(OWNER)]},
        {"uid": "2"},
    ],
)
def test_what_somebody_meant_is_news(metadata: Manifest) -> None:
    """Spec, deletion, finalizers, labels, annotations and owners."""
    assert is_news(generated(), generated(**metadata))


def test_status_and_bookkeeping_are_no_news() -> None:
    """Our own status write does not wake us, with or without a generation."""
    echo: Manifest = {"resourceVersion": "2", "managedFields": [{}]}
    assert not is_news(generated(), generated(**echo))
    assert not is_news(generated(), generated(**echo, annotations={"deployment.kubernetes.io/revision": "2"}))
    assert not is_news(config_map("a", data={"a": "1"}), {**config_map("a", data={"a": "1"}, **echo), "status": {}})
    assert is_news(config_map("a", data={"a": "1"}), config_map("a", data={"a": "2"}))


def test_appearing_and_vanishing_are_news() -> None:
    """Whatever else is so."""
    assert is_news(None, generated())
    assert is_news(generated(), None)


def test_a_changed_child_wakes_its_controller() -> None:
    """By kind and name of the controlling reference; a reference that controls nothing wakes nobody."""
    child = config_map("c", ownerReferences=[owner_reference(OWNER)])
    assert woken(None, child) == {WAKES}
    assert woken(None, child, owner=OWNER) == {WAKES}
    assert woken(None, config_map("c", ownerReferences=[{**owner_reference(OWNER), "controller": False}])) == set()
    assert woken(None, config_map("c", ownerReferences=[{**owner_reference(OWNER), "kind": "Other"}])) == set()


def test_a_child_of_an_earlier_life_wakes_only_by_going() -> None:
    """Its name is free then."""
    child = config_map("c", ownerReferences=[{**owner_reference(OWNER), "uid": "earlier"}])
    assert woken(None, child, owner=OWNER) == set()
    assert woken(child, None, owner=OWNER) == {WAKES}


def test_a_stripped_reference_wakes_who_was_in_it() -> None:
    """The owner before counts as much as the owner after."""
    owned = config_map("c", ownerReferences=[owner_reference(OWNER)])
    assert woken(owned, config_map("c"), owner=OWNER) == {WAKES}


def test_mapped_kinds_wake_whom_the_mapper_names() -> None:
    """A change of a Secret wakes who uses it."""
    found = requests(
        Change("Secret", None, {"metadata": {"name": "x"}}),
        kind="PrismStack",
        owns=[],
        watches={"Secret": lambda change: [WAKES, WAKES]},
        store=Store(),
    )
    assert found == {WAKES}


@pytest.mark.parametrize(
    "obj", [{}, {"metadata": None}, {"metadata": {"ownerReferences": ["odd", {"controller": True}]}}]
)
def test_odd_objects_wake_nobody_and_break_nothing(obj: Manifest) -> None:
    """One odd object never stops the others."""
    assert woken(None, obj) == set()
    assert is_news(obj, obj) is False
