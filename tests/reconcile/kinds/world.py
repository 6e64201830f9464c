"""The world as the official client and kubectl see it: what a person does to it, and what can be read back.

Every test of this room has one world, with a namespace of its own. Nothing here calls the code under test.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from kubernetes.dynamic.exceptions import NotFoundError

from tests.cluster import Cluster

Object = dict[str, Any]
T = TypeVar("T")

WITHIN = 30.0
"""Seconds that the world may take to become as it should on a busy machine."""
SHORTEST, EASE = 0.05, 2.0
"""Seconds between two looks, at least; and how many times as long as a look took: the world needs the machine too."""

PRISM = "prism.io/v1alpha1"
API_VERSIONS = {
    "Deployment": "apps/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "Lease": "coordination.k8s.io/v1",
    "PodDisruptionBudget": "policy/v1",
    "PortForward": "kwok.x-k8s.io/v1alpha1",
    "ResourceQuota": "v1",
    "Role": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1",
    "ScaledObject": "keda.sh/v1alpha1",
}
CHILD_KINDS = (
    "ConfigMap",
    "Deployment",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "PrismBackend",
    "PrismNamespace",
    "PrismPattern",
    "Role",
    "RoleBinding",
    "Secret",
    "Service",
    "ServiceAccount",
)
"""Every kind that the reconcilers make and a cluster without KEDA serves."""
LOOKED_AFTER = ("PrismStack", "PrismPattern", "PrismBackend", "PrismNamespace", "Deployment", "Event")
"""The kinds of what costs something as long as it is there; what else there is goes with these."""


def eventually(look: Callable[[], T], *, within: float = WITHIN) -> T:
    """Return what `look` finds once it finds something and raises no AssertionError; else its last word, in the end."""
    deadline = time.monotonic() + within
    while True:
        began = time.monotonic()
        try:
            if found := look():
                return found
            last: AssertionError | None = None
        except AssertionError as error:
            last = error
        if (now := time.monotonic()) > deadline:
            raise last or AssertionError(f"nothing to be seen after {within:g} s")
        time.sleep(max(SHORTEST, EASE * (now - began)))


def conditions(obj: Object) -> dict[str, str]:
    """Return the conditions as `{type: "status reason"}`."""
    return {
        found["type"]: f"{found['status']} {found['reason']}"
        for found in (obj.get("status") or {}).get("conditions") or []
    }


def is_ready(obj: Object) -> bool:
    """Tell whether an object says that it is Ready."""
    return conditions(obj).get("Ready", "").startswith("True")


def message(obj: Object, type: str = "Ready") -> str:
    """Return what the condition `type` says."""
    return next((str(found["message"]) for found in obj["status"]["conditions"] if found["type"] == type), "")


def is_judged(obj: Object) -> bool:
    """Tell whether the status and every condition speak of the present generation."""
    status, generation = obj.get("status") or {}, obj["metadata"].get("generation")
    seen = [status.get("observedGeneration"), *(c.get("observedGeneration") for c in status.get("conditions") or [])]
    return set(seen) == {generation}


@dataclass(frozen=True)
class World:
    """One namespace of a real cluster, in the hands of a person called somebody."""

    client: Any
    cluster: Cluster
    namespace: str

    def create(self, kind: str, name: str, *, namespace: str | None = None, **body: Any) -> Object:  # noqa: ANN401 - JSON
        """Create an object; `metadata` in the body is laid over its name."""
        metadata = {"name": name, **body.pop("metadata", {})}
        manifest = {"apiVersion": API_VERSIONS.get(kind, _group(kind)), "kind": kind, "metadata": metadata, **body}
        made = self._of(kind).create(body=manifest, namespace=namespace or self.namespace, field_manager="somebody")
        return dict(made.to_dict())

    def stack(self, name: str, **spec: Any) -> Object:  # noqa: ANN401 - JSON
        """Create a PrismStack."""
        return self.create("PrismStack", name, spec=spec)

    def pattern(self, name: str, **spec: Any) -> Object:  # noqa: ANN401 - JSON
        """Create a PrismPattern: keyvalue on memstore where the spec says nothing else."""
        return self.create("PrismPattern", name, spec={"pattern": "keyvalue", "backend": "memstore", **spec})

    def backend(self, name: str, **spec: Any) -> Object:  # noqa: ANN401 - JSON
        """Create a PrismBackend that nobody checks, where the spec says nothing else."""
        return self.create("PrismBackend", name, spec={"type": "cache", "healthCheck": {"enabled": False}, **spec})

    def secret(self, name: str, *, namespace: str | None = None, **values: str) -> Object:
        """Create a Secret; underscores in the names of values are hyphens in its keys."""
        data = {key.replace("_", "-"): value for key, value in values.items()}
        return self.create("Secret", name, namespace=namespace, stringData=data)

    def get(self, kind: str, name: str) -> Object:
        """Return an object; AssertionError where there is none."""
        found = self.find(kind, name)
        assert found is not None, f"there is no {kind} {name}"
        return found

    def find(self, kind: str, name: str) -> Object | None:
        """Return an object, or None where there is none."""
        try:
            return dict(self._of(kind).get(name=name, namespace=self.namespace).to_dict())
        except NotFoundError:
            return None

    def all(self, kind: str, labels: str | None = None) -> list[Object]:
        """Return all objects of a kind in the namespace."""
        # As it comes: to make an object of every value, and back, would cost more than all else of a look.
        answer = self._of(kind).get(namespace=self.namespace, label_selector=labels, serialize=False)
        found = json.loads(answer.data)
        return [{"apiVersion": found["apiVersion"], "kind": kind, **item} for item in found["items"]]

    def names(self, kind: str, labels: str | None = None) -> set[str]:
        """Return the names of all objects of a kind in the namespace."""
        return {item["metadata"]["name"] for item in self.all(kind, labels)}

    def patch(self, kind: str, name: str, change: Object, *, manager: str = "somebody") -> Object:
        """Merge a change into an object; None takes a field away."""
        return dict(
            self._of(kind)
            .patch(
                body=change,
                name=name,
                namespace=self.namespace,
                content_type="application/merge-patch+json",
                field_manager=manager,
            )
            .to_dict()
        )

    def specify(self, kind: str, name: str, **spec: Any) -> Object:  # noqa: ANN401 - JSON
        """Merge a change into the spec of an object."""
        return self.patch(kind, name, {"spec": spec})

    def scale(self, kind: str, name: str, replicas: int) -> None:
        """Scale an object through its scale subresource, as an autoscaler and `kubectl scale` do."""
        scale = self._of(kind).subresources["scale"]
        change = {"spec": {"replicas": replicas}}
        content_type = "application/merge-patch+json"
        scale.patch(body=change, name=name, namespace=self.namespace, content_type=content_type)

    def delete(self, kind: str, name: str) -> None:
        """Delete an object."""
        self._of(kind).delete(name=name, namespace=self.namespace)

    def abandon(self) -> None:
        """Delete what somebody would still look after; the namespace goes with the cluster.

        To delete it, too, is a hundred requests and more, which is what many a test takes altogether. Who would have
        tenants released may be gone before they are.
        """
        for kind in LOOKED_AFTER:
            self._of(kind).delete(namespace=self.namespace, field_selector=f"metadata.namespace={self.namespace}")
        for name in self.names("PrismNamespace"):
            with suppress(NotFoundError):
                self.patch("PrismNamespace", name, {"metadata": {"finalizers": None}})

    def becomes(
        self,
        kind: str,
        name: str,
        *judgements: str,
        within: float = WITHIN,
        **status: Any,  # noqa: ANN401 - JSON
    ) -> Object:
        """Wait until an object is judged at its present generation and its conditions hold these words.

        A judgement is `Ready=True`, or `Stalled=True NameTaken` with its reason; `status` are further fields of it.
        """

        def look() -> Object:
            obj = self.get(kind, name)
            assert is_judged(obj), f"{kind} {name} is not judged at its generation: {obj.get('status')}"
            held = conditions(obj)
            for judgement in judgements:
                type, _, wanted = judgement.partition("=")
                found = held.get(type, "")
                assert found == wanted or found.split(" ")[0] == wanted, f"{kind} {name}: {obj['status']}"
            assert status.items() <= obj["status"].items(), f"{kind} {name}: {obj['status']}"
            return obj

        return eventually(look, within=within)

    def ready(self, kind: str, name: str, *, within: float = WITHIN) -> Object:
        """Wait until an object is Ready, and nothing else."""
        return self.becomes(kind, name, "Ready=True", "Reconciling=False", "Stalled=False", within=within)

    def stalled(self, kind: str, name: str, reason: str) -> Object:
        """Wait until an object is Stalled for a reason, and nothing else."""
        return self.becomes(kind, name, f"Ready=False {reason}", "Reconciling=False", f"Stalled=True {reason}")

    def gone(self, kind: str, name: str) -> None:
        """Wait until there is no such object."""
        eventually(lambda: self.find(kind, name) is None)

    def events(self, name: str, reason: str) -> list[str]:
        """Return the messages of the Events about an object for a reason."""
        return [
            found["message"]
            for found in self.all("Event")
            if found["involvedObject"].get("name") == name and found["reason"] == reason
        ]

    def told(self, name: str, reason: str) -> list[str]:
        """Wait for Events about an object for a reason, and return their messages."""
        return eventually(lambda: self.events(name, reason))

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        """Run kubectl in the namespace and return what it said; it must succeed."""
        return kubectl(self.cluster, f"--namespace={self.namespace}", *arguments, given=given)

    def prism(self, *arguments: str) -> str:
        """Run `kubectl prism` in the namespace and return its data, whatever it thinks of what it shows."""
        flags = [f"--kubeconfig={self.cluster.kubeconfig}", f"--namespace={self.namespace}"]
        command = [sys.executable, "-m", "kubectl_prism", *arguments, *flags]
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, timeout=90).stdout

    def within(self, namespace: str) -> World:
        """Return the same world in another namespace."""
        return World(self.client, self.cluster, namespace)

    def _of(self, kind: str) -> Any:  # noqa: ANN401 - the official client ships no types
        return self.client.resources.get(api_version=API_VERSIONS.get(kind, _group(kind)), kind=kind)


def _group(kind: str) -> str:
    return PRISM if kind.startswith("Prism") else "v1"


def kubectl(cluster: Cluster, *arguments: str, given: str | None = None) -> str:
    """Run kubectl on the whole cluster and return what it said; it must succeed."""
    command = [str(cluster.kubectl), f"--kubeconfig={cluster.kubeconfig}", *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 0, done.stderr
    return done.stdout


def fingerprint(world: World, *kinds: str) -> dict[str, Mapping[str, str]]:
    """Return the resourceVersion of every object of these kinds, all that the reconcilers write where none is named."""
    wanted = kinds or (*CHILD_KINDS, "PrismStack", "Event")
    return {kind: {o["metadata"]["name"]: o["metadata"]["resourceVersion"] for o in world.all(kind)} for kind in wanted}
