"""What each reason of a condition means, and what to do about it: one row for each reason.

Texts are filled in from the object and its message by `facts`; a row whose command wants a fact that is not told falls
back to describing the object. RUNNING are the reasons that a Deployment or its pods explain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kubectl_prism.view.health import Severity


@dataclass(frozen=True, slots=True)
class Remedy:
    """The finding that a reason leads to; cases that agree in the facts `same` have one cause."""

    code: str
    title: str
    command: str
    otherwise: str = ""
    same: tuple[str, ...] = ("ref",)
    severity: Severity = Severity.BAD


_DESCRIBE = "kubectl describe {it}"
_EDIT = "kubectl edit {home}"
_SECRET = "kubectl describe secret {secret}"  # noqa: S105 - a command
_SEEN = "kubectl describe {it}"

REMEDIES: Mapping[str, Remedy] = {
    "NameTaken": Remedy(
        "PRISM501",
        "{child_ref} has a name that {ref} needs, and is somebody else's",
        "kubectl get {child} -o yaml",
        "delete or rename it, or rename what wants it; the reconciler tries again by itself",
        ("child",),
    ),
    "RefNotPermitted": Remedy(
        "PRISM502",
        "{ref} may not use {secret_ref}, or there is none",
        "kubectl annotate secret {secret} prism.io/allow-from={namespace}",
        "only whoever answers for that Secret may permit it; else name one of namespace {namespace}",
        ("secret", "namespace"),
    ),
    "SecretNotFound": Remedy(
        "PRISM503",
        "{secret_ref} does not exist",
        "kubectl create secret generic {secret} {source}",
        "name another Secret: kubectl edit {home}",
        ("secret",),
    ),
    "KeyNotFound": Remedy(
        "PRISM504",
        "{secret_ref} lacks a key that {ref} needs",
        _SECRET,
        "add the key, or name another one: kubectl edit {home}",
        ("secret",),
    ),
    "InvalidSecret": Remedy("PRISM505", "{secret_ref} holds what is not text", _SECRET, same=("secret",)),
    "InvalidSpec": Remedy("PRISM506", "The spec of {ref} cannot be understood", _EDIT),
    "Forbidden": Remedy(
        "PRISM507",
        "The reconciler may not make what {ref} needs",
        "kubectl auth can-i {verb} {resource} --as={who} -n {namespace}",
        "grant it the rights of the reconciler, or give the quota more room",
        ("who", "verb", "resource", "namespace"),
    ),
    "Refused": Remedy("PRISM508", "The API server refuses what {ref} needs", _EDIT),
    "KedaNotInstalled": Remedy(
        "PRISM509",
        "Autoscaling wants KEDA, and the cluster has none",
        "kubectl get crd scaledobjects.keda.sh",
        "install KEDA, or scale by a HorizontalPodAutoscaler: kubectl edit {home}",
        (),
        Severity.WAITING,
    ),
    "BackendNotFound": Remedy(
        "PRISM510",
        "{ref} names a PrismBackend that does not exist",
        "kubectl get prismbackends -n {namespace}",
        "make it, or name another one: kubectl edit {home}",
    ),
    "LeaseNameTaken": Remedy("PRISM404", "{ref} elects by the Lease of another stack", _EDIT),
    "ReconcileError": Remedy(
        "PRISM106",
        "Reconciling {ref} fails again and again",
        _DESCRIBE,
        "the reconciler's own log says where: that of `kubectl prism up`, or of the operator",
    ),
    "ConnectionFailed": Remedy(
        "PRISM601", "{ref} does not answer", "kubectl get services,endpointslices -n {namespace}"
    ),
    "TimedOut": Remedy(
        "PRISM601", "{ref} does not answer in time", "kubectl get services,endpointslices -n {namespace}"
    ),
    "AuthenticationFailed": Remedy("PRISM602", "{ref} refuses the user name or password", _SECRET),
    "AuthenticationRequired": Remedy("PRISM602", "{ref} asks for a password", _SECRET, "name one: kubectl edit {home}"),
    "TlsFailed": Remedy("PRISM603", "TLS with {ref} fails", _EDIT),
    "TlsRefused": Remedy("PRISM603", "{ref} offers no TLS", _EDIT),
    "InvalidCertificate": Remedy("PRISM603", "The certificates for {ref} cannot be read", _EDIT),
    "UnexpectedAnswer": Remedy("PRISM604", "What answers for {ref} speaks another protocol", _EDIT),
    "InvalidUrl": Remedy("PRISM604", "The URL of {ref} has no host or port", _EDIT),
    "NamespaceIdTaken": Remedy(
        "PRISM701",
        "The identifier of {ref} is taken",
        "kubectl get prismnamespaces -A",
        "it cannot be changed: make a new PrismNamespace with another namespaceId",
    ),
    "ProxyNotFound": Remedy(
        "PRISM702",
        "No PrismStack has proxies called {proxy}",
        "kubectl get prismstacks -n {proxy_namespace}",
        "it cannot be changed: make a new PrismNamespace, whose proxyRef is a stack's name followed by -proxy",
        ("proxy", "proxy_namespace"),
    ),
    "ProxyNotReady": Remedy(
        "PRISM703",
        "No pod of the proxies {proxy} is ready",
        "kubectl get pods -n {proxy_namespace} -l component=prism-proxy",
        same=("proxy", "proxy_namespace"),
        severity=Severity.WAITING,
    ),
    "ProxyUnavailable": Remedy(
        "PRISM703",
        "The proxies {proxy} or their admins do not answer",
        "kubectl prism logs -n {proxy_namespace} --component admin --component proxy",
        same=("proxy", "proxy_namespace"),
    ),
    "NoControlPlane": Remedy(
        "PRISM704",
        "The proxies {proxy} speak no protocol for namespaces",
        "kubectl get deployments -n {proxy_namespace} -l app.kubernetes.io/part-of=prism -o wide",
        "their image, or that of the admins, may be another program",
        ("proxy", "proxy_namespace"),
    ),
    "NotPermitted": Remedy(
        "PRISM705",
        "The proxies {proxy} or their admins refuse the reconciler",
        "kubectl edit prismstack {stack} -n {proxy_namespace}",
        "spec.controlPlane names the token and the certificates that they want",
        ("proxy", "proxy_namespace"),
    ),
    "RefusedByProxy": Remedy("PRISM706", "The proxies or admins refuse {ref}", _SEEN),
    "TooLargeForProxy": Remedy("PRISM706", "{ref} is larger than its proxies read", _EDIT),
    "NotPrepared": Remedy("PRISM706", "The proxies or admins lack something that {ref} needs", _SEEN),
    "NotFound": Remedy("PRISM706", "The proxies or admins do not know what {ref} asks for", _SEEN),
}
"""What to do, by the reason of a condition."""

UNKNOWN = Remedy("PRISM511", "{ref} is stuck: {reason}", _DESCRIBE)
"""What to do about a stall whose reason is none of REMEDIES."""

_POD = "kubectl get pods -n {namespace}"

RUNNING: Mapping[str, Remedy] = {
    "Unschedulable": Remedy("PRISM305", "No node fits a pod of {ref}", _POD),
    "ImagePullBackOff": Remedy("PRISM201", "An image of {ref} cannot be pulled", _POD),
    "InvalidImageName": Remedy("PRISM202", "The name of an image of {ref} is none", _EDIT),
    "CrashLoopBackOff": Remedy("PRISM203", "A container of {ref} ends again and again", _POD),
    "CreateContainerConfigError": Remedy("PRISM205", "A container of {ref} cannot be started", _POD),
    "CreateContainerError": Remedy("PRISM205", "A container of {ref} cannot be started", _POD),
    "RunContainerError": Remedy("PRISM205", "A container of {ref} cannot be started", _POD),
    "PreStartHookError": Remedy("PRISM205", "A container of {ref} cannot be started", _POD),
    "ReplicaFailure": Remedy("PRISM206", "Pods of {ref} are refused", "kubectl get events -n {namespace}"),
    "FailedCreate": Remedy("PRISM206", "Pods of {ref} are refused", "kubectl get events -n {namespace}"),
    "ProgressDeadlineExceeded": Remedy("PRISM207", "The rollout of {ref} takes too long", _POD),
}
"""The same for what pods and Deployments tell better, where those could not be read."""

ELSEWHERE = frozenset({"Expired", "Releasing", "BackendNotReady"})
"""Reasons that other areas explain: tenants, deletions, and the backend that a pattern waits for."""
