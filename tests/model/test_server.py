"""A real API server takes the CRDs, keeps what a valid object carries, and refuses with words people understand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubectl_prism.model import documents
from kubectl_prism.model.conditions import NOT_RECONCILED
from kubectl_prism.model.meta import API_VERSION
from kubectl_prism.model.resource import OUR_KINDS
from tests.model.maximal import maximal, without
from tests.model.served import Served

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


def _lost(sent: Any, kept: Any, path: str) -> Iterator[str]:  # noqa: ANN401  # as open as JSON
    """Yield the paths of what stands in `sent` and not, with the same value, in `kept`."""
    match sent, kept:
        case dict(), dict():
            for key, value in sent.items():
                yield from _lost(value, kept.get(key), f"{path}.{key}")
        case list(), list() if len(sent) == len(kept):
            for index, value in enumerate(sent):
                yield from _lost(value, kept[index], f"{path}[{index}]")
        case _ if sent != kept:
            yield path


@pytest.mark.parametrize("dropped", [("url", "connectionString"), ("secretRef",)], ids=["by-secret", "by-url"])
@pytest.mark.parametrize("kind", OUR_KINDS)
def test_the_server_keeps_every_field(served: Served, kind: str, dropped: tuple[str, ...]) -> None:
    """Nothing that a model knows is pruned; a connection is given one way or the other."""
    obj = without(maximal(kind), *dropped)
    for backend in obj["spec"].get("backends", []):
        backend["name"] = "another"
    assert list(_lost(obj["spec"], served.judged(obj)["spec"], "spec")) == []


@pytest.mark.parametrize("kind", OUR_KINDS)
def test_the_server_keeps_every_field_of_the_status(served: Served, namespace: str, kind: str) -> None:
    """Conditions, counts and times reach the status and stay."""
    obj = without(maximal(kind), "url", "connectionString")
    obj["metadata"]["namespace"] = namespace
    for backend in obj["spec"].get("backends", []):
        backend["name"] = "another"
    obj["status"]["conditions"][0]["type"] = "Ready"  # as the one that stands there until it is judged
    served.said("create", "-f=-", stdin=json.dumps(obj))
    arguments = ["--subresource=status", "--server-side", "--field-manager=test", "-o=json", "-f=-"]
    kept = json.loads(served.said("apply", *arguments, stdin=json.dumps({**obj, "spec": obj["spec"]})))
    assert list(_lost(obj["status"], kept["status"], "status")) == []


@pytest.mark.parametrize("kind", OUR_KINDS)
def test_a_new_object_says_that_nobody_looked_at_it(served: Served, namespace: str, kind: str) -> None:
    """Whoever waits for Ready waits, also before a reconciler runs."""
    obj = without(maximal(kind), "url", "connectionString", "status")
    obj["metadata"]["namespace"] = namespace
    for backend in obj["spec"].get("backends", []):
        backend["name"] = "another"
    served.said("create", "-f=-", stdin=json.dumps(obj))
    found = json.loads(served.said("get", kind, "maximal", f"--namespace={namespace}", "-o=json"))
    assert found["status"] == {"conditions": [NOT_RECONCILED]}


@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_patterns_written_for_other_operators_keep_everything(served: Served, case: Path) -> None:
    """HPA with behavior and metrics, KEDA with triggers and credentials, placement in full: applied unchanged."""
    (obj,) = documents.parse(case.read_text(encoding="utf-8"), source=case.name)
    assert list(_lost(obj["spec"], served.judged(obj)["spec"], "spec")) == []
    assert documents.load_as(documents.MODELS["PrismPattern"], obj).model_dump(by_alias=True)["spec"]["replicas"]


@pytest.mark.parametrize("spec", [None, {}], ids=["no-spec", "empty-spec"])
def test_an_empty_stack_is_a_stack_with_defaults(served: Served, spec: dict[str, Any] | None) -> None:
    """The server fills in what the models fill in, for `spec: {}` and for no spec at all."""
    obj: dict[str, Any] = {"apiVersion": API_VERSION, "kind": "PrismStack", "metadata": {"name": "model-empty"}}
    stored = served.judged(obj if spec is None else obj | {"spec": spec})
    assert stored["spec"] == {
        "proxy": {"image": "ghcr.io/prism/prism-proxy:latest", "port": 9090, "replicas": 1},
        "admin": {
            "enabled": True,
            "image": "ghcr.io/prism/prism-admin:latest",
            "replicas": 1,
            "port": 8981,
            "leaderElection": {
                "enabled": False,
                "leaseName": "prism-admin-leader",
                "leaseDuration": "15s",
                "renewDeadline": "10s",
                "retryPeriod": "2s",
            },
            "service": {"type": "ClusterIP"},
        },
        "observability": {"enabled": False, "metrics": {"port": 9090}},
    }
    assert documents.load(stored).spec.model_dump() == documents.load(obj).spec.model_dump()


def _pattern(**spec: object) -> dict[str, Any]:
    fields = {"pattern": "keyvalue", "backend": "memstore"} | spec
    return {"apiVersion": API_VERSION, "kind": "PrismPattern", "metadata": {"name": "model-tried"}, "spec": fields}


def test_settings_keep_their_types(served: Served) -> None:
    """Numbers and booleans in `config` survive as what they are."""
    config = {"maxKeys": 10000, "ttl": "1h", "verbose": True, "ratio": 0.5, "empty": "", "zero": 0}
    assert served.judged(_pattern(config=config))["spec"]["config"] == config


@pytest.mark.parametrize("value", [[1], {"a": 1}], ids=["list", "mapping"])
def test_settings_are_flat(served: Served, value: object) -> None:
    """A list or a mapping in `config` is refused; no runner could read it."""
    assert "spec.config.deep: Too many" in served.refusal(_pattern(config={"deep": value}))


def test_explain_reads_well(served: Served) -> None:
    """`kubectl explain` says what placement is and what each part does."""
    words = " ".join(served.said("explain", "prismstack.spec.proxy.placement").split())
    assert "Where and how the proxies run." in words
    assert "Labels that a node must have." in words
    words = " ".join(served.said("explain", "prismstack.spec.proxy.placement.strategy").split())
    assert "MultiZone spreads pods over zones" in words
    assert "PatternSpecific prefers nodes that suit" in words


def test_the_kinds_answer_to_their_names(served: Served, namespace: str) -> None:
    """Short names and the category work; a pattern scales; objects are found by backend."""
    obj = _pattern() | {"metadata": {"name": "tried", "namespace": namespace}}
    served.said("create", "-f=-", stdin=json.dumps(obj))
    served.said("scale", "ppattern/tried", "--replicas=3", "-n", namespace)
    replicas = served.said("get", "prism", "-n", namespace, "-o=jsonpath={.items[*].spec.replicas}")
    assert replicas == "3"
    found = served.said("get", "ppattern", "-n", namespace, "--field-selector=spec.backend=memstore", "-o=name")
    assert found == "prismpattern.prism.io/tried\n"
    shown = served.said("get", "ppattern", "-n", namespace)
    assert shown.split()[:8] == ["NAME", "READY", "PATTERN", "BACKEND", "REPLICAS", "AVAILABLE", "PHASE", "AGE"]


def test_the_server_serves_the_crds_without_complaint(served: Served) -> None:
    """No CRD is non-structural, and each has its names."""
    listed = yaml.safe_load(served.said("get", "crd", "-l", "app.kubernetes.io/part-of=prism", "-o=yaml"))["items"]
    conditions = {
        crd["metadata"]["name"]: {mark["type"]: mark["status"] for mark in crd["status"]["conditions"]}
        for crd in listed
    }
    wanted = {"Established": "True", "NamesAccepted": "True"}
    assert {
        name: marks == marks | wanted and "NonStructuralSchema" not in marks for name, marks in conditions.items()
    } == {f"{kind.lower()}s.prism.io": True for kind in OUR_KINDS}
