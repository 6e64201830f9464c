"""The images that run when the spec names none."""

from __future__ import annotations

from kubectl_prism.render.names import program


def runner(pattern_type: str) -> str:
    """Return the image of a pattern's runner."""
    return f"ghcr.io/prism/{program(pattern_type)}-runner:latest"
