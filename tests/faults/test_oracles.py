"""The oracles and the plan themselves: each says no where it should."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import replace

import pytest

from tests.faults import oracles
from tests.faults.conftest import PROPERTY, Gathered, scope
from tests.faults.oracles import Run
from tests.faults.plan import Asked, Call, Cut, Plan, Refuse, Rule, asked
from tests.faults.report import Result, page
from tests.faults.stage import Stage
from tests.faults.test_shedding import waits
from tests.reconcile.kinds.world import eventually

RUN = Run({}, Counter({"services/a": 1}), Counter(), Counter({"create services/a/": 1, "patch deployments/a/": 9}))


def test_another_end_is_told_field_by_field(stage: Stage) -> None:
    """O1 names the field that differs, and an object that is missing; what is masked makes no difference."""
    stage.world.create("ConfigMap", "a", data={"key": "value"})
    before = oracles.state(stage.world)
    stage.world.patch("ConfigMap", "a", {"data": {"key": "other"}})
    with pytest.raises(AssertionError, match=r"ConfigMap/a\.data\.key: 'other' where it should be 'value'"):
        oracles.equals(stage.world, before)
    stage.world.patch("ConfigMap", "a", {"data": {"key": "value"}})
    assert oracles.equals(stage.world, before)
    stage.world.delete("ConfigMap", "a")
    with pytest.raises(AssertionError, match="ConfigMap/a: None"):
        oracles.equals(stage.world, before)


@pytest.mark.parametrize(
    "run",
    [
        replace(RUN, made=Counter({"services/a": 2})),
        replace(RUN, removed=Counter({"services/a": 1})),
        replace(RUN, written=Counter({"patch deployments/a/": 13})),
        replace(RUN, written=RUN.written + Counter({"patch prismpatterns/a/status": 7})),
        replace(RUN, again=Counter({"prismpatterns/a": 2, "prismpatterns/b": 1})),
    ],
    ids=["made twice", "removed", "writes", "statuses", "statuses again"],
)
def test_more_than_the_reference_did_is_too_much(run: Run) -> None:
    """O2 and O6 refuse a second create, a delete that should not be, and many more writes."""
    oracles.is_sparing(RUN, RUN)
    with pytest.raises(AssertionError):
        oracles.is_sparing(run, RUN)


def test_a_status_counts_as_said_before_whenever_it_was() -> None:
    """Its times do not make it another; what another object says, and what the server refused, does not count."""
    said = []
    for name, phase, time in (("a", "Pending", 1), ("a", "Running", 2), ("a", "Pending", 3), ("b", "Pending", 3)):
        body = json.dumps({"status": {"phase": phase, "conditions": [{"lastTransitionTime": time}]}}).encode()
        said.append(asked("PATCH", f"/apis/prism.io/v1alpha1/namespaces/n/prismpatterns/{name}/status", {}, body))
        said[-1].status = 200
    replaced = json.dumps([{"op": "test"}, {"op": "add", "path": "/status", "value": {"phase": "Running"}}]).encode()
    for status in (200, 500):
        said.append(asked("PATCH", "/apis/prism.io/v1alpha1/namespaces/n/prismpatterns/b/status", {}, replaced))
        said[-1].status = status
    assert oracles.again(said) == {"prismpatterns/a": 1}


def test_a_write_in_a_steady_world_is_seen(stage: Stage) -> None:
    """O3 looks twice, and a resourceVersion that moved in between is told."""
    stage.world.create("ConfigMap", "a", data={"key": "0"})
    oracles.stays(stage.world, seconds=0.1)
    thread = threading.Timer(0.2, stage.world.patch, ("ConfigMap", "a", {"data": {"key": "1"}}))
    thread.start()
    with pytest.raises(AssertionError, match="ConfigMap/a"):
        oracles.stays(stage.world, seconds=2)
    thread.join()


def test_what_is_left_over_is_named(stage: Stage) -> None:
    """O4 names a child whose owner is gone, a finalizer, and a Lease that is held."""
    labels = {"app.kubernetes.io/managed-by": "prism-operator"}
    stage.world.create("ConfigMap", "orphan", metadata={"labels": labels})
    stage.world.create("ConfigMap", "kept", metadata={"finalizers": ["example.com/kept"]})
    stage.world.create("Lease", "held", spec={"holderIdentity": "somebody"})
    assert oracles.leftovers(stage.world) == [
        "ConfigMap/kept has example.com/kept",
        "ConfigMap/orphan has no owner that lives",
    ]
    assert oracles.held_leases(stage.world) == ["held"]
    stage.world.patch("ConfigMap", "kept", {"metadata": {"finalizers": None}})


def test_an_operator_that_is_not_well_is_told(stage: Stage) -> None:
    """O5 finds in the logs what nobody expected, and an exit code that is not 0."""
    with stage.operator(PRISM_FAULTS_POISON="poison:raise") as replica:
        stage.world.pattern("poison")
        eventually(replica.troubles)
        with pytest.raises(AssertionError, match="what the logs tell"):
            oracles.ends_well(replica)
    with stage.operator() as replica:
        replica.strike()
        eventually(lambda: replica.has_ended)
        assert replica.revive()
        assert replica.exits == [-9]


def test_a_rule_fires_when_it_should_and_as_often() -> None:
    """The n-th match and no other fires; rules for events do not fire at requests."""
    plan, create = Plan(), asked("POST", "/api/v1/namespaces/n/services", {}, b'{"metadata": {"name": "a"}}')
    lease = asked("PUT", "/apis/coordination.k8s.io/v1/namespaces/n/leases/l", {}, b"")
    watch = asked("GET", "/api/v1/namespaces/n/services", {"watch": "true"}, b"")
    refuse, cut = Rule(Refuse(500), writes=True, nth=2), Rule(Cut(), verb=["watch"], event=2)
    plan.lay(refuse, cut)
    assert [plan.at_request(one) for one in (lease, create, watch, create, create)] == [
        None,
        None,
        None,
        refuse.action,
        None,
    ]
    assert [plan.at_event(watch, is_event=is_event) for is_event in (True, False, True, True)] == [
        None,
        None,
        cut.action,
        None,
    ]
    assert (create.object, lease.is_write, watch.is_listing) == ("services/a", False, False)
    assert plan.at_event(create, is_event=True) is None
    assert isinstance(Rule(Call(lambda: None)).action, Call)


def test_a_report_from_a_worker_becomes_a_result() -> None:
    """What a case measured comes with its report; a failure after it, while things are put away, is one of the case."""
    gathered, about = Gathered(), [(PROPERTY, ["P2", "crash", {"runs": 3}])]
    for when, outcome in (("call", "passed"), ("teardown", "failed")):
        gathered.pytest_runtest_logreport(
            pytest.TestReport("f.py::c[1]", ("f.py", 1, "c"), {}, outcome, None, when, user_properties=about)  # type: ignore[arg-type]
        )
        assert gathered.results == {"f.py::c[1]": Result("P2", "crash", when == "call", "f.py::c[1]", {"runs": 3})}


def test_cases_that_share_a_cluster_go_to_one_worker() -> None:
    """A cluster of its own is started once; all other cases go to whoever is free."""
    assert scope("tests/faults/test_stale.py::case[1]") == "tests/faults/test_stale.py"
    assert scope("tests/faults/test_crashes.py::case[1]") == "tests/faults/test_crashes.py::case[1]"


def test_the_page_counts_what_ran() -> None:
    """The table holds the runs, those within a case too, the failures by name and the worst figure of each line."""
    results = [
        Result("P10", "busy", True, "a", {"seconds": 1.0}),
        Result("P2", "crash", True, "b", {"seconds": 1.0, "runs": 5}),
        Result("P2", "crash", False, "c", {"seconds": 2.5}),
    ]
    lines = page(results, quiet=3).splitlines()
    rows = [line for line in lines if line.startswith("| P")]
    assert rows[1] == "| P2 | crash | 6 | 5 | 1 | 2.5 seconds |"
    assert rows[9] == "| P10 | busy | 1 | 1 | 0 | 1 seconds |"
    assert (len(rows), rows[2]) == (20, "| P3 | not run | 0 | 0 | 0 | |")
    assert "- `c`" in lines


def test_a_refused_object_counts_as_looked_at_when_it_or_its_child_is() -> None:
    """A status that comes late, for its child was refused at the next look, is no late look; silence until then is."""

    def call(resource: str, name: str, *, began: float, again: float = 0.0) -> Asked:
        status = 429 if again else 200
        return Asked("patch", "", resource, "", name, "", {}, began=began, ended=began, status=status, again=again)

    refused, later = call("statuses", "a", began=0, again=10), call("statuses", "a", began=25)
    between = {"a-child": 10, "other": 10, "a-early": 5}
    looks = {name: waits([refused, call("children", name, began=at), later])[0].looked for name, at in between.items()}
    assert looks == {"a-child": 10, "other": 25, "a-early": 25}
