"""`kubectl prism completion`: puts `kubectl_complete-prism` where kubectl finds it, for those who have only the plugin.

pip and pipx install that program by themselves; krew can install one program only. Writes that one file.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from kubectl_prism.cli.commands import add, group
from kubectl_prism.cli.output import note, write
from kubectl_prism.errors import PrismError, UsageError

NAME = "kubectl_complete-prism"
_MARK = "# Written by `kubectl prism completion`"
_HINT = "name a folder on PATH that you may write to: kubectl prism completion install FOLDER"


def register(app: typer.Typer) -> None:
    """Add the group."""
    completion = group(
        "Complete `kubectl prism` in your shell.",
        examples={
            "Put the helper program next to the plugin": "kubectl prism completion install",
            "Load kubectl's completion, if your shell does not yet": "source <(kubectl completion bash)",
        },
    )
    add(
        completion,
        install,
        name="install",
        examples={
            "Next to the plugin": "kubectl prism completion install",
            "Into a folder on PATH": "kubectl prism completion install ~/.local/bin",
        },
    )
    add(
        completion,
        show,
        name="print",
        examples={"Write it yourself": f"kubectl prism completion print > ~/.local/bin/{NAME}"},
    )
    app.add_typer(completion, name="completion")


def install(
    folder: Annotated[Path | None, typer.Argument(help="A folder on PATH; next to the plugin when left out.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is not ours.")] = False,
) -> None:
    """Write the program that kubectl asks what may follow `kubectl prism`.

    From kubectl 1.26 on, kubectl's own shell completion calls it. It needs kubectl's completion to be loaded.
    """
    there = shutil.which(NAME)
    if folder is None and there is not None and not force:
        note(f"{there} is on PATH already; nothing to do")
        return
    place = (folder or _beside_plugin()).expanduser()
    if not place.is_dir():
        raise UsageError(f"{place} is not a folder", hint=_HINT)
    file = place / NAME
    if file.exists() and not force and _MARK not in file.read_text(errors="replace"):
        raise UsageError(f"{file} exists and is not ours", hint="--force writes over it")
    _write(file)
    note(f"{file} written")
    if str(place.resolve()) not in {str(Path(part).resolve()) for part in os.environ.get("PATH", "").split(os.pathsep)}:
        note(f"warning: {place} is not on PATH, so kubectl does not find it yet")
    note("Load kubectl's own completion to use it: `source <(kubectl completion bash)`, or zsh or fish.")


def show() -> None:
    """Print that program instead of writing it."""
    write(_shim())


def _shim() -> str:
    """Return a shell script that asks this very Python."""
    code = "from kubectl_prism.cli import complete; complete()"
    command = f"exec {shlex.quote(sys.executable)} -c {shlex.quote(code)}"
    return f'#!/bin/sh\n{_MARK}: kubectl asks this what may follow `kubectl prism`.\n{command} "$@"\n'


def _beside_plugin() -> Path:
    plugin = shutil.which("kubectl-prism")
    if plugin is None:
        raise PrismError("kubectl-prism is not on PATH", hint=_HINT)
    return Path(plugin).parent


def _write(file: Path) -> None:
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        temporary.write_text(_shim())
        temporary.chmod(0o755)
        temporary.replace(file)
    except OSError as error:
        raise PrismError(f"cannot write {file}: {error.strerror}", hint=_HINT) from error
    finally:
        temporary.unlink(missing_ok=True)
