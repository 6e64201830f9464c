"""Commands that need no cluster: what they print, and what they write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from kubectl_prism import __version__, manifests
from kubectl_prism.model.revision import CRD_REVISION
from tests.cli.terminal import DEAD_SERVER, prism


def test_version_is_one_line(tmp_path: Path) -> None:
    """`--version` prints the program and its version."""
    done = prism(tmp_path, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"kubectl-prism {__version__}\n", "")


def test_client_version_needs_no_cluster(tmp_path: Path) -> None:
    """`version --client` knows this program and its CRDs, in every form."""
    text = prism(tmp_path, "version", "--client")
    assert text.stdout == f"Client Version: v{__version__}\nCRD Revision: {CRD_REVISION}\n"
    expected = {"clientVersion": {"version": f"v{__version__}", "crdRevision": CRD_REVISION}}
    assert json.loads(prism(tmp_path, "version", "--client", "-o", "json").stdout) == expected
    assert yaml.safe_load(prism(tmp_path, "version", "--client", "-o", "yaml").stdout) == expected


def test_version_without_a_server_says_what_it_knows(tmp_path: Path) -> None:
    """As in kubectl: the client's part on stdout, the server's silence on stderr, exit code 1, for every form."""
    for form in ([], ["-o", "json"]):
        done = prism(tmp_path, "version", DEAD_SERVER, *form)
        assert (done.returncode, __version__ in done.stdout) == (1, True)
        assert done.stderr.startswith("error: cannot reach the API server 127.0.0.1:1")


def test_crds_are_printed_whole(tmp_path: Path) -> None:
    """YAML documents, or a List; both hold the four kinds."""
    text = prism(tmp_path, "crds")
    assert (text.returncode, text.stderr) == (0, "")
    assert list(yaml.safe_load_all(text.stdout)) == list(manifests.crds())
    assert json.loads(prism(tmp_path, "crds", "-o", "json").stdout)["items"] == list(manifests.crds())


@pytest.mark.parametrize("sample", sorted(manifests.samples()))
def test_every_sample_renders(tmp_path: Path, sample: str) -> None:
    """Each sample leads to objects, the same each time, each in a namespace; only a PrismNamespace leads to none."""
    first = prism(tmp_path, "render", "--sample", sample)
    assert (first.returncode, first.stdout) == (0, prism(tmp_path, "render", "--sample", sample).stdout)
    found = list(yaml.safe_load_all(first.stdout))
    kinds = {obj["kind"] for obj in yaml.safe_load_all(manifests.sample(sample).text)}
    assert bool(found) == bool(kinds & {"PrismStack", "PrismPattern", "PrismBackend"}), first.stderr
    assert all(obj["metadata"]["namespace"] for obj in found)


def test_render_reads_stdin_and_takes_the_namespace(tmp_path: Path) -> None:
    """`init | render -f -` works, in the namespace of -n; names and JSON hold the same objects."""
    text = prism(tmp_path, "init", "shop").stdout
    names = prism(tmp_path, "render", "-f", "-", "-o", "name", text=text).stdout.split()
    listed = json.loads(prism(tmp_path, "render", "-f-", "-o", "json", "-n", "east", text=text).stdout)
    assert "deployment.apps/shop-proxy" in names
    assert len(names) == len(listed["items"])
    assert {obj["metadata"]["namespace"] for obj in listed["items"]} == {"east"}


def test_render_of_other_kinds_is_nothing(tmp_path: Path) -> None:
    """A file without a Prism object leads to nothing, and that is said."""
    config = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}"
    done = prism(tmp_path, "render", "-f", "-", text=config)
    assert (done.returncode, done.stdout, "nothing would be created" in done.stderr) == (0, "", True)


def test_init_writes_once(tmp_path: Path) -> None:
    """A file is written whole, never over another without --force; what it holds can be rendered."""
    file = tmp_path / "shop.yaml"
    first = prism(tmp_path, "init", "shop", "-f", str(file))
    assert (first.returncode, first.stdout, f"{file} written" in first.stderr) == (0, "", True)
    assert prism(tmp_path, "render", "-f", str(file)).returncode == 0
    file.write_text("mine")
    again = prism(tmp_path, "init", "shop", "-f", str(file))
    assert (again.returncode, file.read_text()) == (2, "mine")
    assert "hint: --force writes over it" in again.stderr
    assert prism(tmp_path, "init", "shop", "-f", str(file), "--force").returncode == 0
    assert file.read_text() == prism(tmp_path, "init", "shop").stdout


def test_init_lists_its_templates(tmp_path: Path) -> None:
    """Every template stands in the list with what it is for."""
    listed = prism(tmp_path, "init", "--list").stdout
    assert all(name in listed and found.title in listed for name, found in manifests.templates().items())


def test_a_sandbox_that_is_not_there_is_absent(tmp_path: Path) -> None:
    """Status says so with exit code 1 in every form, and down has nothing to do."""
    text = prism(tmp_path, "sandbox", "status")
    assert (text.returncode, text.stdout) == (1, "Sandbox prism: absent\n")
    assert "kubectl prism sandbox up" in text.stderr
    data = prism(tmp_path, "sandbox", "status", "-o", "json")
    assert (data.returncode, json.loads(data.stdout)["state"]) == (1, "absent")
    down = prism(tmp_path, "sandbox", "down")
    assert (down.returncode, down.stdout, "There is no sandbox." in down.stderr) == (0, "", True)
