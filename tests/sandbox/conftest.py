"""A machine of its own for each test: empty home and caches, nothing on PATH but what the test puts there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.machine import Machine
from tests.sandbox.releases import Releases, served


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """An empty machine."""
    return Machine.empty(tmp_path, monkeypatch)


@pytest.fixture
def releases() -> Iterator[Releases]:
    """A server of official releases."""
    with served() as server:
        yield server
