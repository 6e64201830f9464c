"""What the tests of this room share."""

from __future__ import annotations

from tests.model.served import namespace, served

__all__ = ["namespace", "served"]
