"""What `up` must be allowed to do, asked of the API server before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from kubectl_prism.errors import PrismError
from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.resource import RESOURCES, Resource, resource

if TYPE_CHECKING:
    from kubectl_prism.kube.access import Ask
    from kubectl_prism.kube.client import Client

NAMED = 5
_BY_PLURAL = {(found.group, found.plural): found for found in RESOURCES.values()}


async def check(client: Client, asks: Iterable[Ask]) -> None:
    """Raise PrismError that names what we may not do, where there is anything."""
    from kubectl_prism.kube import access

    refused = await access.refused(client, asks)
    if refused:
        more = f"; and {len(refused) - NAMED} more" if len(refused) > NAMED else ""
        raise PrismError(
            f"you may not: {'; '.join(map(str, refused[:NAMED]))}{more}; nothing was written",
            hint="ask for these rights, or name the namespaces that you may work in with --watch-namespace",
        )


def of_reconciler(rules: Iterable[Manifest], namespaces: Sequence[str] | None) -> list[Ask]:
    """Return what the reconciler does, in all namespaces where `namespaces` is None."""
    from kubectl_prism.kube.access import Ask

    return [
        Ask(verb, _BY_PLURAL[group, plural], subresource or None, namespace)
        for rule in rules
        for group in rule["apiGroups"]
        for plural, _, subresource in (name.partition("/") for name in rule["resources"])
        for verb in rule["verbs"]
        for namespace in namespaces or (None,)
    ]


def of_crds(missing: Sequence[Manifest]) -> list[Ask]:
    """Return what putting our CRDs in place takes."""
    from kubectl_prism.kube.access import Ask

    crd = resource("CustomResourceDefinition")
    writes = [Ask("create", crd), Ask("patch", crd)] if missing else []
    return [Ask("get", crd), *writes]


def of_objects(objects: Iterable[Manifest]) -> list[Ask]:
    """Return what applying `objects` takes, as far as we know their kinds."""
    from kubectl_prism.kube.access import Ask

    known = [(found, RESOURCES[found["kind"]]) for found in objects if _is_known(found)]
    return [
        Ask(verb, kind, None, meta.key(found).namespace or None)
        for found, kind in known
        for verb in ("create", "patch")
    ]


def _is_known(obj: Manifest) -> bool:
    found: Resource | None = RESOURCES.get(obj["kind"])
    return found is not None and found.api_version == obj["apiVersion"]
