"""The files that the package ships: CRDs, samples and the starters of `init`.

The CRDs are generated from the models; a test holds them equal. Reads its own files and nothing else; loads no
model, so that `crds` and completion stay quick.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from kubectl_prism.errors import UsageError
from kubectl_prism.model import suggest
from kubectl_prism.model.meta import Manifest

_STACK_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST_NAME = 246
"""A starter's Lease is named NAME-leader, and a name has at most 253 characters."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A file to run as it is, or to start from; `title` says in one line what it shows."""

    name: str
    title: str
    text: str


def crd_text() -> str:
    """Return the CRDs of the four kinds as one YAML stream."""
    return "---\n".join(_texts("crds").values())


def crds() -> tuple[Manifest, ...]:
    """Return the CRDs of the four kinds."""
    return tuple(yaml.load(text, Loader=_loader()) for text in _texts("crds").values())  # noqa: S506  # a safe loader


def samples() -> Mapping[str, Sample]:
    """Return every sample by its name."""
    return {name: Sample(name, _title(text), text) for name, text in _texts("samples").items()}


def sample(name: str) -> Sample:
    """Return one sample; UsageError names the nearest one for a name that is not known."""
    return _known(name, samples(), "sample")


def templates() -> Mapping[str, Sample]:
    """Return every starter by the name of its template; NAME stands where the stack's name goes."""
    return {name: Sample(name, _title(text), text) for name, text in _texts("templates").items()}


def starter(template: str, name: str) -> str:
    """Return the starter file `template` for a stack called `name`; UsageError where either cannot be."""
    text = _known(template, templates(), "template").text
    if not _STACK_NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise UsageError(
            f"{name} cannot be the name of a stack",
            hint=f"lower-case letters, digits, hyphens and dots, at most {_LONGEST_NAME}, e.g. my-prism",
        )
    return re.sub(r"\bNAME\b", name, text)


def _known(name: str, known: Mapping[str, Sample], what: str) -> Sample:
    if name not in known:
        raise UsageError(f"there is no {what} {name}", hint=suggest.hint(name, known))
    return known[name]


def _title(text: str) -> str:
    """Return the first comment line without what marks it as one."""
    title = text.partition("\n")[0].removeprefix("#").strip().removeprefix("NAME: ")
    return title[:1].upper() + title[1:]


def _loader() -> type[yaml.SafeLoader]:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def _texts(folder: str) -> dict[str, str]:
    """Return the text of every file in one of the package's folders, by file name without .yaml, in order."""
    found = (entry for entry in files(__name__).joinpath(folder).iterdir() if entry.name.endswith(".yaml"))
    ordered = sorted(found, key=lambda entry: entry.name)
    return {entry.name.removesuffix(".yaml"): entry.read_text(encoding="utf-8") for entry in ordered}
