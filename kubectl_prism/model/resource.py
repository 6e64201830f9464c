"""The kinds this project touches and where the API server serves them.

Kind names are unique among them, so a kind string is the identity of a kind everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kubectl_prism.model.meta import GROUP, VERSION


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind as the API server names it; `group` is empty for the core group."""

    kind: str
    group: str
    version: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """The `apiVersion` of manifests of this kind."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def full_name(self) -> str:
        """`plural.group`, as CRDs and kubectl write it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """Return the URL path of a collection, an object or a subresource."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        scope = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        tail = f"/{name}" if name else ""
        return f"{root}{scope}/{self.plural}{tail}" + (f"/{subresource}" if subresource else "")


_ALL = (
    Resource("PrismStack", GROUP, VERSION, "prismstacks"),
    Resource("PrismPattern", GROUP, VERSION, "prismpatterns"),
    Resource("PrismBackend", GROUP, VERSION, "prismbackends"),
    Resource("PrismNamespace", GROUP, VERSION, "prismnamespaces"),
    Resource("ConfigMap", "", "v1", "configmaps"),
    Resource("Event", "", "v1", "events"),
    Resource("Namespace", "", "v1", "namespaces", namespaced=False),
    Resource("Node", "", "v1", "nodes", namespaced=False),
    Resource("Pod", "", "v1", "pods"),
    Resource("Secret", "", "v1", "secrets"),
    Resource("Service", "", "v1", "services"),
    Resource("ServiceAccount", "", "v1", "serviceaccounts"),
    Resource("Deployment", "apps", "v1", "deployments"),
    Resource("ReplicaSet", "apps", "v1", "replicasets"),
    Resource("HorizontalPodAutoscaler", "autoscaling", "v2", "horizontalpodautoscalers"),
    Resource("Lease", "coordination.k8s.io", "v1", "leases"),
    Resource("PodDisruptionBudget", "policy", "v1", "poddisruptionbudgets"),
    Resource("ClusterRole", "rbac.authorization.k8s.io", "v1", "clusterroles", namespaced=False),
    Resource("Role", "rbac.authorization.k8s.io", "v1", "roles"),
    Resource("RoleBinding", "rbac.authorization.k8s.io", "v1", "rolebindings"),
    Resource("ScaledObject", "keda.sh", "v1alpha1", "scaledobjects"),
    Resource("PortForward", "kwok.x-k8s.io", "v1alpha1", "portforwards"),
    Resource("Logs", "kwok.x-k8s.io", "v1alpha1", "logs"),
    Resource("CustomResourceDefinition", "apiextensions.k8s.io", "v1", "customresourcedefinitions", namespaced=False),
    Resource("SelfSubjectAccessReview", "authorization.k8s.io", "v1", "selfsubjectaccessreviews", namespaced=False),
)

RESOURCES: Mapping[str, Resource] = {resource.kind: resource for resource in _ALL}

OUR_KINDS = ("PrismStack", "PrismPattern", "PrismBackend", "PrismNamespace")
"""The four kinds of this project, in the order in which people read them."""


def resource(kind: str) -> Resource:
    """Return how the API server names `kind`; KeyError for a kind this project does not touch."""
    return RESOURCES[kind]
