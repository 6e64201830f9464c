"""A file is read as objects, and what is wrong with one is said with line, field and the name that was meant."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, strategies

from kubectl_prism.errors import UsageError
from kubectl_prism.model import documents
from kubectl_prism.model.backend import Backend
from kubectl_prism.model.documents import InvalidSpec, load, parse
from kubectl_prism.model.meta import API_VERSION
from kubectl_prism.model.resource import OUR_KINDS
from kubectl_prism.model.stack import Stack
from tests.model.maximal import maximal, without

HEAD = "apiVersion: prism.io/v1alpha1\nkind: PrismStack\nmetadata: {name: a}\n"
SECRET = "hunter2-and-more"


def _error(text: str) -> tuple[str, str | None]:
    with pytest.raises(UsageError) as caught:
        parse(text, source="s.yaml")
    assert caught.value.exit_code == 2
    return caught.value.message, caught.value.hint


WRONG = {
    "empty": ("", "s.yaml: holds no object", "kubectl prism init NAME writes a file to start from"),
    "text": (
        "just words",
        "s.yaml:1: not a Kubernetes object: a mapping with apiVersion, kind and metadata is wanted",
        None,
    ),
    "no-kind": ("apiVersion: v1\n", "s.yaml:1: kind is missing", "e.g. kind: PrismStack"),
    "no-version": ("kind: PrismStack\n", "s.yaml:1: apiVersion is missing", "e.g. apiVersion: prism.io/v1alpha1"),
    "lower-case-version": (
        "apiversion: v1\nkind: Secret\n",
        "s.yaml:1: apiVersion is missing",
        "is apiversion meant to be apiVersion?",
    ),
    "wrong-kind": (
        HEAD.replace("PrismStack", "PrismStak"),
        "s.yaml:2: prism.io has no kind PrismStak",
        "did you mean PrismStack?",
    ),
    "wrong-version": (
        HEAD.replace("v1alpha1", "v1"),
        "s.yaml:1: PrismStack has apiVersion prism.io/v1alpha1, not prism.io/v1",
        None,
    ),
    "name-is-no": (
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: no\n",
        "s.yaml:4: metadata.name must be a string; put it in quotes",
        None,
    ),
    "no-name": ("apiVersion: v1\nkind: Secret\n", "s.yaml:1: metadata.name of the Secret is missing", None),
    "bad-name": (
        HEAD.replace("name: a", "name: My_Stack"),
        "s.yaml:3: metadata.name must be lower-case letters, digits, hyphens and dots, with a letter or digit at both"
        " ends",
        None,
    ),
    "long-name": (
        HEAD.replace("name: a", f"name: {'a' * 254}"),
        "s.yaml:3: metadata.name must be at most 253 characters long",
        None,
    ),
    "unknown-metadata": (
        HEAD.replace("name: a", "name: a, lables: {}"),
        "s.yaml:3: unknown field metadata.lables",
        "did you mean labels?",
    ),
    "number-as-label": (
        HEAD.replace("name: a", "name: a, labels: {v: 1}"),
        "s.yaml:3: metadata.labels.v must be a string; put it in quotes",
        None,
    ),
    "unknown-top": (HEAD + "specs: {}\n", "s.yaml:4: unknown field specs", "did you mean spec?"),
    "unknown-deep": (
        HEAD + "spec:\n  proxy:\n    replicaz: 1\n",
        "s.yaml:6: unknown field spec.proxy.replicaz",
        "did you mean replicas?",
    ),
    "unknown-far": (
        HEAD + "spec: {replicas: 2}\n",
        "s.yaml:4: unknown field spec.replicas",
        "known here: proxy, admin, controlPlane, patterns, backends, namespaces, observability, imagePullSecrets,"
        " affinity",
    ),
    "unknown-in-list": (
        HEAD
        + "spec:\n  patterns:\n    - {name: a, type: b, backend: c}\n    - name: b\n      type: t\n      backend: c\n"
        "      runnerSpec: {tolerations: [{kee: x}]}\n",
        "s.yaml:10: unknown field spec.patterns[1].runnerSpec.tolerations[0].kee",
        "did you mean key?",
    ),
    "snake-case": (
        HEAD + "spec:\n  proxy:\n    placement: {node_selector: {}}\n",
        "s.yaml:6: unknown field spec.proxy.placement.node_selector",
        "did you mean nodeSelector?",
    ),
    "missing": (
        HEAD.replace("PrismStack", "PrismPattern") + "spec:\n  pattern: keyvalue\n",
        "s.yaml:4: spec.backend is missing",
        None,
    ),
    "missing-spec": (HEAD.replace("PrismStack", "PrismPattern"), "s.yaml:1: spec is missing", None),
    "text-as-number": (
        HEAD + 'spec: {proxy: {replicas: "3"}}\n',
        "s.yaml:4: spec.proxy.replicas must be a whole number",
        None,
    ),
    "number-as-text": (
        HEAD + "spec: {admin: {leaderElection: {leaseDuration: 15}}}\n",
        "s.yaml:4: spec.admin.leaderElection.leaseDuration must be a string; put it in quotes",
        None,
    ),
    "text-as-bool": (
        HEAD + 'spec: {admin: {enabled: "true"}}\n',
        "s.yaml:4: spec.admin.enabled must be true or false",
        None,
    ),
    "list-as-mapping": (HEAD + "spec: {proxy: []}\n", "s.yaml:4: spec.proxy must be a mapping", None),
    "mapping-as-list": (HEAD + "spec: {patterns: {}}\n", "s.yaml:4: spec.patterns must be a list", None),
    "port": (
        HEAD + "spec: {proxy: {port: 70000}}\n",
        "s.yaml:4: spec.proxy.port must be at most 65535, not 70000",
        None,
    ),
    "enum": (
        HEAD + "spec: {proxy: {placement: {strategy: MultZone}}}\n",
        "s.yaml:4: spec.proxy.placement.strategy must be one of MultiZone, MultiRegion, DedicatedNodes,"
        " ControlPlaneIsolation, DataPlaneOptimized, CostOptimized, PatternSpecific, not MultZone",
        "did you mean MultiZone?",
    ),
    "duration": (
        HEAD + 'spec: {admin: {leaderElection: {leaseDuration: "15 s"}}}\n',
        "s.yaml:4: spec.admin.leaderElection.leaseDuration must be a duration such as 500ms, 30s or 1h30m",
        None,
    ),
    "quantity": (
        HEAD + "spec: {proxy: {resources: {limits: {memory: 1Gib}}}}\n",
        "s.yaml:4: spec.proxy.resources.limits.memory must be a quantity such as 2, 500m or 1Gi; a fraction stands in"
        ' quotes: "0.5"',
        None,
    ),
    "scalar": (
        HEAD + "spec:\n  patterns: [{name: a, type: b, backend: c, config: {k: [1]}}]\n",
        "s.yaml:5: spec.patterns[0].config.k must be a string, a number or true/false",
        None,
    ),
    "label-key": (
        HEAD + "spec: {proxy: {placement: {nodeSelector: {topology.kubernetes.io/zone: 1}}}}\n",
        "s.yaml:4: spec.proxy.placement.nodeSelector[topology.kubernetes.io/zone] must be a string; put it in quotes",
        None,
    ),
    "twins": (
        HEAD + "spec:\n  patterns:\n    - {name: a, type: b, backend: c}\n    - {name: a, type: d, backend: e}\n",
        "s.yaml:5: spec.patterns has two entries with name a",
        None,
    ),
    "several": (
        HEAD + "spec:\n  proxy: {replicas: x}\n  admin: {replicas: x, port: 0}\n",
        "s.yaml:5: spec.proxy.replicas must be a whole number; and 2 more",
        None,
    ),
    "in-a-list": (
        "apiVersion: v1\nkind: List\nitems:\n"
        "- {apiVersion: prism.io/v1alpha1, kind: PrismStack, metadata: {name: a}, spec: {prox: {}}}\n",
        "s.yaml:4: unknown field spec.prox (in items[0])",
        "did you mean proxy?",
    ),
    "second-document": (
        HEAD + "---\n" + HEAD + "spec: {prox: {}}\n",
        "s.yaml:8: unknown field spec.prox",
        "did you mean proxy?",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_in_one_line(case: str) -> None:
    """Source, line, field, and what to write instead."""
    text, message, hint = WRONG[case]
    assert _error(text) == (message, hint)


def test_other_kinds_pass_as_they_are() -> None:
    """A file may bring the Namespaces, Secrets and anything else that a stack needs, unchecked and unchanged."""
    text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: ns}\n---\n" + HEAD + "---\n"
    text += "apiVersion: example.org/v2\nkind: Thing\nmetadata: {name: t}\nwhatever: [1, null, {a: null}]\n"
    namespace, stack, thing = parse(text, source="s.yaml")
    assert (namespace["kind"], stack["kind"]) == ("Namespace", "PrismStack")
    assert thing["whatever"] == [1, None, {"a": None}]


def test_a_list_is_its_items() -> None:
    """What `kubectl get -o yaml` prints can be given back."""
    items = [yaml.safe_load(HEAD), {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}]
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items})
    assert list(parse(text, source="s.yaml")) == items


def test_json_is_read_too() -> None:
    """JSON is YAML."""
    obj = yaml.safe_load(HEAD)
    assert parse(json.dumps(obj, indent=2), source="s.json") == (obj,)


def test_null_means_left_out() -> None:
    """`admin:` with nothing under it is no admin field, as on the server."""
    (stack,) = parse(HEAD + "spec:\n  proxy:\n  admin: {image: null, port: 1}\n", source="s.yaml")
    assert stack["spec"] == {"admin": {"port": 1}}


def test_a_status_is_not_judged() -> None:
    """A status in a file is the server's business; what it says of fields that we do not know is no error."""
    (stack,) = parse(HEAD + "status: {phase: Dancing, more: 1}\n", source="s.yaml")
    assert stack["status"]["phase"] == "Dancing"


