"""The CRDs say what the models say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kubectl_prism import manifests
from kubectl_prism.model import crd, structural
from kubectl_prism.model.resource import OUR_KINDS
from kubectl_prism.model.revision import CRD_REVISION, revision
from kubectl_prism.model.schema import Schema


def _schemas(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from _schemas(inner, f"{path}.{name}")
    if "items" in schema:
        yield from _schemas(schema["items"], f"{path}[]")
    if "additionalProperties" in schema:
        yield from _schemas(schema["additionalProperties"], f"{path}{{}}")


def _everywhere(kind: str) -> list[tuple[str, dict[str, Any]]]:
    return list(_schemas(crd.definition(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"], kind))


@pytest.mark.parametrize("kind", OUR_KINDS)
def test_the_committed_files_are_what_the_models_generate(kind: str, tmp_path: Path) -> None:
    """`make crds` would change nothing."""
    crd.write(tmp_path)
    committed = Path(manifests.__path__[0]) / "crds" / crd.file_name(kind)
    assert committed.read_text(encoding="utf-8") == (tmp_path / crd.file_name(kind)).read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", OUR_KINDS)
def test_every_field_has_a_description(kind: str) -> None:
    """`kubectl explain` has words for every field, at every depth; metadata's are the server's."""
    bare = [path for path, schema in _everywhere(kind) if path[-1] not in "]}" and not schema.get("description")]
    assert bare == [f"{kind}.metadata"]


@pytest.mark.parametrize("kind", OUR_KINDS)
def test_descriptions_are_whole_sentences_on_one_line(kind: str) -> None:
    """No description carries the indentation of the source."""
    ragged = [
        path
        for path, schema in _everywhere(kind)
        if (text := schema.get("description")) and ("\n" in text or "  " in text or not text.endswith((".", "…")))
    ]
    assert ragged == []


def test_a_field_without_a_docstring_is_refused() -> None:
    """A field cannot slip into a CRD without words."""

    class Silent(Schema):
        word: str

    with pytest.raises(TypeError, match="Silent: no docstring under word"):
        structural.of_model(Silent)


@pytest.mark.parametrize("kind", OUR_KINDS)
def test_strings_and_lists_that_rules_read_are_bounded(kind: str) -> None:
    """Every list with a rule around or inside it says how long it may be, or the server's cost estimate has no end."""

    def ruled(schema: dict[str, Any]) -> bool:
        return any("x-kubernetes-validations" in inner for _, inner in _schemas(schema, ""))

    unbounded = [
        path
        for path, schema in _everywhere(kind)
        if schema.get("type") == "array" and ruled(schema) and "maxItems" not in schema
    ]
    assert unbounded == []


def test_names_and_columns_are_those_that_people_type_and_read() -> None:
    """Short names, the category and the columns of `kubectl get`."""
    seen = {
        crd.definition(kind)["spec"]["names"]["shortNames"][0]: [
            column["name"] for column in crd.definition(kind)["spec"]["versions"][0]["additionalPrinterColumns"]
        ]
        for kind in OUR_KINDS
    }
    assert seen == {
        "pstack": ["Ready", "Reason", "Proxies", "Admins", "Patterns", "Phase", "Age"],
        "ppattern": ["Ready", "Pattern", "Backend", "Replicas", "Available", "Phase", "Age"],
        "pbackend": ["Ready", "Type", "Provider", "Healthy", "Age"],
        "pns": ["Ready", "ID", "Proxy", "Phase", "Age"],
    }
    assert {tuple(crd.definition(kind)["spec"]["names"]["categories"]) for kind in OUR_KINDS} == {("prism",)}


def test_every_printed_or_selected_path_exists() -> None:
    """No column, selectable field or scale path points at a field that the schema does not have."""
    for kind in OUR_KINDS:
        version = crd.definition(kind)["spec"]["versions"][0]
        paths = [column["jsonPath"].partition("[")[0] for column in version["additionalPrinterColumns"]]
        paths += [field["jsonPath"] for field in version.get("selectableFields", [])]
        paths += version["subresources"].get("scale", {}).values()
        known = {path.removeprefix(kind) for path, _ in _everywhere(kind)} | {".metadata.creationTimestamp"}
        assert [path for path in paths if path not in known] == []


def test_a_crd_carries_its_revision_and_a_foreign_one_has_none() -> None:
    """`up` can tell our CRDs, older and newer, from somebody else's."""
    ours = crd.definition("PrismStack")
    assert revision(ours) == CRD_REVISION
    assert ours["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "kubectl-prism"
    assert revision({"metadata": {"name": "prismstacks.prism.io"}}) is None
    assert revision({"metadata": {"annotations": {"prism.io/crd-version": "one"}}}) is None
