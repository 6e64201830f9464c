"""Kubernetes quantities as numbers: `500m`, `8Gi`, `2`."""

from __future__ import annotations

import re
from decimal import Decimal

_SHAPE = re.compile(r"([+-]?[0-9]*\.?[0-9]+|[+-]?[0-9]+\.)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?[0-9]{1,3}))?")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def amount(quantity: float | str | None) -> Decimal | None:
    """Return a quantity as a number; None for none, and for text that is no quantity, on which the server speaks."""
    shape = _SHAPE.fullmatch(str(quantity)) if quantity is not None else None
    if shape is None:
        return None
    number, suffix, exponent = Decimal(shape[1]), shape[2], shape[3]
    if suffix in _BINARY:
        return number * (1 << _BINARY[suffix])
    return number.scaleb(int(exponent) if exponent else _DECIMAL.get(suffix, 0))
