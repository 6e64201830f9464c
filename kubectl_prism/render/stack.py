"""What a stack owns: its proxies and admins, and a Prism object for each pattern, backend and namespace of its spec.

What left the spec is not here, and that is all there is to pruning: the reconciler removes what it owns and does not
find in this list.
"""

from __future__ import annotations

from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.provider import guess
from kubectl_prism.model.stack import Stack, StackBackend, StackNamespace, StackPattern
from kubectl_prism.render import admin, labels, names, proxy
from kubectl_prism.render.manifest import manifest, present


def children(stack: Stack) -> list[Manifest]:
    """Return everything that the stack owns; what others need comes first."""
    return [
        *prism_backends(stack),
        *admin.objects(stack),
        *proxy.objects(stack),
        *prism_patterns(stack),
        *prism_namespaces(stack),
    ]


def prism_backends(stack: Stack) -> list[Manifest]:
    """Return a PrismBackend for each backend of the spec."""
    return [
        _object("PrismBackend", stack, component=labels.BACKEND, name=entry.name, spec=_backend(entry))
        for entry in stack.spec.backends or []
    ]


def prism_patterns(stack: Stack) -> list[Manifest]:
    """Return a PrismPattern for each pattern of the spec."""
    return [
        _object("PrismPattern", stack, component=labels.PATTERN, name=entry.name, spec=_pattern(stack, entry))
        for entry in stack.spec.patterns or []
    ]


def prism_namespaces(stack: Stack) -> list[Manifest]:
    """Return a PrismNamespace for each namespace of the spec."""
    return [
        _object("PrismNamespace", stack, component=labels.NAMESPACE, name=entry.name, spec=_namespace(stack, entry))
        for entry in stack.spec.namespaces or []
    ]


def _object(kind: str, stack: Stack, *, component: str, name: str, spec: Manifest) -> Manifest:
    own = labels.member(stack, component, name)
    return manifest(kind, name=name, namespace=stack.metadata.namespace, labels=own, spec=spec)


def _pattern(stack: Stack, entry: StackPattern) -> Manifest:
    """Map a stack's pattern; `replicas` is left out where the stack says nothing, so that others may scale."""
    own = entry.manifest()
    return present(
        **{name: value for name, value in own.items() if name not in ("name", "type", "runnerSpec")},
        pattern=entry.type,
        placement=own.get("runnerSpec"),
        imagePullSecrets=[secret.manifest() for secret in stack.spec.image_pull_secrets or []],
        observability=stack.spec.observability.manifest(),
    )


def _backend(entry: StackBackend) -> Manifest:
    return present(
        type=entry.type,
        provider=entry.provider or guess(name=entry.name, type=entry.type, url=entry.connection_string),
        connection=present(
            url=entry.connection_string,
            secretRef=entry.secret_ref and entry.secret_ref.manifest(),
        ),
        tls=entry.tls.manifest(),
        healthCheck=entry.health_check.manifest(),
    )


def _namespace(stack: Stack, entry: StackNamespace) -> Manifest:
    tenancy = {name: value for name, value in entry.manifest().items() if name != "name"}
    proxy_ref = {"name": names.proxy(stack.metadata.name), "namespace": stack.metadata.namespace}
    return {**tenancy, "proxyRef": proxy_ref}