@pytest.mark.parametrize("kind", OUR_KINDS)
def test_an_object_with_every_field_parses_and_comes_back(kind: str) -> None:
    """Strict reading knows every field; the model gives back what it was given."""
    obj = without(maximal(kind), "status")
    (parsed,) = parse(yaml.safe_dump(obj), source="s.yaml")
    assert parsed == obj
    given = load(parsed).manifest()["spec"]
    assert json.loads(json.dumps(given)) == obj["spec"]


def test_models_are_loaded_by_kind_or_by_class() -> None:
    """Reconcilers get the type they ask for."""
    obj: dict[str, Any] = {"apiVersion": API_VERSION, "kind": "PrismStack", "metadata": {"name": "a"}}
    assert isinstance(load(obj), Stack)
    stack = documents.load_as(Stack, obj)
    assert (stack.spec.proxy.port, stack.metadata.namespace) == (9090, "default")


def test_an_object_from_a_newer_server_still_loads() -> None:
    """Fields that this program does not know are the server's business."""
    obj = {"kind": "PrismStack", "metadata": {"name": "a", "new": 1}, "spec": {"proxy": {"turbo": True}}}
    assert documents.load_as(Stack, obj).spec.proxy.replicas == 1


def test_what_does_not_load_names_its_field() -> None:
    """The message goes into a condition: field and reason, no library's words."""
    obj = {"kind": "PrismPattern", "metadata": {"name": "a"}, "spec": {"pattern": "keyvalue", "replicas": "many"}}
    with pytest.raises(InvalidSpec) as caught:
        load(obj)
    assert caught.value.message == "spec.backend is missing; and 1 more"


