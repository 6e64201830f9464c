"""What a simulated pod runs is read from the pods that we render, as a real program would read its environment."""

from __future__ import annotations

from kubectl_prism.model.documents import load_as
from kubectl_prism.model.meta import API_VERSION, Key, Manifest
from kubectl_prism.model.pattern import Pattern
from kubectl_prism.model.stack import Stack
from kubectl_prism.render import admin, pattern, proxy
from kubectl_prism.sandbox.answers.program import Candidacy, Program, program


def stack(**spec: object) -> Stack:
    return load_as(Stack, _obj("PrismStack", spec))


def _obj(kind: str, spec: object) -> Manifest:
    metadata = {"name": "dev", "namespace": "shop", "uid": "uid-1"}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def pod(objects: list[Manifest]) -> Manifest:
    """Return a pod of the Deployment among these objects."""
    template = next(found for found in objects if found["kind"] == "Deployment")["spec"]["template"]
    return {**template, "metadata": {**template["metadata"], "name": "dev-1", "namespace": "shop", "uid": "uid-2"}}


def test_a_proxy_and_an_admin_serve_where_they_are_told_to() -> None:
    """Ports are those of the spec; without an election an admin runs for nothing."""
    found = stack(proxy={"port": 9191}, admin={"port": 8999, "leaderElection": {"enabled": False}})
    here, group = Key("shop", "dev-1"), Key("shop", "dev")
    assert program(pod(proxy.objects(found))) == Program("proxy", here, group, 9191)
    assert program(pod(admin.objects(found))) == Program("admin", here, group, 8999)


def test_an_admin_runs_for_the_lease_of_its_spec() -> None:
    """Name and times of the Lease are those of the spec."""
    election = {"enabled": True, "leaseName": "ours", "leaseDuration": "9s", "renewDeadline": "6s", "retryPeriod": "1s"}
    found = program(pod(admin.objects(stack(admin={"leaderElection": election}))))
    assert found is not None
    assert found.candidacy == Candidacy("ours", 9.0, 6.0, 1.0)


def test_only_runners_on_memory_are_answered_for() -> None:
    """A keyvalue runner on memstore stores values; nobody stands in for another backend or pattern."""
    runners = {
        (type, backend): program(pod(pattern.objects(_pattern(type, backend))))
        for type in ("keyvalue", "pubsub")
        for backend in ("memstore", "redis")
    }
    answered = {name for name, found in runners.items() if found is not None}
    assert answered == {("keyvalue", "memstore")}


def _pattern(type: str, backend: str) -> Pattern:
    return load_as(Pattern, _obj("PrismPattern", {"pattern": type, "backend": backend, "service": {"port": 8080}}))


def test_a_pod_of_somebody_else_is_left_alone() -> None:
    """A pod without our labels or without a port runs nothing of ours."""
    assert program({"metadata": {"name": "x", "namespace": "shop"}, "spec": {"containers": []}}) is None
    labels = {"component": "prism-proxy"}
    assert program({"metadata": {"name": "x", "namespace": "shop", "labels": labels}, "spec": {}}) is None
