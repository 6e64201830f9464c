"""How a Deployment's state is judged: done only when every pod is of the new template and available."""

from __future__ import annotations

import pytest

from kubectl_prism.model.meta import Manifest
from kubectl_prism.reconcile.rollout import is_mere_progress, rollout


def deployment(
    desired: int | None = 3, *, observed: int = 2, conditions: tuple[Manifest, ...] = (), **counts: int
) -> Manifest:
    """Return a Deployment with these counts in its status."""
    status = {"observedGeneration": observed, "conditions": list(conditions), **counts}
    spec = {} if desired is None else {"replicas": desired}
    return {"metadata": {"name": "d", "generation": 2}, "spec": spec, "status": status}


def whole(desired: int = 3, *, observed: int = 2, conditions: tuple[Manifest, ...] = (), **counts: int) -> Manifest:
    """Return a Deployment that is all there, but for these counts."""
    full = {"replicas": desired, "updatedReplicas": desired, "availableReplicas": desired, **counts}
    found = deployment(desired, observed=observed, conditions=conditions)
    return {**found, "status": {**found["status"], **full}}


LATE = ({"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"},)
FORBIDDEN = ({"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"},)
UNSCHEDULABLE: Manifest = {
    "metadata": {"name": "p"},
    "status": {
        "conditions": [
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "Unschedulable",
                "message": "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
            }
        ]
    },
}


@pytest.mark.parametrize(
    ("found", "done", "reason", "message"),
    [
        (whole(), True, "DeploymentReady", "3/3 available"),
        (whole(observed=1), False, "DeploymentProgressing", "3/3 available"),
        (whole(updatedReplicas=1), False, "DeploymentProgressing", "3/3 available"),
        (whole(replicas=4), False, "DeploymentProgressing", "3/3 available"),
        (whole(availableReplicas=2), False, "DeploymentProgressing", "2/3 available"),
        (deployment(), False, "DeploymentProgressing", "0/3 available"),
        (deployment(conditions=LATE, replicas=3), False, "ProgressDeadlineExceeded", "0/3 available"),
        (deployment(conditions=FORBIDDEN), False, "FailedCreate", "0/3 available: exceeded quota"),
        (whole(conditions=FORBIDDEN), True, "DeploymentReady", "3/3 available"),
        (deployment(0), True, "ScaledToZero", "scaled to zero"),
        (deployment(0, replicas=2), False, "ScaledToZero", "2 still stopping"),
        (
            deployment(None, replicas=1, updatedReplicas=1, availableReplicas=1),
            True,
            "DeploymentReady",
            "1/1 available",
        ),
        ({"metadata": {"name": "d", "generation": 1}}, False, "DeploymentProgressing", "0/1 available"),
    ],
)
def test_a_rollout_is_done_when_nothing_is_left_to_do(found: Manifest, done: bool, reason: str, message: str) -> None:
    """Old pods, late pods, missing pods and an unobserved change each keep it from being done."""
    state = rollout(found, ())
    assert (state.is_done, state.reason, state.message) == (done, reason, message)


def test_a_pods_trouble_is_the_reason_why_a_rollout_is_not_done() -> None:
    """What only a person can mend is said after the counts."""
    state = rollout(deployment(), [UNSCHEDULABLE])
    assert state.reason == "Unschedulable"
    assert state.message.startswith("0/3 available: no node fits: ")
    assert state.counts == "0/3"


def test_a_pods_trouble_does_not_matter_once_the_rollout_is_done() -> None:
    """A pod that is left over does not spoil a Deployment that has all it wants."""
    assert rollout(whole(), [UNSCHEDULABLE]).reason == "DeploymentReady"


ANNOTATED: Manifest = {**deployment(), "metadata": {"name": "d", "generation": 2, "annotations": {"a": "b"}}}


@pytest.mark.parametrize(
    ("old", "new", "is_mere"),
    [
        (deployment(), deployment(replicas=3), True),
        (deployment(observed=1), deployment(), True),
        (None, deployment(), False),
        (deployment(), None, False),
        (deployment(), ANNOTATED, False),
        (deployment(), deployment(conditions=LATE), False),
        (deployment(), deployment(conditions=FORBIDDEN), False),
        (deployment(), whole(), False),
        (whole(), deployment(replicas=3, availableReplicas=2), False),
        (whole(), whole(conditions=LATE), False),
    ],
)
def test_mere_progress_is_all_that_changes_no_judgement(
    old: Manifest | None, new: Manifest | None, is_mere: bool
) -> None:
    """Coming, going, being edited, being done or no longer done, and another reason are each more than that."""
    assert is_mere_progress(old, new) is is_mere
