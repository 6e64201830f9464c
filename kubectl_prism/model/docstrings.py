"""Reads the docstrings under the attributes of a class from its source, for the descriptions in the CRDs.

Only `model.crd` calls this, when CRDs are generated; importing the models costs nothing for it.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise


@cache
def attributes(owner: type) -> dict[str, str]:
    """Return the docstring of each attribute by its name, those of base classes included."""
    found: dict[str, str] = {}
    for base in reversed(owner.__mro__):
        if base.__module__ == owner.__module__ or base.__module__.startswith("kubectl_prism."):
            found |= _own(base)
    return found


def summary(owner: type) -> str:
    """Return the class's own docstring as one line."""
    return one_line(owner.__doc__ or "")


def one_line(text: str) -> str:
    """Return `text` with every run of white space made one blank."""
    return " ".join(text.split())


def _own(owner: type) -> dict[str, str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(owner)))
    (definition,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    return {
        field.target.id: one_line(note.value.value)
        for field, note in pairwise(definition.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(note, ast.Expr)
        and isinstance(note.value, ast.Constant)
        and isinstance(note.value.value, str)
    }
