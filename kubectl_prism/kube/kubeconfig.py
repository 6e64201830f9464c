"""Reads kubeconfig files: which contexts there are, and which cluster and user one of them means.

Called by `config` before it logs in, and by shell completion for names. Reads files only: no network, no plugin, no
import of the `kubernetes` package. Every fault is one PrismError that names the file and the field.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubectl_prism.errors import PrismError

_PATH_FIELDS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


@dataclass(frozen=True, slots=True)
class Entry:
    """One named cluster, user or context, with its paths made absolute, and the file it stands in."""

    name: str
    body: Mapping[str, Any]
    file: Path


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """Several kubeconfig files as one: the first file that names something wins, as in kubectl."""

    files: tuple[Path, ...]
    current_context: str
    clusters: Mapping[str, Entry]
    users: Mapping[str, Entry]
    contexts: Mapping[str, Entry]

    @property
    def place(self) -> str:
        """The files, as an error names them."""
        return ", ".join(str(file) for file in self.files)


def paths(kubeconfig: str | None, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the files to read: the flag alone, else the KUBECONFIG list, else the file in the home folder."""
    if kubeconfig:
        return (Path(kubeconfig).expanduser(),)
    listed = [Path(item).expanduser() for item in environment.get("KUBECONFIG", "").split(os.pathsep) if item]
    home = environment.get("HOME") or environment.get("USERPROFILE") or "~"
    return tuple(dict.fromkeys(listed)) or (Path(home).expanduser() / ".kube" / "config",)


def read(files: Sequence[Path]) -> Kubeconfig:
    """Read and merge the files that exist; PrismError names the file and the field that is wrong."""
    found = [(file, _parse(file)) for file in files if file.exists()]
    current = next((text for _, body in found if (text := body.get("current-context"))), "")
    return Kubeconfig(
        files=tuple(file for file, _ in found),
        current_context=str(current),
        clusters=_merge(found, "clusters", "cluster"),
        users=_merge(found, "users", "user"),
        contexts=_merge(found, "contexts", "context"),
    )


def loader() -> Any:  # noqa: ANN401 (PyYAML has two of them, with nothing in common)
    """Return PyYAML's safe loader, the one in C where there is one.

    PyYAML takes a while to load, so that is put off until there is a file to read.
    """
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _parse(file: Path) -> Mapping[str, Any]:
    import yaml

    try:
        body = yaml.load(file.read_bytes(), Loader=loader())  # noqa: S506 (it is the safe one)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{file}:{mark.line + 1}" if mark else str(file)
        raise _fault(f"kubeconfig {place} is not YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _fault(f"kubeconfig {file} is not YAML") from error
    except OSError as error:
        raise _fault(f"kubeconfig {file} cannot be read: {error.strerror}") from error
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise _fault(f"kubeconfig {file} is not a kubeconfig: a mapping is expected, not {_a(body)}")
    return body


def _merge(found: Sequence[tuple[Path, Mapping[str, Any]]], field: str, inner: str) -> Mapping[str, Entry]:
    merged: dict[str, Entry] = {}
    for file, body in found:
        listed = body.get(field) or []
        if not isinstance(listed, list):
            raise _fault(f"kubeconfig {file}: {field} must be a list, not {_a(listed)}")
        for index, item in enumerate(listed):
            entry = _entry(item, file, f"{field}[{index}]", inner)
            merged.setdefault(entry.name, entry)
    return merged


def _entry(item: object, file: Path, field: str, inner: str) -> Entry:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str):
        raise _fault(f"kubeconfig {file}: {field}.name is missing")
    body = item.get(inner) or {}
    if not isinstance(body, dict):
        raise _fault(f"kubeconfig {file}: {field}.{inner} must be a mapping, not {_a(body)}")
    return Entry(item["name"], {name: _absolute(file, name, value) for name, value in body.items()}, file)


def _absolute(file: Path, name: str, value: object) -> object:
    """Resolve a relative path against the file that names it."""
    if name in _PATH_FIELDS and isinstance(value, str) and value:
        return str(file.absolute().parent / Path(value).expanduser())
    return value


def _a(value: object) -> str:
    match value:
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return f"{value!r:.40}"


def _fault(message: str) -> PrismError:
    return PrismError(message, hint="check it with `kubectl config view`, or name another file with --kubeconfig")
