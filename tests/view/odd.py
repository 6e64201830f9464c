"""Objects as no API server should give them out, for the tests that every view shows them all the same."""

from __future__ import annotations

from hypothesis import strategies as st

from kubectl_prism.model.meta import Manifest
from kubectl_prism.view.objects import KINDS, Objects

WORDS = st.sampled_from(
    [
        *(
            "metadata",
            "spec",
            "status",
            "conditions",
            "labels",
            "name",
            "namespace",
            "uid",
            "type",
            "reason",
            "message",
        ),
        *("ownerReferences", "controller", "replicas", "template", "containers", "nodeName", "state", "proxy", "admin"),
        *("placement", "strategy", "patterns", "backends", "backend", "backendConfig", "connection", "url", "quotas"),
        *("nodeSelector", "affinity", "topologySpreadConstraints", "maxSkew", "topologyKey", "series", "eventTime"),
        *("component", "prism-proxy", "u", "shop", "MultiZone", "True", "2026-01-02T03:01:05Z", "", "x"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=12
)


def manifests(kind: str) -> st.SearchStrategy[Manifest]:
    """Return odd objects of a kind; what they are called is the one thing that can be relied on."""
    names = st.sampled_from(["u", "shop", "x"])
    owners = JSON | st.just([{"uid": "u", "kind": "PrismStack", "controller": True}])
    metadata = st.fixed_dictionaries(
        {"name": names, "uid": st.just("u")},
        optional={"namespace": st.just("shop"), "labels": JSON, "ownerReferences": owners, "creationTimestamp": JSON},
    )
    spec = st.dictionaries(WORDS, JSON, max_size=4) | JSON
    return st.fixed_dictionaries({"kind": st.just(kind), "metadata": metadata}, optional={"spec": spec, "status": spec})


def worlds() -> st.SearchStrategy[Objects]:
    """Return a few odd objects of every kind."""
    lists = {field: st.lists(manifests(kind), max_size=2).map(tuple) for field, kind in KINDS.items()}
    return st.builds(Objects, **lists)
