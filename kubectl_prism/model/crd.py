"""Writes the CustomResourceDefinitions of the four kinds from their models: `python -m kubectl_prism.model.crd FOLDER`.

`make crds` and a test call this; commands read the files it wrote (`manifests.crds`) and never load it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import yaml

from kubectl_prism.model import conditions, docstrings, structural
from kubectl_prism.model.backend import Backend
from kubectl_prism.model.meta import GROUP, VERSION, Manifest
from kubectl_prism.model.namespace import Namespace
from kubectl_prism.model.pattern import Pattern
from kubectl_prism.model.resource import resource
from kubectl_prism.model.revision import CRD_LABELS, CRD_REVISION, REVISION_ANNOTATION
from kubectl_prism.model.schema import Schema
from kubectl_prism.model.stack import Stack

HEADER = "# Generated from kubectl_prism/model by `make crds`; change the models instead.\n"
_READY = '.status.conditions[?(@.type=="Ready")]'


class Column(NamedTuple):
    """A column of `kubectl get`; priority 1 shows it with `-o wide` only."""

    name: str
    path: str
    type: str = "string"
    priority: int = 0


class Kind(NamedTuple):
    """What a CRD says of a kind besides its schema."""

    model: type[Schema]
    short_name: str
    columns: tuple[Column, ...]
    selectable: tuple[str, ...] = ()
    scalable: bool = False


_AGE = Column("Age", ".metadata.creationTimestamp", "date")
_PHASE = Column("Phase", ".status.phase")

KINDS = {
    "PrismStack": Kind(
        Stack,
        "pstack",
        (
            Column("Ready", f"{_READY}.status"),
            Column("Reason", f"{_READY}.reason"),
            Column("Proxies", ".status.proxies"),
            Column("Admins", ".status.admins"),
            Column("Patterns", ".status.patterns"),
            _PHASE._replace(priority=1),
            _AGE,
        ),
    ),
    "PrismPattern": Kind(
        Pattern,
        "ppattern",
        (
            Column("Ready", f"{_READY}.status"),
            Column("Pattern", ".spec.pattern"),
            Column("Backend", ".spec.backend"),
            Column("Replicas", ".status.replicas", "integer"),
            Column("Available", ".status.availableReplicas", "integer"),
            _PHASE,
            _AGE,
        ),
        selectable=(".spec.pattern", ".spec.backend"),
        scalable=True,
    ),
    "PrismBackend": Kind(
        Backend,
        "pbackend",
        (
            Column("Ready", f"{_READY}.status"),
            Column("Type", ".spec.type"),
            Column("Provider", ".spec.provider"),
            Column("Healthy", ".status.healthy", "boolean"),
            _AGE,
        ),
    ),
    "PrismNamespace": Kind(
        Namespace,
        "pns",
        (
            Column("Ready", f"{_READY}.status"),
            Column("ID", ".spec.namespaceId"),
            Column("Proxy", ".spec.proxyRef.name"),
            _PHASE,
            _AGE,
        ),
        selectable=(".spec.proxyRef.name",),
    ),
}


def definition(kind: str) -> Manifest:
    """Return the CustomResourceDefinition of one of our kinds."""
    served = resource(kind)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": served.full_name,
            "labels": dict(CRD_LABELS),
            "annotations": {REVISION_ANNOTATION: str(CRD_REVISION)},
        },
        "spec": {
            "group": GROUP,
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": served.plural,
                "singular": kind.lower(),
                "shortNames": [KINDS[kind].short_name],
                "categories": ["prism"],
            },
            "scope": "Namespaced",
            "versions": [_version(KINDS[kind])],
        },
    }


def _version(kind: Kind) -> Manifest:
    scale = {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.selector",
    }
    version: Manifest = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}} | ({"scale": scale} if kind.scalable else {}),
        "additionalPrinterColumns": [_column(column) for column in kind.columns],
    }
    if kind.selectable:
        version["selectableFields"] = [{"jsonPath": path} for path in kind.selectable]
    return version | {"schema": {"openAPIV3Schema": _root(kind.model)}}


def _column(column: Column) -> Manifest:
    shown = {"name": column.name, "type": column.type, "jsonPath": column.path}
    return shown | ({"priority": column.priority} if column.priority else {})


def _root(model: type[Schema]) -> Manifest:
    schema = structural.of_model(model, skip=["metadata"])
    schema["properties"]["status"]["default"] = {"conditions": [conditions.NOT_RECONCILED]}
    schema["description"] = docstrings.summary(model)
    schema["properties"] = {
        "apiVersion": {"description": f"The version of this schema: {GROUP}/{VERSION}.", "type": "string"},
        "kind": {"description": "The kind of this object.", "type": "string"},
        "metadata": {"type": "object"},
    } | schema["properties"]
    return structural.ordered(schema)


class _Writer(yaml.SafeDumper):
    """Writes every value out where it stands: a reader of YAML must not chase anchors."""

    def ignore_aliases(self, data: object) -> bool:
        """Tell yaml that nothing is to be written as an alias."""
        return True


def text(kind: str) -> str:
    """Return the CRD of `kind` as the YAML that stands in its file."""
    return HEADER + yaml.dump(definition(kind), Dumper=_Writer, sort_keys=False, width=118, allow_unicode=True)


def file_name(kind: str) -> str:
    """Return the name of the file that holds the CRD of `kind`."""
    return f"{GROUP}_{resource(kind).plural}.yaml"


def write(folder: Path) -> None:
    """Write one file for each kind into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        (folder / file_name(kind)).write_text(text(kind), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
