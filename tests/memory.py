"""What is still in memory, for tests of what must not be."""

from __future__ import annotations

import gc


def alive(**data: str) -> int:
    """Return how many mappings that hold exactly `data` live, whoever keeps them."""
    gc.collect()
    return sum(1 for one in gc.get_objects() if type(one) is dict and one.get("data") == data)