SENSITIVE: list[dict[str, Any]] = [
    {"connection": {"url": [SECRET]}},
    {"connection": {"url": {"a": SECRET}}},
    {"connection": {"url": "x" * 5000 + SECRET}},
    {"connection": {"secretRef": {"name": f"{SECRET}/"}}},
    {"connection": SECRET},
    {"healthCheck": {"timeout": SECRET}},
    {"type": f"{SECRET}!"},
]


@pytest.mark.parametrize("spec", SENSITIVE, ids=range(len(SENSITIVE)))
def test_no_message_repeats_a_value(spec: dict[str, Any]) -> None:
    """A URL may hold a password, and a password may stand in the wrong field."""
    obj = {
        "apiVersion": API_VERSION,
        "kind": "PrismBackend",
        "metadata": {"name": "b"},
        "spec": {"type": "cache"} | spec,
    }
    with pytest.raises(InvalidSpec) as caught:
        documents.load_as(Backend, obj)
    assert SECRET not in f"{caught.value.message} {caught.value.hint}"
    message, hint = _error(yaml.safe_dump(obj))
    assert SECRET not in f"{message} {hint}"


def _outcome(text: str) -> str:
    try:
        return f"s.yaml has {len(parse(text, source='s.yaml'))} objects"
    except UsageError as error:
        return error.message


@given(strategies.text())
def test_any_text_is_objects_or_a_usage_error(text: str) -> None:
    """Nothing that a person can put into a file makes a traceback."""
    assert _outcome(text).startswith("s.yaml")


_JSON = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers()
    | strategies.floats(allow_nan=False)
    | strategies.text(),
    lambda inner: strategies.lists(inner) | strategies.dictionaries(strategies.text(), inner),
    max_leaves=8,
)


@given(kind=strategies.sampled_from(OUR_KINDS), metadata=_JSON, spec=_JSON)
def test_any_object_is_judged_without_a_traceback(kind: str, metadata: object, spec: object) -> None:
    """Whatever stands under metadata and spec, the outcome is objects or one clear line."""
    obj = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
    assert _outcome(json.dumps(obj)).startswith("s.yaml")
