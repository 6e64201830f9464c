"""Pods that do not run: one finding for each cause, from the stack down to it, with the next command."""

from __future__ import annotations

from typing import Any

import pytest

from kubectl_prism.model.meta import Manifest
from kubectl_prism.view.health import Severity
from tests.view.objects import conditions, named
from tests.view.scenes import (
    ADMIN,
    PATTERN,
    PROXY,
    RUNNER,
    ago,
    chain,
    event,
    found,
    only,
    pod,
    program,
    running,
    seen,
    waiting,
)

KV = ["PrismStack demo", "PrismPattern kv", "Deployment kv", "Pod kv-1"]
STARVED = {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": ago(60), "message": "password=hunter2"}}

CASES: list[tuple[str, Manifest, str, str, str]] = [
    (
        "PRISM201",
        waiting("ImagePullBackOff", "Back-off pulling image"),
        "Image ghcr.io/prism/keyvalue-runner:latest cannot be pulled: its registry may want a login, and none is given",
        "Deployment kv",
        "kubectl create secret docker-registry ghcr-secret --docker-server=ghcr.io --docker-username=USER"
        " --docker-password=TOKEN --namespace=shop",
    ),
    (
        "PRISM201",
        waiting("ErrImagePull", "rpc error: code = NotFound desc = manifest unknown"),
        "Image ghcr.io/prism/keyvalue-runner:latest cannot be pulled: its registry does not have it",
        "Deployment kv",
        "kubectl edit prismstack demo -n shop",
    ),
    (
        "PRISM201",
        waiting("ErrImagePull", "dial tcp: lookup ghcr.io: no such host"),
        "Image ghcr.io/prism/keyvalue-runner:latest cannot be pulled: its registry does not answer",
        "Deployment kv",
        "kubectl describe pod kv-1 -n shop",
    ),
    (
        "PRISM202",
        waiting("InvalidImageName"),
        "ghcr.io/prism/keyvalue-runner:latest is not the name of an image",
        "PrismStack demo",
        "kubectl edit prismstack demo -n shop",
    ),
    (
        "PRISM203",
        waiting("CrashLoopBackOff", lastState={"terminated": {"exitCode": 2}}, restartCount=5),
        "Container main of Deployment shop/kv ends again and again",
        "Deployment kv",
        "kubectl logs kv-1 -n shop -c main --previous",
    ),
    (
        "PRISM204",
        waiting("CrashLoopBackOff", lastState=STARVED, restartCount=5),
        "Container main of Deployment shop/kv used more than the memory that its node has",
        "Deployment kv",
        "kubectl describe pod kv-1 -n shop",
    ),
    (
        "PRISM205",
        waiting("CreateContainerConfigError", 'secret "pg" not found'),
        "Container main of Deployment shop/kv cannot be started",
        "Deployment kv",
        "kubectl describe pod kv-1 -n shop",
    ),
    (
        "PRISM205",
        waiting("ContainerCreating") | {"phase": "Pending"},
        "Container main of Deployment shop/kv cannot be started",
        "Deployment kv",
        "kubectl describe pod kv-1 -n shop",
    ),
    (
        "PRISM208",
        {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory"},
        "A pod of Deployment shop/kv failed: Evicted",
        "Pod kv-1",
        "kubectl describe pod kv-1 -n shop",
    ),
    (
        "PRISM209",
        running(ready=False),
        "Container main of Deployment shop/kv runs and is not ready",
        "Deployment kv",
        "kubectl logs kv-1 -n shop -c main --tail=50",
    ),
]


@pytest.mark.parametrize(("code", "status", "title", "cause", "command"), CASES)
def test_what_keeps_a_pod_is_found(code: str, status: Manifest, title: str, cause: str, command: str) -> None:
    """Code, words, the whole chain and the next command of every state that a kubelet reports."""
    stuck = "NotReady" if code == "PRISM209" else "ImagePullBackOff"
    pattern = {**PATTERN, "status": conditions("False", reason=stuck)}
    one = only(seen(patterns=(pattern,), pods=(pod("kv-1", "kv", status),)))
    assert (one.code, one.title, one.command) == (code, title, command)
    assert chain(one) == [*KV, cause]
    assert "hunter2" not in str(one)


def test_ten_pods_with_one_cause_are_one_finding() -> None:
    """The number is told, and a few names; the image is the cause, whichever Deployment asks for it."""
    status = waiting("ImagePullBackOff")
    pods = [pod(f"kv-{number}", "kv", status) for number in range(8)]
    pods += [pod(f"demo-proxy-{number}", "demo-proxy", status) for number in range(2)]
    one = only(seen(pods=tuple(pods)))
    assert one.title.endswith("(10 pods)")
    assert one.evidence[-1].startswith("the same of Pod shop/demo-proxy-1, Pod shop/kv-0")
    assert one.evidence[-1].endswith("and 4 more")


def test_a_login_that_is_there_may_be_wrong() -> None:
    """With a pull secret the next look is at it, and never at what it holds."""
    status = waiting("ImagePullBackOff", "401 Unauthorized")
    one = only(seen(pods=(pod("kv-1", "kv", status, imagePullSecrets=[{"name": "ghcr-secret"}]),)))
    assert one.command == "kubectl describe secret ghcr-secret -n shop"
    assert one.title.endswith("the login in ghcr-secret may be wrong")


def test_the_login_is_named_where_the_pods_come_from() -> None:
    """A stack hands its pull secrets to every pod of its own, so it is the stack that is patched."""
    one = only(seen(pods=(pod("kv-1", "kv", waiting("ImagePullBackOff")),)))
    assert one.otherwise == (
        "then name it: kubectl patch prismstack demo -n shop --type=merge"
        """ -p '{"spec":{"imagePullSecrets":[{"name":"ghcr-secret"}]}}'"""
    )


def limited(name: str, owner: Manifest, component: str) -> Manifest:
    container = {"name": "main", "image": "x:1", "resources": {"limits": {"memory": "256Mi"}}}
    return program(name, owner, component, pod_spec={"containers": [container]})


ALONE = named("PrismPattern", "kv", spec={"placement": {"resources": {"limits": {}}}}, status=conditions())
MEMORY: list[tuple[Manifest, dict[str, Any], Manifest]] = [
    (
        limited("demo-proxy", {"kind": "PrismStack", "metadata": {"uid": "PrismStack-demo"}}, "prism-proxy"),
        {},
        {"spec": {"proxy": {"resources": {"limits": {"memory": "512Mi"}}}}},
    ),
    (
        limited("kv", ALONE, "prism-pattern"),
        {"patterns": (ALONE,)},
        {"spec": {"placement": {"resources": {"limits": {"memory": "512Mi"}}}}},
    ),
]


@pytest.mark.parametrize(("deployment", "parts", "patch"), MEMORY)
def test_a_memory_limit_can_be_doubled(deployment: Manifest, parts: dict[str, Any], patch: Manifest) -> None:
    """Where a merge patch reaches the limit that counts, the change raises it there."""
    name = deployment["metadata"]["name"]
    status = waiting("CrashLoopBackOff", lastState=STARVED, restartCount=1)
    one = only(seen(deployments=(deployment,), pods=(pod(f"{name}-1", name, status),), **parts))
    assert one.change is not None
    assert (one.change.patch, one.command) == (patch, one.change.command)
    assert one.change.words == "raise the memory limit from 256Mi to 512Mi"


def test_a_pattern_of_a_stack_is_changed_in_the_stack() -> None:
    """A list in a merge patch would replace the other patterns, and the pattern itself is the stack's to write."""
    deployment = limited("kv", PATTERN, "prism-pattern")
    status = waiting("CrashLoopBackOff", lastState=STARVED)
    one = only(seen(deployments=(deployment,), pods=(pod("kv-1", "kv", status),)))
    assert (one.change, one.command) == (None, "kubectl edit prismstack demo -n shop")


@pytest.mark.parametrize(("seconds", "severities"), [(60, [Severity.WAITING]), (7200, [])])
def test_a_container_that_ran_out_of_memory_and_runs_again_is_told_for_an_hour(
    seconds: float, severities: list[Severity]
) -> None:
    """It is worth a word, and no alarm; what is long past is neither."""
    ended = {"terminated": {"reason": "OOMKilled", "finishedAt": ago(seconds)}}
    status = running(lastState=ended, restartCount=1)
    assert [one.severity for one in found(seen(pods=(pod("kv-1", "kv", status),)))] == severities


def test_pods_that_are_well_young_or_going_are_no_finding() -> None:
    """Time alone mends them."""
    young = pod("kv-1", "kv", running(ready=False))
    young["metadata"]["creationTimestamp"] = ago(5)
    going = pod("kv-2", "kv", waiting("CrashLoopBackOff"))
    going["metadata"]["deletionTimestamp"] = ago(5)
    done = pod("kv-3", "kv", {"phase": "Succeeded"})
    assert found(seen(pods=(young, going, done, pod("kv-4", "kv", {})))) == []


def test_the_last_warning_about_a_pod_is_evidence() -> None:
    """Events say what the kubelet tried; a login in a URL is left out."""
    events = (
        event("Pod", "kv-1", "Failed", "pull of https://user:secret@ghcr.io failed", lastTimestamp=ago(9), count=4),
        event("Pod", "kv-1", "Failed", "older", lastTimestamp=ago(99)),
    )
    one = only(seen(pods=(pod("kv-1", "kv", waiting("ErrImagePull")),)), events=events)
    assert one.evidence[-1] == "Event Failed of Pod shop/kv-1, 4 times: pull of https://…@ghcr.io failed"


REFUSED = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}


def test_a_quota_that_refuses_pods_is_one_cause_for_all() -> None:
    """Every Deployment of the namespace meets the same quota."""
    message = 'pods "x" is forbidden: exceeded quota: compute, requested: cpu=2, used: cpu=8, limited: cpu=8'
    stuck = [{**one, "status": {"conditions": [{**REFUSED, "message": message}]}} for one in (PROXY, ADMIN, RUNNER)]
    one = only(seen(deployments=tuple(stuck)))
    assert (one.code, one.title) == ("PRISM206", "ResourceQuota shop/compute is used up (3 Deployments)")
    assert one.command == "kubectl describe resourcequota compute -n shop"
    assert one.chain[-1].words == "requested: cpu=2, used: cpu=8, limited: cpu=8"


def test_a_policy_that_refuses_pods_is_told_by_events() -> None:
    """Without a quota the events of ReplicaSets say what stands against them."""
    failure = {**REFUSED, "message": "violates PodSecurity"}
    one = only(seen(deployments=({**RUNNER, "status": {"conditions": [failure]}},), pods=()))
    assert chain(one) == [*KV[:3], "Deployment kv"]
    assert one.command.startswith("kubectl get events -n shop --field-selector=involvedObject.kind=ReplicaSet")


def test_a_late_rollout_is_told_only_where_no_pod_tells_more() -> None:
    """The pod's own trouble is the cause of the delay, not a second finding."""
    late = {"conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}
    deployments = ({**RUNNER, "status": late},)
    assert only(seen(deployments=deployments, pods=())).code == "PRISM207"
    crashing = pod("kv-1", "kv", waiting("CrashLoopBackOff"))
    assert only(seen(deployments=deployments, pods=(crashing,))).code == "PRISM203"
