"""What is wrong and what to do about it: findings, and the table of their codes.

The screen shows them and `doctor` adds its own; pages of the documentation are made from CODES. A code is never used
again for something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kubectl_prism.model.change import Change
from kubectl_prism.model.meta import Ref

FOLDER = "docs/troubleshooting"


@dataclass(frozen=True, slots=True)
class Link:
    """One step of a chain: an object, and what is the matter with it."""

    ref: Ref
    words: str

    def __str__(self) -> str:
        return f"{self.ref}: {self.words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, from the symptom to its cause, and the next step.

    `severity` is a number of `view.health.Severity`. `ref` is what shows the symptom, `chain` leads from it to the
    cause. `evidence` quotes what was read, and where. `change` can be done on request; it is None where a person has to
    decide or to give a value. `otherwise` names another way.
    """

    code: str
    severity: int
    ref: Ref
    title: str
    chain: tuple[Link, ...]
    evidence: tuple[str, ...]
    command: str
    change: Change | None = None
    otherwise: str = ""

    @property
    def docs(self) -> str:
        """The page about it."""
        return f"{FOLDER}/{CODES[self.code].page}"


@dataclass(frozen=True, slots=True)
class Code:
    """What a code means in one line, and the page that says more."""

    title: str
    page: str


CODES: Mapping[str, Code] = {
    "PRISM101": Code("No reconciler holds its Lease, so nothing is reconciled", "not-reconciled.md"),
    "PRISM102": Code("The operator's pod ends again and again", "crash-loop.md"),
    "PRISM103": Code("The operator used more memory than its limit", "crash-loop.md"),
    "PRISM104": Code("A reconciler runs and does not look at an object", "not-reconciled.md"),
    "PRISM105": Code("A deletion waits for a finalizer", "not-reconciled.md"),
    "PRISM106": Code("Reconciling an object fails again and again", "not-reconciled.md"),
    "PRISM201": Code("An image cannot be pulled", "image-pull.md"),
    "PRISM202": Code("The name of an image is none", "image-pull.md"),
    "PRISM203": Code("A container ends again and again", "crash-loop.md"),
    "PRISM204": Code("A container used more memory than its limit", "crash-loop.md"),
    "PRISM205": Code("A container cannot be started", "container-error.md"),
    "PRISM206": Code("Pods are refused by a quota or a policy", "replica-failure.md"),
    "PRISM207": Code("A rollout takes too long", "replica-failure.md"),
    "PRISM208": Code("A pod failed", "crash-loop.md"),
    "PRISM209": Code("A container runs and is not ready", "crash-loop.md"),
    "PRISM301": Code("No node has the labels that a placement asks for", "unschedulable.md"),
    "PRISM302": Code("The nodes that fit carry a taint that is not tolerated", "unschedulable.md"),
    "PRISM303": Code("The nodes that fit have too little left", "unschedulable.md"),
    "PRISM304": Code("The nodes that fit are cordoned or not ready", "unschedulable.md"),
    "PRISM305": Code("No node fits a pod", "unschedulable.md"),
    "PRISM306": Code("There are no nodes", "unschedulable.md"),
    "PRISM307": Code("A node with pods on it is not ready", "unschedulable.md"),
    "PRISM401": Code("Admins are to elect a leader, and nobody leads", "lease-name.md"),
    "PRISM402": Code("The leader of the admins does not renew its Lease", "lease-name.md"),
    "PRISM403": Code("Somebody may not read or write Leases", "rights.md"),
    "PRISM404": Code("Two stacks elect by the same Lease", "lease-name.md"),
    "PRISM405": Code("Several admins run and elect no leader", "lease-name.md"),
    "PRISM406": Code("An even number of admins runs", "lease-name.md"),
    "PRISM501": Code("A child's name belongs to somebody else", "name-taken.md"),
    "PRISM502": Code("A reference into another namespace is not permitted", "ref-not-permitted.md"),
    "PRISM503": Code("A Secret does not exist", "secret.md"),
    "PRISM504": Code("A Secret lacks a key", "secret.md"),
    "PRISM505": Code("A Secret holds something that cannot be read", "secret.md"),
    "PRISM506": Code("A spec cannot be understood", "invalid-spec.md"),
    "PRISM507": Code("The reconciler may not make an object", "refused.md"),
    "PRISM508": Code("The API server refuses an object", "refused.md"),
    "PRISM509": Code("There is no KEDA", "keda.md"),
    "PRISM510": Code("A PrismBackend does not exist", "backend.md"),
    "PRISM511": Code("An object is stuck", "README.md"),
    "PRISM512": Code("An autoscaler cannot decide", "keda.md"),
    "PRISM601": Code("A backend does not answer", "backend-health.md"),
    "PRISM602": Code("A backend refuses the login", "backend-health.md"),
    "PRISM603": Code("A backend and its TLS settings do not agree", "backend-health.md"),
    "PRISM604": Code("A backend's address leads to something else", "backend-health.md"),
    "PRISM701": Code("An identifier of a namespace is taken", "namespace.md"),
    "PRISM702": Code("A namespace names proxies that do not exist", "namespace.md"),
    "PRISM703": Code("The proxies of a namespace do not answer", "namespace.md"),
    "PRISM704": Code("The proxies of a namespace speak no protocol for namespaces", "namespace.md"),
    "PRISM705": Code("The proxies or admins refuse the reconciler", "namespace.md"),
    "PRISM706": Code("The proxies or admins refuse a namespace", "namespace.md"),
    "PRISM707": Code("A namespace has nearly spent a quota", "namespace.md"),
    "PRISM708": Code("A namespace has spent a quota", "namespace.md"),
    "PRISM709": Code("A namespace is about to expire", "namespace.md"),
    "PRISM710": Code("A namespace has expired", "namespace.md"),
    "PRISM711": Code("Proxies or admins may still hold a namespace that is gone", "namespace.md"),
}
"""Every code: 1xx the reconciler, 2xx pods, 3xx nodes, 4xx elections, 5xx objects, 6xx backends, 7xx namespaces."""
