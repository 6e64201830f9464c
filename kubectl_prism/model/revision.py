"""Which revision of our CRDs an API server serves, and whether they are ours at all.

`up` and `version` ask before they write; the constants stand in every generated CRD.
"""

from __future__ import annotations

from kubectl_prism.model import meta
from kubectl_prism.model.meta import CLIENT_MANAGER, GROUP, Manifest

CRD_REVISION = 1
"""Grows by one with each release that changes a CRD, so that an older program never puts older CRDs in place."""

REVISION_ANNOTATION = f"{GROUP}/crd-version"

CRD_LABELS = {"app.kubernetes.io/part-of": "prism", "app.kubernetes.io/managed-by": CLIENT_MANAGER}


def revision(crd: Manifest) -> int | None:
    """Return the revision of a CRD of ours; None for one that somebody else made."""
    written = meta.annotations(crd).get(REVISION_ANNOTATION, "")
    return int(written) if written.isascii() and written.isdigit() else None
