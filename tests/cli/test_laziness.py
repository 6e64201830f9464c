"""What needs no cluster loads no library for one; a static graph of imports cannot see this."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.terminal import environment

HEAVY = ["aiohttp", "kubernetes", "grpc", "textual", "uvloop", "prometheus_client"]
PROBE = """
import json, sys
from kubectl_prism import cli
try:
    {call}()
except SystemExit:
    pass
loaded = sorted({{name.partition(".")[0] for name in sys.modules}})
sys.stderr.write("\\n" + json.dumps(loaded))
"""


def loaded(tmp_path: Path, *words: str, call: str = "cli.main", text: str = "") -> set[str]:
    """Return the libraries that a run of the command line has loaded by its end."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(call=call), *words],
        env=environment(tmp_path),
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    ("words", "also"),
    [
        ("--version", ["typer", "yaml", "pydantic", "dataclasses", "kubectl_prism.cli.edge"]),
        ("version --client", ["pydantic", "yaml"]),
        ("--help", ["pydantic", "yaml"]),
        ("status --help", ["pydantic", "yaml"]),
        ("stauts", ["typer", "pydantic", "yaml"]),
        ("status --nope", ["pydantic", "yaml"]),
        ("render -f /no/such", ["pydantic", "yaml"]),
        ("status --context=x", ["pydantic", "yaml"]),
        ("render --sample production", []),
        ("crds", ["pydantic"]),
        ("init shop", ["pydantic"]),
        ("options", ["pydantic", "yaml"]),
    ],
)
def test_what_needs_no_cluster_loads_none(tmp_path: Path, words: str, also: list[str]) -> None:
    """No network library, and of the others only what the answer takes."""
    assert sorted(loaded(tmp_path, *words.split()) & {*HEAVY, *also}) == []


@pytest.mark.parametrize("words", [[""], ["st"], ["status", ""], ["render", "--sample", ""], ["--context", ""]])
def test_completion_loads_no_network_library(tmp_path: Path, words: list[str]) -> None:
    """A press of the tab key waits for nothing heavy, not even where names come from the cluster."""
    assert sorted(loaded(tmp_path, *words, call="cli.complete") & {*HEAVY, "pydantic"}) == []
