"""A real API server takes every sample and every starter, strictly validated."""

from __future__ import annotations

import pytest

from kubectl_prism import manifests
from kubectl_prism.model import documents
from tests.model.served import Served


def _namespaces(text: str) -> set[str]:
    found = (obj["metadata"].get("namespace") for obj in documents.parse(text, source="sample"))
    return {namespace for namespace in found if namespace}


@pytest.fixture(scope="module")
def prepared(served: Served) -> Served:
    """The server with the Kubernetes namespaces of all samples, which a dry run cannot make for itself."""
    wanted = {namespace for sample in manifests.samples().values() for namespace in _namespaces(sample.text)}
    for namespace in sorted(wanted):
        manifest = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}}}\n"
        served.said("apply", "--server-side", "-f=-", stdin=manifest)
    return served


@pytest.mark.parametrize("name", manifests.samples())
def test_a_sample_is_taken(prepared: Served, name: str) -> None:
    """The strictest validation of kubectl finds nothing to say."""
    text = manifests.sample(name).text
    taken = prepared.said("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f=-", stdin=text)
    assert len(taken.splitlines()) == len(documents.parse(text, source=name))


@pytest.mark.parametrize("template", manifests.templates())
def test_a_starter_is_taken(served: Served, template: str) -> None:
    """What `init` writes can be applied as it is."""
    text = manifests.starter(template, "my-prism")
    taken = served.said("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f=-", stdin=text)
    assert "prismstack.prism.io/my-prism serverside-applied" in taken
