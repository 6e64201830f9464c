"""Puts the objects of a file into a namespace: their own, or the one that the command works in."""

from __future__ import annotations

from kubectl_prism.cli.options import Options
from kubectl_prism.errors import UsageError
from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.resource import RESOURCES


def placed(obj: Manifest, default: str, options: Options) -> Manifest:
    """Return `obj` with its namespace written out; UsageError where the file and -n disagree."""
    kind = RESOURCES.get(obj["kind"])
    if kind is None or not kind.namespaced:
        return obj
    own = meta.key(obj).namespace
    if own and options.namespace and own != options.namespace:
        raise UsageError(
            f"{meta.ref(obj)}: the namespace of the file is not the one of --namespace ({options.namespace})",
            hint="leave one of them out",
        )
    return {**obj, "metadata": {**obj["metadata"], "namespace": own or default}}
