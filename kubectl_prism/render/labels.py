"""The labels of every object and pod, and the selectors that find pods again.

A Deployment's selector can never change, so it holds only what never does: stack and component, or the runner.
Everything else on a pod may change with the spec.
"""

from __future__ import annotations

from kubectl_prism.model.backend import Backend
from kubectl_prism.model.meta import FIELD_MANAGER
from kubectl_prism.model.pattern import Pattern
from kubectl_prism.model.schema import ObjectMeta
from kubectl_prism.model.stack import Stack
from kubectl_prism.render.names import label_value

PROXY = "prism-proxy"
ADMIN = "prism-admin"
PATTERN = "prism-pattern"
BACKEND = "prism-backend"
NAMESPACE = "prism-namespace"

MANAGED_BY = {"app.kubernetes.io/managed-by": FIELD_MANAGER}
"""The label that tells our objects from everybody else's."""

Labels = dict[str, str]


def owning_stack(metadata: ObjectMeta) -> str | None:
    """Return the name of the stack that is the controller of an object, if one is."""
    for reference in metadata.owner_references:
        if reference.get("controller") and reference.get("kind") == "PrismStack":
            name = reference.get("name")
            return name if isinstance(name, str) else None
    return None


def proxy(stack: Stack) -> Labels:
    """Return the labels of a stack's proxies."""
    return _labels(PROXY, app=PROXY, instance=stack.metadata.name, stack=stack.metadata.name)


def admin(stack: Stack) -> Labels:
    """Return the labels of a stack's admins."""
    return _labels(ADMIN, app=ADMIN, instance=stack.metadata.name, stack=stack.metadata.name)


def member(stack: Stack, component: str, name: str) -> Labels:
    """Return the labels of a Prism object that a stack makes: a pattern, a backend or a namespace."""
    return _labels(component, app="prism", instance=name, stack=stack.metadata.name)


def pattern(pattern: Pattern, *, stack: str | None) -> Labels:
    """Return the labels of a pattern's children and pods; `stack` is the stack that owns the pattern."""
    own = {
        "pattern": label_value(pattern.spec.pattern),
        "backend": label_value(pattern.spec.backend),
        "runner": label_value(pattern.metadata.name),
    }
    return _labels(PATTERN, app="prism", instance=pattern.metadata.name, stack=stack) | own


def backend(backend: Backend, *, stack: str | None) -> Labels:
    """Return the labels of a backend's children; `stack` is the stack that owns the backend."""
    return _labels(BACKEND, app="prism", instance=backend.metadata.name, stack=stack)


def stack_selector(stack: str, component: str) -> Labels:
    """Return what finds the pods of one component of a stack."""
    return {"stack": label_value(stack), "component": component}


def runner_selector(pattern: str) -> Labels:
    """Return what finds the pods of a pattern."""
    return {"runner": label_value(pattern)}


def _labels(component: str, *, app: str, instance: str, stack: str | None) -> Labels:
    return {
        "app": app,
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/instance": label_value(instance),
        "app.kubernetes.io/name": component,
        "app.kubernetes.io/part-of": "prism",
        "component": component,
        **MANAGED_BY,
        **({"stack": label_value(stack)} if stack else {}),
    }
