"""The store: what readers see, what subscribers hear, and that its indexes never lie."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest
from kubectl_prism.store import Change, Store


def pod(
    name: str, *, version: str = "1", uid: str = "", owner: str = "", stack: str = "", namespace: str = "n"
) -> Manifest:
    metadata: dict[str, Any] = {"name": name, "namespace": namespace, "resourceVersion": version, "uid": uid or name}
    if owner:
        metadata["ownerReferences"] = [{"uid": "someone"}, {"uid": owner, "controller": True}]
    if stack:
        metadata["labels"] = {"stack": stack}
    return {"kind": "Pod", "metadata": metadata}


def recorded(store: Store) -> list[Change]:
    changes: list[Change] = []
    store.subscribe(changes.append)
    return changes


def names(objects: tuple[Manifest, ...]) -> list[str]:
    return [obj["metadata"]["name"] for obj in objects]


def test_a_snapshot_does_not_change_under_its_reader() -> None:
    """What `list` returned stays as it was, whatever is written later."""
    store = Store()
    store.put("Pod", pod("a"))
    snapshot = store.list("Pod")
    store.put("Pod", pod("b"))
    store.remove("Pod", "n", "a")
    assert names(snapshot) == ["a"]
    assert names(store.list("Pod")) == ["b"]


def test_a_snapshot_is_shared_until_the_next_write() -> None:
    """Reading twice costs one copy, so that a screen may read as often as it likes."""
    store = Store()
    store.put("Pod", pod("a"))
    assert store.list("Pod", "n") is store.list("Pod", "n")


def test_namespaces_are_told_apart() -> None:
    """The same name in another namespace is another object."""
    store = Store()
    store.put("Pod", pod("a", namespace="n"))
    store.put("Pod", pod("a", namespace="m"))
    assert len(store.list("Pod")) == 2
    assert len(store.list("Pod", "m")) == 1
    assert store.get("Pod", "x", "a") is None


def test_the_known_version_is_not_reported_again() -> None:
    """A watch that resumes may repeat objects; nobody is woken for that."""
    store = Store()
    changes = recorded(store)
    store.put("Pod", pod("a", version="7"))
    store.put("Pod", pod("a", version="7"))
    assert len(changes) == 1


def test_replace_reports_what_went_away_unseen() -> None:
    """A deletion that the watch missed surfaces at the next list, before what is new."""
    store = Store()
    store.put("Pod", pod("gone"))
    store.put("Pod", pod("kept"))
    changes = recorded(store)
    store.replace("Pod", [pod("kept"), pod("new")])
    assert changes == [Change("Pod", pod("gone"), None), Change("Pod", None, pod("new"))]


def test_a_name_with_a_new_uid_is_a_deletion_and_an_addition() -> None:
    """Someone deleted and made it again while we did not look: it is not the object we knew."""
    store = Store()
    old, new = pod("a", uid="1", owner="o"), pod("a", uid="2", version="9")
    store.put("Pod", old)
    changes = recorded(store)
    store.replace("Pod", [new])
    assert changes == [Change("Pod", old, None), Change("Pod", None, new)]
    assert store.owned("o") == ()


def test_replace_within_a_namespace_leaves_the_others_alone() -> None:
    """An informer of one namespace does not speak for the rest."""
    store = Store()
    store.put("Pod", pod("a", namespace="n"))
    store.put("Pod", pod("b", namespace="m"))
    store.replace("Pod", [], namespace="n")
    assert names(store.list("Pod")) == ["b"]


def test_subscribers_see_the_whole_replacement_at_the_first_report() -> None:
    """Whoever reads the store during a callback sees one state, not half of a list."""
    store = Store()
    store.put("Pod", pod("gone"))
    seen: list[list[str]] = []
    store.subscribe(lambda change: seen.append(names(store.list("Pod"))))
    store.replace("Pod", [pod("a"), pod("b")])
    assert seen == [["a", "b"]] * 3


def test_children_are_found_by_their_controller_only() -> None:
    """An owner that is not the controller does not own, and a kind can be picked."""
    store = Store()
    store.put("Pod", pod("a", owner="o"))
    store.put("Service", pod("s", owner="o"))
    assert names(store.owned("o")) == ["a", "s"]
    assert names(store.owned("o", "Service")) == ["s"]
    assert store.owned("someone") == ()


def test_a_lost_label_leaves_the_stack() -> None:
    """The stack index follows the label, also when it is taken off."""
    store = Store()
    store.put("Pod", pod("a", stack="s"))
    assert names(store.labelled("Pod", "n", "stack", "s")) == ["a"]
    assert store.labelled("Pod", "m", "stack", "s") == ()
    store.put("Pod", pod("a", version="2"))
    assert store.labelled("Pod", "n", "stack", "s") == ()


def test_whoever_unsubscribes_hears_no_more() -> None:
    """The callable that `subscribe` returns ends it, and may be called twice."""
    store = Store()
    changes: list[Change] = []
    leave = store.subscribe(changes.append)
    leave()
    leave()
    store.put("Pod", pod("a"))
    assert changes == []


def test_a_failing_subscriber_reaches_the_writer_and_the_store_holds() -> None:
    """Nothing is swallowed, and what was written is written."""
    store = Store()

    def fail(change: Change) -> None:
        raise LookupError(change.kind)

    store.subscribe(fail)
    with pytest.raises(LookupError):
        store.put("Pod", pod("a"))
    assert names(store.list("Pod")) == ["a"]


writes = strategies.lists(
    strategies.tuples(
        strategies.sampled_from(["put", "remove", "replace"]),
        strategies.sampled_from("abc"),
        strategies.sampled_from(["", "o", "p"]),
        strategies.sampled_from(["", "s", "t"]),
        strategies.sampled_from(["u1", "u2"]),
    ),
    max_size=30,
)


@given(writes)
def test_indexes_agree_with_the_objects_after_any_writes(steps: list[tuple[str, str, str, str, str]]) -> None:
    """Indexes are what a scan of all objects would find, and the changes add up to the state."""
    store = Store()
    changes = recorded(store)
    for version, (verb, name, owner, stack, uid) in enumerate(steps):
        obj = pod(name, version=str(version + 1), uid=uid, owner=owner, stack=stack)
        match verb:
            case "put":
                store.put("Pod", obj)
            case "remove":
                store.remove("Pod", "n", name)
            case _:
                store.replace("Pod", [obj])
    everything = store.list("Pod")
    for owner in ("o", "p"):
        scanned = [obj for obj in everything if (meta.controller_of(obj) or {}).get("uid") == owner]
        assert sorted(names(store.owned(owner))) == sorted(names(tuple(scanned)))
    for stack in ("s", "t"):
        scanned = [obj for obj in everything if meta.labels(obj).get("stack") == stack]
        assert sorted(names(store.labelled("Pod", "n", "stack", stack))) == sorted(names(tuple(scanned)))
    known: dict[str, Manifest] = {}
    for change in changes:
        if change.new is None:
            assert change.old is not None
            assert known.pop(change.old["metadata"]["name"]) == change.old
        else:
            assert known.get(change.new["metadata"]["name"]) == change.old
            known[change.new["metadata"]["name"]] = change.new
    assert sorted(known) == sorted(names(everything))
