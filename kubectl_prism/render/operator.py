"""What the reconciler may do: the one list of rules that access reviews ask about and that roles grant.

It holds what the reconciler does, and what it passes on: a Role may only grant what its maker has.
"""

from __future__ import annotations

from kubectl_prism.model.meta import GROUP, Manifest
from kubectl_prism.model.resource import resource
from kubectl_prism.render.admin import LEASE_VERBS

READ = ("get", "list", "watch")
OWN = (*READ, "create", "patch", "delete")

OWNED = (
    "ConfigMap",
    "Secret",
    "Service",
    "ServiceAccount",
    "Deployment",
    "HorizontalPodAutoscaler",
    "ScaledObject",
    "PodDisruptionBudget",
    "Role",
    "RoleBinding",
)
"""The kinds that the reconciler makes and removes, beside the Prism objects of a stack."""


def rules() -> list[Manifest]:
    """Return the PolicyRules that the reconciler needs, in the namespaces that it looks after."""
    return [
        _rule(GROUP, ["prismstacks"], READ),
        _rule(GROUP, ["prismbackends", "prismnamespaces", "prismpatterns"], OWN),
        _rule(
            GROUP,
            ["prismbackends/status", "prismnamespaces/status", "prismpatterns/status", "prismstacks/status"],
            ("patch",),
        ),
        # Where admission guards blockOwnerDeletion, an owner reference needs this right on the owner.
        _rule(GROUP, ["prismbackends/finalizers", "prismpatterns/finalizers", "prismstacks/finalizers"], ("update",)),
        *(_rule(group, plurals, OWN) for group, plurals in _by_group().items()),
        _rule("", ["pods"], ("list", "watch")),
        _rule("", ["events"], ("create", "patch")),
        _rule("coordination.k8s.io", ["leases"], LEASE_VERBS),
    ]


def _by_group() -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for kind in OWNED:
        found = resource(kind)
        groups.setdefault(found.group, []).append(found.plural)
    return groups


def _rule(group: str, resources: list[str], verbs: tuple[str, ...]) -> Manifest:
    return {"apiGroups": [group], "resources": resources, "verbs": list(verbs)}
