"""The one table of which kind is reconciled by whom, what it owns and what else wakes it."""

from __future__ import annotations

from functools import partial

from kubectl_prism.reconcile import backend, claims, namespace, pattern, stack
from kubectl_prism.reconcile.claims import Claims
from kubectl_prism.reconcile.controller import Controller
from kubectl_prism.reconcile.manager import CHILDREN
from kubectl_prism.reconcile.reach import Planes
from kubectl_prism.reconcile.tools import Tools

SELECTORS = dict.fromkeys(("Pod", "ConfigMap", "Secret"), CHILDREN)
"""Kinds that are watched for other reasons than being owned, and yet only as far as they are ours."""


def controllers(tools: Tools, planes: Planes, claimed: Claims) -> list[Controller]:
    """Return the controllers of every kind that this project reconciles."""
    store = tools.store
    return [
        Controller(
            "PrismStack",
            stack.StackReconciler(tools),
            owns=stack.CHILD_KINDS,
            watches={"Pod": partial(stack.of_pod, store), "PrismStack": partial(stack.of_stack, store)},
            flag=tools.flag,
            may_wait=tools.may_wait,
        ),
        Controller(
            "PrismPattern",
            pattern.PatternReconciler(tools),
            owns=pattern.CHILD_KINDS,
            watches={
                "Pod": partial(pattern.of_pod, store),
                "PrismBackend": partial(pattern.of_backend, store),
                "ConfigMap": partial(pattern.of_connection, store),
                "Secret": partial(pattern.of_connection, store),
            },
            flag=tools.flag,
            may_wait=tools.may_wait,
        ),
        Controller(
            "PrismBackend",
            backend.BackendReconciler(tools),
            owns=backend.CHILD_KINDS,
            flag=tools.flag,
            may_wait=tools.may_wait,
        ),
        Controller(
            "PrismNamespace",
            namespace.NamespaceReconciler(tools, planes, claimed),
            watches={
                "PrismNamespace": claimed.of_namespace,
                "PrismStack": partial(claims.of_stack, store),
                "Pod": partial(claims.of_pod, store),
            },
            flag=tools.flag,
        ),
    ]
