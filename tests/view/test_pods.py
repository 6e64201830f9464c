"""Every state that a pod can be in reads as what it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_prism.model.meta import Manifest
from kubectl_prism.view import pods, scheduling
from kubectl_prism.view.health import Severity
from kubectl_prism.view.pods import Trouble
from tests.view.objects import NOW, UNSCHEDULABLE, container, pod, unschedulable


def waiting(reason: str, message: str = "") -> Manifest:
    return container(state={"waiting": {"reason": reason, "message": message}})


CASES: list[tuple[Manifest, Severity, str, str]] = [
    (unschedulable(), Severity.BAD, "Unschedulable", "no node fits: 6 of 9 do not match its node selector or affinity"),
    (
        waiting("ImagePullBackOff", 'Back-off pulling "x"'),
        Severity.BAD,
        "ImagePullBackOff",
        "image x/y:1 cannot be pulled",
    ),
    (waiting("ErrImagePull", "not found"), Severity.BAD, "ErrImagePull", "image x/y:1 cannot be pulled: not found"),
    (waiting("InvalidImageName"), Severity.BAD, "InvalidImageName", "x/y:1 is not the name of an image"),
    (
        waiting("CreateContainerConfigError", 'secret "s" not found'),
        Severity.BAD,
        "CreateContainerConfigError",
        'secret "s"',
    ),
    (waiting("ContainerCreating"), Severity.WAITING, "Pending", "waits for the scheduler"),
    ({"phase": "Succeeded"}, Severity.OK, "Completed", ""),
    ({"phase": "Failed", "reason": "Evicted", "message": "disk"}, Severity.BAD, "Evicted", "disk"),
    ({"phase": "Pending"}, Severity.WAITING, "Pending", "waits for the scheduler"),
    (
        container(
            state={"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m"}},
            lastState={"terminated": {"exitCode": 3}},
            restartCount=4,
        ),
        Severity.BAD,
        "CrashLoopBackOff",
        "container main ended with exit code 3, again and again",
    ),
    (
        container(state={"waiting": {"reason": "CrashLoopBackOff"}}, lastState={"terminated": {"reason": "OOMKilled"}}),
        Severity.BAD,
        "CrashLoopBackOff",
        "used more memory than its limit",
    ),
    (
        {**container(state={"running": {}}), "phase": "Running"},
        Severity.WAITING,
        "NotReady",
        "runs, but main does not answer its readiness probe",
    ),
]


@pytest.mark.parametrize(("status", "severity", "word", "explanation"), CASES)
def test_a_pod_reads_as_what_it_is(status: Manifest, severity: Severity, word: str, explanation: str) -> None:
    """Severity, word and explanation follow from the status."""
    obj = pod("p", "r", **status)
    del obj["spec"]["nodeName"]
    health = pods.judged(obj)
    assert (health.severity, health.word) == (severity, word)
    assert explanation in health.explanation


def test_a_pod_that_has_a_node_is_starting() -> None:
    """A pod that is placed and has no container yet is not waiting for the scheduler."""
    assert pods.judged(pod("p", "r", phase="Pending")).word == "Starting"


def test_a_row_counts_containers_and_restarts_and_knows_simulated_nodes() -> None:
    """A running pod's row says how many containers are ready, where it runs and for how long."""
    row = pods.row(pod("p", "r"), NOW, simulated_nodes=frozenset({"node-1"}))
    assert (row.ready, row.restarts, row.node, row.age, row.simulated) == ("1/1", 0, "node-1", "3m", True)
    assert row.health.is_ok


def test_trouble_names_only_what_time_will_not_mend() -> None:
    """Creating, not ready and terminating pods are no trouble; the first in the alphabet of others is named."""
    passing = [pod("a", "r"), pod("b", "r", phase="Pending"), pod("c", "r", **waiting("ContainerCreating"))]
    leaving = pod("d", "r", **unschedulable())
    leaving["metadata"]["deletionTimestamp"] = "2026-01-02T03:00:00Z"
    assert pods.trouble([*passing, leaving]) is None
    both = [*passing, pod("e", "r", **unschedulable()), pod("f", "r", **waiting("ErrImagePull"))]
    assert pods.trouble(both) == Trouble("ImagePullBackOff", "image x/y:1 cannot be pulled")


def test_trouble_reads_the_same_while_the_cause_is_the_same() -> None:
    """Neither the number of nodes nor the two faces of a pull error change the text."""
    fewer = UNSCHEDULABLE.replace("3 node(s)", "14 node(s)").replace("0/9", "0/20")
    texts = [pods.trouble([pod("p", "r", **unschedulable(text))]) for text in (UNSCHEDULABLE, fewer)]
    assert texts[0] == texts[1]
    assert texts[0] == Trouble(
        "Unschedulable",
        "no node fits: nodes do not match its node selector or affinity, have a taint that it does not tolerate",
    )
    faces = [pods.trouble([pod("p", "r", **waiting(reason))]) for reason in ("ErrImagePull", "ImagePullBackOff")]
    assert faces[0] == faces[1]


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (UNSCHEDULABLE, "6 of 9 do not match its node selector or affinity, 3 have a taint that it does not tolerate"),
        ("0/1 nodes are available: 1 Insufficient cpu.", "1 of 1 have too little cpu left"),
        (
            "0/2 nodes are available: 2 node(s) had untolerated taint {node.kubernetes.io/not-ready: }. preemption: no",
            "2 of 2 have the taint node.kubernetes.io/not-ready",
        ),
        (
            "0/2 nodes are available: 2 node(s) had untolerated taint {dedicated: db}.",
            "2 of 2 have the taint dedicated=db that it does not tolerate",
        ),
        ("0/2 nodes are available: 2 node(s) were made of cheese.", "2 of 2 node(s) were made of cheese"),
        ("no nodes available to schedule pods", "there are no nodes"),
        ("", "the scheduler did not say why"),
        ("words of another scheduler", "words of another scheduler"),
    ],
)
def test_the_schedulers_sentence_is_put_into_words(message: str, sentence: str) -> None:
    """Each rule that excludes nodes is named with their number, most first; what is not known is passed on."""
    assert scheduling.sentence(message) == sentence


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("phase", "conditions", "containerStatuses", "initContainerStatuses", "message", "reason")


@given(status=st.dictionaries(st.sampled_from(FIELDS), JSON), spec=JSON)
def test_no_odd_pod_raises(status: Manifest, spec: object) -> None:
    """Whatever stands in a status, a row comes out."""
    odd = {"kind": "Pod", "metadata": {"name": "odd"}, "spec": spec, "status": status}
    assert pods.row(odd, NOW).name == "odd"
    pods.trouble([odd])
