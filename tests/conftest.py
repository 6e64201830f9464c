"""What every test may use: a real API server, shared by the whole run."""

from __future__ import annotations

from tests.cluster import cluster

__all__ = ["cluster"]
