"""The shipped files: samples that hold together, starters that start, CRDs that are all there."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from kubectl_prism import manifests
from kubectl_prism.errors import UsageError
from kubectl_prism.model import documents
from kubectl_prism.model.meta import Manifest, Ref, ref
from kubectl_prism.model.resource import OUR_KINDS, RESOURCES
from kubectl_prism.model.stack import Stack

SAMPLES = manifests.samples()
TEMPLATES = manifests.templates()


def _objects(name: str) -> tuple[Manifest, ...]:
    return documents.parse(SAMPLES[name].text, source=f"{name}.yaml")


def _ref(obj: Manifest) -> Ref:
    """Return the reference of `obj`, where what names no namespace goes to `default`."""
    found = ref(obj)
    namespaced = RESOURCES[found.kind].namespaced
    return found._replace(namespace=found.namespace or ("default" if namespaced else ""))


def _everything() -> list[Manifest]:
    return [obj for name in SAMPLES for obj in _objects(name)]


def test_every_example_is_there() -> None:
    """Each stack, pattern, backend and namespace of the design has its sample."""
    ours = {str(_ref(obj)) for obj in _everything() if obj["kind"] in OUR_KINDS}
    assert ours == {
        "PrismStack default/prism-quickstart",
        "PrismStack default/prism-dev",
        "PrismStack default/prism-nats",
        "PrismStack default/prism-multi-backend",
        "PrismStack prism-system/prism-dev",
        "PrismStack prism-placement/prism-production",
        "PrismStack prism-prod/prism-production",
        "PrismStack prism-single-zone/prism-single-zone",
        "PrismStack prism-multi-zone/prism-multi-zone",
        "PrismStack prism-multi-region/prism-multi-region",
        "PrismStack prism-dedicated-proxies/prism-dedicated-proxies",
        "PrismStack prism-zone-spread/prism-zone-spread",
        "PrismStack prism-backend-proximity/prism-backend-proximity",
        "PrismStack prism-spot-proxies/prism-spot-proxies",
        "PrismPattern prism-system/keyvalue-memstore-001",
        "PrismBackend prism-system/memstore-config",
        "PrismBackend prism-system/nats-production",
        "PrismBackend prism-system/nats-direct",
        "PrismNamespace prism-system/tenant-acme-prod",
        "PrismNamespace prism-system/tenant-beta-staging",
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_says_what_it_shows_and_how_to_run_it(name: str) -> None:
    """The head of the file is enough to use it."""
    head = [line for line in SAMPLES[name].text.splitlines() if line.startswith("#")]
    assert head[0] == f"# {SAMPLES[name].title}"
    assert head[-1] == f"# Run it: kubectl prism up --sample {name}"
    assert SAMPLES[name].title.endswith(".")
    assert "status" not in _objects(name)[-1]


def _claims(stack: Manifest) -> list[str]:
    spec, where = stack.get("spec", {}), _ref(stack)
    named = [
        f"{part} {where.namespace}/{item['name']}" for part in ("patterns", "backends") for item in spec.get(part, [])
    ]
    election = spec.get("admin", {}).get("leaderElection", {})
    return [*named, *([f"lease {where.namespace}"] if election.get("enabled") else [])]


def test_all_samples_can_be_applied_together() -> None:
    """No two samples bring different objects of one name, and no two stacks claim one child or one Lease."""
    bodies = {(str(_ref(obj)), repr(obj)) for obj in _everything()}
    assert [name for name, count in Counter(name for name, _ in bodies).items() if count > 1] == []
    stacks = [obj for obj in _everything() if obj["kind"] == "PrismStack"]
    claims = Counter(claim for stack in stacks for claim in _claims(stack))
    claims.update(f"patterns {_ref(obj).key}" for obj in _everything() if obj["kind"] == "PrismPattern")
    claims.update(f"backends {_ref(obj).key}" for obj in _everything() if obj["kind"] == "PrismBackend")
    assert [claim for claim, count in claims.items() if count > 1] == []


def _references(value: Any, namespace: str, kind: str) -> list[Ref]:  # noqa: ANN401  # as open as JSON
    """Return the Secrets and PrismBackends that a spec names."""
    kinds = {"secretRef": "Secret", "backendConfig": "PrismBackend"}
    found = [Ref(kind, value.get("namespace", namespace), value["name"])] if kind else []
    for key, part in value.items():
        for inner in part if isinstance(part, list) else [part]:
            if isinstance(inner, dict):
                found += _references(inner, namespace, kinds.get(key, ""))
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_brings_what_it_names(name: str) -> None:
    """Secrets, PrismBackends and Kubernetes namespaces come with the file that needs them, and before it or after."""
    objects = _objects(name)
    there = {_ref(obj) for obj in objects} | {Ref("Namespace", "", "default")}
    ours = [obj for obj in objects if obj["kind"] in OUR_KINDS]
    wanted = [found for obj in ours for found in _references(obj["spec"], _ref(obj).namespace, "")]
    wanted += [Ref("Namespace", "", _ref(obj).namespace) for obj in ours]
    assert [str(missing) for missing in wanted if missing not in there] == []
    kinds = [obj["kind"] for obj in objects]
    assert "Namespace" not in kinds[1:]


def test_a_namespace_sample_lives_on_the_proxies_of_dev() -> None:
    """The proxies that tenants name are those of the stack that their head tells to run first."""
    (dev,) = (obj for obj in _objects("dev") if obj["kind"] == "PrismStack")
    for name in ("namespace-production", "namespace-staging"):
        proxy = _objects(name)[-1]["spec"]["proxyRef"]
        assert (proxy["name"], proxy["namespace"]) == (f"{dev['metadata']['name']}-proxy", dev["metadata"]["namespace"])


def test_affinity_that_was_written_twice_is_one_mapping() -> None:
    """The placement sample asks for nodes of their own and prefers zones: both rules hold."""
    stack = documents.load_as(Stack, _objects("placement")[-1])
    placement = stack.spec.proxy.placement
    assert placement is not None
    assert placement.affinity is not None
    rules = placement.affinity.pod_anti_affinity
    assert rules is not None
    assert rules.required_during_scheduling_ignored_during_execution
    assert rules.preferred_during_scheduling_ignored_during_execution


def test_the_templates_cover_strategies_and_topologies() -> None:
    """Five placement strategies, three topologies, the quickstart and dedicated nodes."""
    assert sorted(TEMPLATES) == [
        "control-plane-isolation",
        "cost-optimized",
        "data-plane-optimized",
        "dedicated-nodes",
        "multi-region",
        "multi-zone",
        "pattern-specific",
        "quickstart",
        "single-zone",
    ]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_starter_is_a_commented_stack_of_that_name(template: str) -> None:
    """Every starter parses as it is, carries the name everywhere, and explains itself."""
    text = manifests.starter(template, "my-prism")
    (stack,) = documents.parse(text, source=f"{template}.yaml")
    assert (stack["kind"], stack["metadata"]["name"]) == ("PrismStack", "my-prism")
    assert "NAME" not in text
    assert text.startswith("# my-prism: ")
    assert TEMPLATES[template].title.endswith((".", "…"))


def _uncommented(line: str) -> str:
    """Return `line` with a commented field made one; sentences, which begin with a capital, stay comments."""
    indent, mark, rest = line.partition("# ")
    return indent + rest if mark and indent.isspace() and not rest[0].isupper() else line


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_a_starter_offers_in_comments_fits_when_it_is_uncommented(template: str) -> None:
    """The fields in comments are fields that exist, at the right depth."""
    lines = manifests.starter(template, "my-prism").splitlines()
    (stack,) = documents.parse("\n".join(map(_uncommented, lines)), source=f"{template}.yaml")
    assert stack["metadata"]["name"] == "my-prism"


def test_the_starters_do_offer_fields_in_comments() -> None:
    """The test above has something to uncomment."""
    offered = [line for sample in TEMPLATES.values() for line in sample.text.splitlines() if _uncommented(line) != line]
    assert len(offered) > 20


def test_unknown_names_get_the_nearest_right_one() -> None:
    """A slip in a name costs one more try, not a search."""
    with pytest.raises(UsageError, match="there is no sample quikstart") as caught:
        manifests.sample("quikstart")
    assert caught.value.hint == "did you mean quickstart?"
    with pytest.raises(UsageError, match="there is no template MultiZone") as caught:
        manifests.starter("MultiZone", "a")
    assert caught.value.hint == "did you mean multi-zone?"


@pytest.mark.parametrize("name", ["", "My-Stack", "a b", "a/b", "-a", "a" * 247, "a\n"])
def test_a_name_that_no_stack_can_have_is_refused(name: str) -> None:
    """Before a file is written, not when it is applied."""
    with pytest.raises(UsageError, match="cannot be the name of a stack"):
        manifests.starter("quickstart", name)


def test_the_crds_are_the_four_kinds() -> None:
    """As text for people and as objects for programs, the same."""
    kinds = [crd["spec"]["names"]["kind"] for crd in manifests.crds()]
    assert sorted(kinds) == sorted(OUR_KINDS)
    assert len(documents.parse(manifests.crd_text(), source="crds.yaml")) == len(OUR_KINDS)


def test_reading_the_files_loads_no_model() -> None:
    """`crds` and completion stay quick: no pydantic."""
    program = "import sys; from kubectl_prism import manifests; manifests.crds(); manifests.samples()"
    program += "; print([name for name in ('pydantic', 'kubernetes', 'aiohttp') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
