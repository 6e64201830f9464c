# mypy: disable-error-code="import-not-found, untyped-decorator"
"""The same operator for PrismPattern, written with Kopf as its documentation teaches: what ours is compared with.

It runs in a virtual environment of its own and imports nothing of ours. It keeps a Deployment and a Service per
pattern, owned by it, repairs them, and writes conditions. Where Kopf leaves a choice, the quicker one is taken: async
handlers, server-side apply, an index instead of reads, no progress in the status, no events but warnings.
"""

from __future__ import annotations

import datetime
import logging
from typing import Any

import kopf
from kubernetes_asyncio import client, config

Object = dict[str, Any]

GROUP, VERSION, PLURAL = "prism.io", "v1alpha1", "prismpatterns"
MANAGED = {"app.kubernetes.io/managed-by": "kopf-operator"}
APPLY = "application/apply-patch+yaml"
api: client.ApiClient


@kopf.on.startup()
async def configure(settings: kopf.OperatorSettings, **_: object) -> None:
    """Log in, and choose what costs least."""
    global api
    await config.load_kube_config()
    api = client.ApiClient()
    settings.posting.level = logging.WARNING
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix="kopf.prism.io")
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix="kopf.prism.io")


@kopf.on.cleanup()
async def close(**_: object) -> None:
    """Close the client."""
    await api.close()


@kopf.index(GROUP, VERSION, PLURAL)
async def patterns(namespace: str, name: str, body: kopf.Body, **_: object) -> dict[tuple[str, str], Object]:
    """Keep every pattern at hand for its Deployment's events."""
    return {(namespace, name): dict(body)}


@kopf.on.create(GROUP, VERSION, PLURAL)
@kopf.on.update(GROUP, VERSION, PLURAL, field="spec")
@kopf.on.resume(GROUP, VERSION, PLURAL)
async def reconcile(body: kopf.Body, **_: object) -> None:
    """Apply both children."""
    await apply("/apis/apps/v1", "deployments", deployment(dict(body)))
    if body["spec"].get("service"):
        await apply("/api/v1", "services", service(dict(body)))


@kopf.on.event("apps", "v1", "deployments", labels=MANAGED)
async def observe(event: Object, body: kopf.Body, namespace: str, patterns: kopf.Index, **_: object) -> None:
    """Repair a Deployment that somebody changed or deleted, and tell its pattern's status what became of it."""
    owner = next((found for found in body.metadata.get("ownerReferences", []) if found.get("controller")), None)
    for pattern in patterns.get((namespace, owner["name"]), []) if owner else []:
        wanted = deployment(pattern)
        if event["type"] == "DELETED" or has_drifted(body["spec"], wanted["spec"]):
            await apply("/apis/apps/v1", "deployments", wanted)
        elif (status := judged(pattern, body)) is not None:
            about = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "PrismPattern", "metadata": named(pattern)}
            await apply(f"/apis/{GROUP}/{VERSION}", PLURAL, {**about, "status": status}, "/status")


async def apply(root: str, plural: str, manifest: Object, subresource: str = "") -> None:
    """Apply server-side."""
    metadata = manifest["metadata"]
    await api.call_api(
        f"{root}/namespaces/{metadata['namespace']}/{plural}/{metadata['name']}{subresource}",
        "PATCH",
        query_params=[("fieldManager", "kopf-operator"), ("force", "true")],
        header_params={"Content-Type": APPLY, "Accept": "application/json"},
        body=manifest,
        auth_settings=["BearerToken"],
        _return_http_data_only=True,
    )


def named(pattern: Object, *, child: bool = False) -> Object:
    """Return name and namespace of a pattern, or of its children."""
    name = pattern["metadata"]["name"]
    return {"name": f"{name}-runner" if child else name, "namespace": pattern["metadata"]["namespace"]}


def labels(pattern: Object) -> dict[str, str]:
    """Return the labels of a pattern's pods."""
    return {"app.kubernetes.io/name": "prism-pattern", "app.kubernetes.io/instance": pattern["metadata"]["name"]}


def deployment(pattern: Object) -> Object:
    """Return the Deployment that a pattern wants."""
    spec = pattern["spec"]
    variables = {"PRISM_PATTERN": spec["pattern"], "PRISM_BACKEND": spec["backend"]}
    ports = [{"containerPort": spec["service"]["port"], "protocol": "TCP"}] if spec.get("service") else []
    container = {
        "name": spec["pattern"],
        "image": spec.get("image") or f"ghcr.io/prism/{spec['pattern']}-runner:latest",
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "ports": ports,
    }
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {**named(pattern, child=True), "labels": {**labels(pattern), **MANAGED}},
        "spec": {
            "replicas": spec.get("replicas", 1),
            "selector": {"matchLabels": labels(pattern)},
            "template": {"metadata": {"labels": labels(pattern)}, "spec": {"containers": [container]}},
        },
    }
    kopf.append_owner_reference(manifest, owner=pattern)
    return manifest


def service(pattern: Object) -> Object:
    """Return the Service that a pattern wants."""
    port = pattern["spec"]["service"]["port"]
    manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {**named(pattern, child=True), "labels": {**labels(pattern), **MANAGED}},
        "spec": {"selector": labels(pattern), "ports": [{"name": "grpc", "port": port, "protocol": "TCP"}]},
    }
    kopf.append_owner_reference(manifest, owner=pattern)
    return manifest


def has_drifted(live: Object, wanted: Object) -> bool:
    """Tell whether a Deployment is not what its pattern wants."""
    images = {spec["template"]["spec"]["containers"][0]["image"] for spec in (live, wanted)}
    return len(images) > 1 or bool(live["replicas"] != wanted["replicas"])


def judged(pattern: Object, live: kopf.Body) -> Object | None:
    """Return the status that a pattern should have; None where it has it."""
    held, status = pattern.get("status") or {}, live.status
    wanted, available = live["spec"]["replicas"], status.get("availableReplicas", 0)
    is_current = status.get("observedGeneration", 0) >= live.metadata["generation"]
    is_ready = is_current and status.get("updatedReplicas", 0) >= wanted and available >= wanted
    condition = {
        "type": "Ready",
        "status": "True" if is_ready else "False",
        "reason": "DeploymentReady" if is_ready else "DeploymentProgressing",
        "message": f"{available}/{wanted} available",
        "observedGeneration": pattern["metadata"]["generation"],
    }
    known: Object = next(iter(held.get("conditions", [])), {})
    if condition.items() <= known.items():
        return None
    turned = known.get("lastTransitionTime") if known.get("status") == condition["status"] else None
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "phase": "Running" if is_ready else "Progressing",
        "observedGeneration": pattern["metadata"]["generation"],
        "replicas": status.get("replicas", 0),
        "availableReplicas": available,
        "conditions": [{**condition, "lastTransitionTime": turned or now}],
    }
