"""Kubernetes' own types inside ours have the fields that the official client knows: no fewer, no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import pytest
from kubernetes.client import models

from kubectl_prism.model.documents import METADATA_FIELDS
from kubectl_prism.model.scaling_metrics import Behavior, Metric
from kubectl_prism.model.scheduling import Affinity, Resources, Toleration, TopologySpread
from kubectl_prism.model.schema import Schema

PAIRS = [
    (Affinity, "V1Affinity"),
    (Toleration, "V1Toleration"),
    (Resources, "V1ResourceRequirements"),
    (TopologySpread, "V1TopologySpreadConstraint"),
    (Metric, "V2MetricSpec"),
    (Behavior, "V2HorizontalPodAutoscalerBehavior"),
]


def _ours(model: type[Schema], path: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        where = f"{path}.{field.alias or name}"
        yield where
        for inner, suffix in _models(field.annotation):
            yield from _ours(inner, where + suffix)


def _models(annotation: Any) -> Iterator[tuple[type[Schema], str]]:  # noqa: ANN401  # any type there is
    if isinstance(annotation, type) and issubclass(annotation, Schema):
        yield annotation, ""
    suffix = "[]" if get_origin(annotation) is list else ""
    for part in get_args(annotation):
        for model, inner in _models(part):
            yield model, suffix + inner


def _theirs(name: str, path: str) -> Iterator[str]:
    model: Any = getattr(models, name)
    for attribute, type_name in model.openapi_types.items():
        where = f"{path}.{model.attribute_map[attribute]}"
        yield where
        match re.fullmatch(r"([lL]ist\[)?((?:\w*V[0-9])\w+)\]?", type_name):
            case re.Match() as found:
                yield from _theirs(found[2], where + ("[]" if found[1] else ""))


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=[theirs for _, theirs in PAIRS])
def test_the_type_has_its_full_shape(ours: type[Schema], theirs: str) -> None:
    """Every field that a pod template or an autoscaler may carry can be written in our kinds, at every depth."""
    assert sorted(set(_ours(ours, ""))) == sorted(set(_theirs(theirs, "")))


def test_the_comparison_reaches_the_depths() -> None:
    """The walk through the types does not stop at the first list or option."""
    deep = ".podAffinity.preferredDuringSchedulingIgnoredDuringExecution[].podAffinityTerm.labelSelector"
    assert f"{deep}.matchExpressions[].operator" in set(_ours(Affinity, ""))


def test_metadata_has_the_fields_that_kubernetes_gives_it() -> None:
    """A file may carry any metadata that `kubectl get -o yaml` prints."""
    assert sorted(METADATA_FIELDS) == sorted(models.V1ObjectMeta.attribute_map.values())
