"""Reads fields that may be missing or of another type than they should: one odd object must not stop a list."""

from __future__ import annotations

from kubectl_prism.model.meta import Manifest


def mapping(value: object) -> Manifest:
    """Return a mapping as it is, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[Manifest]:
    """Return the mappings of a list; none for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list | tuple) else []


def number(value: object) -> int:
    """Return a whole number as it is, and 0 for anything else."""
    return value if type(value) is int else 0


def text(value: object) -> str:
    """Return a text as it is, and an empty one for anything else."""
    return value if isinstance(value, str) else ""
