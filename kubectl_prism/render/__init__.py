"""What should exist: pure builders from the models to plain manifests.

No clock, no chance, no network: the same input gives the same bytes. A child stands in its owner's namespace. Owner
references and what `reconcile.apply` remembers of an object are added there, never here. Names come from `names`,
labels and selectors from `labels`; a builder is a noun, and returns None where nothing is wanted.
"""

from kubectl_prism.render.offline import everything, of_backend

__all__ = ["everything", "of_backend"]
