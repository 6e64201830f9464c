"""What the documentation says is so: links, commands, reasons, and every object that a reader may copy."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from docs import generate
from kubectl_prism import manifests
from kubectl_prism.cli import options
from kubectl_prism.model import documents
from tests.cluster import Cluster

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
REASONS = (ROOT / "docs/reference/conditions.md").read_text()
MAKERS = {
    **dict.fromkeys(("true", "false", "unknown", "Answer"), 1),
    **dict.fromkeys(("ready", "reconciling", "stalled", "_unreached"), 0),
    **dict.fromkeys(("RefError", "Refused", "Refusal", "BackendMissing", "Trouble"), 0),
}
"""What makes a condition, and where among its arguments the reason stands."""


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, *languages: str) -> list[str]:
    fences = re.findall(r"^```(\w+)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    return [text for language, text in fences if language in languages]


def reasons() -> Iterator[str]:
    """Yield every reason that the reconcilers and the pods' words are written with."""
    for file in [*(ROOT / "kubectl_prism/reconcile").glob("*.py"), ROOT / "kubectl_prism/view/pods.py"]:
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call):
                continue
            place = MAKERS.get(getattr(node.func, "attr", getattr(node.func, "id", "")))
            if place is None:
                continue
            for argument in node.args[place : place + 1]:
                words = [word.value for word in ast.walk(argument) if isinstance(word, ast.Constant)]
                yield from (word for word in words if isinstance(word, str) and re.fullmatch(r"[A-Z][A-Za-z]+", word))


def commands(page: Path) -> Iterator[str]:
    for block in blocks(page, "bash", "console"):
        for line in block.splitlines():
            if found := re.search(r"(?:^|[$(|] ?)kubectl prism ([^|)#]*)", line):
                yield found[1].strip().rstrip("'\"")


def test_the_readme_begins_with_the_two_commands() -> None:
    """A newcomer reads `make up` and `make test` before anything else."""
    lines = [line for line in (ROOT / "README.md").read_text().splitlines() if line and not line.startswith("```")]
    assert [line.split("#")[0].strip() for line in lines[1:3]] == ["make up", "make test"]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """A relative link names a file that exists."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", sorted(generate.PAGES))
def test_generated_pages_follow_the_program(page: str) -> None:
    """The committed reference is what the program says today; `make docs` writes it."""
    assert (ROOT / "docs/reference" / page).read_text() == generate.NOTICE + generate.PAGES[page]()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_in_a_block_exists(page: Path) -> None:
    """A command line that a reader may copy names a command and flags that the program has."""
    known = {" ".join(words): command for words, command in generate.commands()}
    shared = {f"--{flag.name}" for flag in options.FLAGS} | {f"-{flag.short}" for flag in options.FLAGS if flag.short}
    for line in commands(page):
        words = line.split()
        verb = next((" ".join(words[:size]) for size in (2, 1) if " ".join(words[:size]) in known), None)
        assert verb is not None, line
        own = {sign for param in known[verb].params for sign in (*param.opts, *param.secondary_opts)} | {"--help", "-h"}
        flags = {re.split(r"[=]", word)[0] for word in words if re.match(r"--?[a-z]", word)}
        assert flags - shared - own == set(), line


@pytest.mark.parametrize("reason", sorted(set(reasons())))
def test_every_reason_is_explained(reason: str) -> None:
    """A reason that a condition may carry stands in the reference."""
    assert f"| `{reason}` |" in REASONS


def test_every_bad_reason_has_a_page_in_the_index() -> None:
    """The index of troubleshooting names every page beside it, and every page says what to do."""
    folder = ROOT / "docs/troubleshooting"
    index = (folder / "README.md").read_text()
    pages = [page for page in folder.glob("*.md") if page.name != "README.md"]
    assert [page.name for page in pages if f"({page.name})" not in index] == []
    assert [page.name for page in pages if "## What to do" not in page.read_text()] == []


def test_every_object_in_the_docs_is_taken_by_the_server(cluster: Cluster) -> None:
    """Each YAML block with our objects parses here, and a real API server takes it."""
    kubectl = [str(cluster.kubectl), f"--kubeconfig={cluster.kubeconfig}"]
    apply = [*kubectl, "apply", "--server-side", "-f", "-"]
    subprocess.run(apply, input=manifests.crd_text(), text=True, check=True, capture_output=True)
    wait = [*kubectl, "wait", "--for=condition=Established", "crd", "-l", "app.kubernetes.io/part-of=prism"]
    subprocess.run(wait, check=True, capture_output=True)
    shown = [(page, block) for page in PAGES for block in blocks(page, "yaml") if "prism.io/v1alpha1" in block]
    assert shown
    for page, block in shown:
        ours = [obj for obj in documents.parse(block, source=name(page)) if obj["kind"] in documents.MODELS]
        for obj in ours:
            obj["metadata"] = {**obj["metadata"], "namespace": "default"}
        text = yaml.safe_dump_all(ours)
        done = subprocess.run([*apply, "--dry-run=server"], input=text, text=True, capture_output=True, check=False)
        assert done.returncode == 0, f"{name(page)}: {done.stderr}"
