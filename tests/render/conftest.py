"""Cases and goldens: `cases/*.yaml` go in, `goldens/*.yaml` are expected to come out.

`UPDATE_GOLDENS=1 pytest tests/render` writes the goldens anew and skips the tests that did; read the diff before you
keep it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, settings

from kubectl_prism.model.meta import Manifest

# A loaded machine is slow without anything being wrong.
settings.register_profile("prism", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("prism")

HERE = Path(__file__).parent

Golden = Callable[[str, Iterable[Any]], None]


class _Readable(yaml.SafeDumper):
    """Writes text of several lines as text of several lines, and never an anchor."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _text)


def case(name: str) -> Manifest:
    """Return the object that a case describes."""
    loaded: Manifest = yaml.safe_load((HERE / "cases" / f"{name}.yaml").read_text())
    return loaded


def dump(documents: Iterable[Any]) -> str:
    """Return documents as a golden holds them."""
    return yaml.dump_all(list(documents), Dumper=_Readable, width=120, sort_keys=True, allow_unicode=True)


@pytest.fixture
def golden() -> Golden:
    """Compare documents with the golden of a name, whole."""

    def compare(name: str, documents: Iterable[Any]) -> None:
        path = HERE / "goldens" / f"{name}.yaml"
        actual = list(documents)
        if os.environ.get("UPDATE_GOLDENS"):
            path.write_text(dump(actual))
            pytest.skip(f"{path.name} written")
        assert list(yaml.safe_load_all(path.read_text())) == actual

    return compare
