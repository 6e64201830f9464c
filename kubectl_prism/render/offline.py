"""Everything that a stack would lead to, without a cluster: its children, and in turn theirs.

Values that only a cluster knows, behind references to Secrets, are not made up: such a backend's Secret is left out.
"""

from __future__ import annotations

from kubectl_prism.model.backend import Backend
from kubectl_prism.model.meta import Manifest
from kubectl_prism.model.pattern import Pattern
from kubectl_prism.model.stack import Stack
from kubectl_prism.render import backend as backends
from kubectl_prism.render import pattern as patterns
from kubectl_prism.render.backend import BackendConnection, ConnectionValues
from kubectl_prism.render.stack import children, prism_backends, prism_patterns


def everything(stack: Stack) -> list[Manifest]:
    """Return the stack's children and what those would make, as far as it can be known offline."""
    name = stack.metadata.name
    wanted = [Backend.model_validate(child) for child in prism_backends(stack)]
    made = {backend.metadata.name: of_backend(backend, stack=name) for backend in wanted}
    connections = {name: _connection(found) for name, found in made.items()}
    below = [obj for found in made.values() for obj in found]
    for child in prism_patterns(stack):
        pattern = Pattern.model_validate(child)
        below += patterns.objects(pattern, connection=_of(pattern, connections), stack=name)
    return [*children(stack), *below]


def of_backend(backend: Backend, *, stack: str | None = None) -> list[Manifest]:
    """Return what a backend would lead to: its ConfigMap and, where the spec alone tells what is in it, its Secret."""
    values = ConnectionValues.of(backend.spec.connection.url)
    if backend.spec.connection.secret_ref is None and backend.spec.tls.secret_ref is None:
        return backends.objects(backend, values, stack=stack)
    return [backends.config_map(backend, values, has_secret=True, stack=stack)]


def _connection(made: list[Manifest]) -> BackendConnection:
    config_map, *secrets = made
    return backends.connection(config_map, secrets[0] if secrets else None)


def _of(pattern: Pattern, connections: dict[str, BackendConnection]) -> BackendConnection | None:
    reference = pattern.spec.backend_config
    return connections.get(reference.name if reference else pattern.spec.backend)
