"""The first page says of a stack what its tree says, and looks only at the pods of what is not fine."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given

from kubectl_prism.model.meta import Manifest, Ref
from kubectl_prism.view import overview
from kubectl_prism.view.health import Severity
from kubectl_prism.view.objects import Objects
from kubectl_prism.view.stack import trees
from kubectl_prism.view.table import Row
from kubectl_prism.view.waits import tree_reasons
from tests.view.objects import NOW, conditions, container, deployment, named, pod, unschedulable
from tests.view.odd import worlds


def stack(name: str = "demo", *, wants: tuple[str, ...] = ("kv",), status: Manifest | None = None) -> Manifest:
    spec = {"patterns": [{"name": want} for want in wants]}
    return named("PrismStack", name, spec=spec, status=status or conditions())


def pattern(owner: Manifest | None, *, status: Manifest | None = None, name: str = "kv") -> Manifest:
    return named("PrismPattern", name, owner=owner, spec={}, status=status or conditions())


def world(
    *,
    owner: Manifest | None = None,
    status: Manifest | None = None,
    available: int = 2,
    pods: tuple[Manifest, ...] = (),
) -> Objects:
    owner = owner or stack()
    kv = pattern(owner, status=status)
    return Objects(
        stacks=(owner,),
        patterns=(kv,),
        backends=(named("PrismBackend", "cache", owner=owner, status=conditions("Unknown", message="too far")),),
        namespaces=(named("PrismNamespace", "free", status=conditions()),),
        deployments=(
            deployment("demo-proxy", owner, "prism-proxy", wanted=3, available=3),
            deployment("demo-admin", owner, "prism-admin"),
            deployment("kv", kv, "prism-pattern", wanted=2, available=available),
        ),
        pods=pods,
    )


REFUSED = deployment("kv", pattern(stack()), "prism-pattern", available=0)
REFUSED["status"]["conditions"] = [{"type": "ReplicaFailure", "status": "True", "message": "quota"}]
GOING = stack()
GOING["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["prism.io/x"]}

CRASHING = container(state={"waiting": {"reason": "CrashLoopBackOff"}}, restartCount=3)
WORLDS: Mapping[str, Objects] = {
    "nothing": Objects(),
    "healthy": world(),
    "a pod that no node takes": world(available=1, pods=(pod("kv-1", "kv", **unschedulable()), pod("kv-2", "kv"))),
    "a pod that crashes": world(available=0, pods=(pod("kv-1", "kv", **CRASHING),)),
    "a bad pod of a Deployment that is fine": world(pods=(pod("kv-1", "kv", **CRASHING),)),
    "pods that are refused": Objects(stacks=(stack(),), patterns=(pattern(stack()),), deployments=(REFUSED,)),
    "a pattern on its way": world(status=conditions("False", reason="BackendNotReady", message="waits for redis")),
    "a pattern that is stuck, its pods fine": world(
        status=conditions("False", reason="NameTaken", message="no", stalled="True"), pods=(pod("kv-1", "kv"),)
    ),
    "a stack on its way": world(owner=stack(status=conditions("False", reason="Waiting", message="for kv"))),
    "a stack that is stuck": world(
        owner=stack(status=conditions("False", reason="NameTaken", message="demo-proxy\nis taken", stalled="True"))
    ),
    "a stack on its way out": world(owner=GOING),
    "children that nobody made": Objects(stacks=(stack(wants=("kv", "late")),)),
    "patterns without a stack": Objects(patterns=(pattern(None), pattern(None, name="p", status={"conditions": []}))),
}


def cell(row: Row, column: str) -> str:
    return row.cells[[one.name for one in overview.COLUMNS].index(column)].text


@pytest.mark.parametrize("objects", WORLDS.values(), ids=WORLDS)
def test_a_row_agrees_with_the_tree(objects: Objects) -> None:
    """Severity, word and first reason are those that `status` and `up` show, in the same order."""
    found = overview.rows(objects, NOW)
    expected = [
        (tree.severity, tree.verdict.word, tree.verdict.severity, " ".join("".join(tree_reasons(tree)[:1]).split()))
        for tree in trees(objects, NOW)
    ]
    assert [(row.severity, cell(row, "STATUS"), row.cells[1].severity, cell(row, "WAITS FOR")) for row in found] == (
        expected
    )


@pytest.mark.parametrize("objects", WORLDS.values(), ids=WORLDS)
def test_the_pods_that_are_ready_are_counted_alike(objects: Objects) -> None:
    """What the sparkline is drawn from is what the column shows, row by row."""
    counted = {row.key: cell(row, "READY").split()[0] for row in overview.rows(objects, NOW)}
    assert counted == {
        key: f"{available}/{wanted}" if wanted else "-" for key, (available, wanted) in overview.ready(objects).items()
    }


def test_a_row_counts_every_part() -> None:
    """Pods of proxies, admins and patterns; patterns, backends and namespaces by how many are Ready."""
    (first, second) = overview.rows(world(available=1), NOW)
    assert (first.key, first.ref, [one.text for one in first.cells]) == (
        "PrismStack shop/demo",
        Ref("PrismStack", "shop", "demo"),
        [
            *("shop/demo", "Degraded", "5/6 ███████░", "3/3", "1/1", "0/1", "0/1", "-"),
            *("pattern kv (1/2 ready): 1 of 2 pods are ready", "3m"),
        ],
    )
    assert [one.severity for one in first.cells[3:7]] == [
        *(Severity.OK, Severity.OK, Severity.WAITING, Severity.UNKNOWN)
    ]
    assert (second.key, second.ref, [one.text for one in second.cells]) == (
        "Namespace shop",
        None,
        ["shop (no stack)", "Ready", "-", "-", "-", "-", "-", "1/1", "", ""],
    )


def test_what_is_missing_is_said() -> None:
    """A stack without its proxies has none of none, which a number would hide."""
    (row,) = overview.rows(Objects(stacks=(stack(wants=()),)), NOW)
    assert [one.text for one in row.cells[3:5]] == ["missing", "missing"]
    (row,) = overview.rows(Objects(stacks=(stack(wants=()),), unread=frozenset({"Deployment"})), NOW)
    assert [one.text for one in row.cells[3:5]] == ["unknown", "unknown"]


def test_the_worst_comes_first() -> None:
    """What is wrong is read before what waits, and that before what is fine."""
    fine = stack("a", wants=())
    without = Objects(
        stacks=(fine, stack("b", wants=()), stack("c", status=conditions("False", stalled="True"))),
        deployments=(deployment("a-proxy", fine, "prism-proxy"), deployment("a-admin", fine, "prism-admin")),
    )
    assert [row.cells[0].text for row in overview.rows(without, NOW)] == ["shop/c", "shop/b", "shop/a"]


def test_pods_of_what_is_fine_are_not_looked_at() -> None:
    """Ten thousand pods that run cost nothing: only those of a Deployment that is not OK are asked for."""
    asked: list[Mapping[str, object]] = []

    class Watched(Objects):
        def matching(self, namespace: str, labels: Mapping[str, object]) -> list[Manifest]:
            asked.append(labels)
            return super().matching(namespace, labels)

    seen = world(available=1)
    overview.rows(Watched(**{name: getattr(seen, name) for name in Objects.__dataclass_fields__}), NOW)
    assert asked == [{"runner": "kv"}]


@given(worlds())
def test_odd_objects_do_not_stop_the_page(objects: Objects) -> None:
    """Whatever somebody stored, there is a row for each stack."""
    found = overview.rows(objects, NOW)
    assert len([row for row in found if row.ref]) == len(objects.stacks)
    assert {row.key for row in found} == overview.ready(objects).keys()
