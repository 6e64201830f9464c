"""What may follow the words typed so far, in the protocol that kubectl (from 1.26 on) speaks with plugins.

`kubectl_complete-prism` gets the words, the last of which may be empty, and prints `candidate<TAB>description` lines
and a last line `:4` (no file names). The candidates come from typer's own tree of commands. Errors are silent.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from kubectl_prism.cli import names
from kubectl_prism.cli import options as flags
from kubectl_prism.cli.options import FLAGS, Flag, Options
from kubectl_prism.errors import PrismError

if TYPE_CHECKING:
    import typer

Candidate = tuple[str, str]
NO_FILES, FILES = ":4", ":0"
_TAKES_FILES = {"--filename", "-f", "--kubeconfig", "--certificate-authority", "--client-certificate", "--client-key"}


def answer(words: Sequence[str]) -> int:
    """Print the candidates for the last word; always 0: a shell has no use for errors."""
    found: list[Candidate] = []
    directive = NO_FILES
    try:
        *typed, incomplete = words or [""]
        found = list(candidates(typed, incomplete))
        directive = FILES if not found and _wants_file(typed, incomplete) else NO_FILES
    except (PrismError, OSError, ValueError):
        found = []
    lines = [f"{name}\t{' '.join(help.split())}" if help else name for name, help in found]
    sys.stdout.write("\n".join([*lines, directive]) + "\n")
    return 0


def candidates(typed: Sequence[str], incomplete: str) -> Iterator[Candidate]:
    """Yield what the word `incomplete` after the words `typed` may become."""
    pending = _pending(typed, incomplete)
    if pending is not None:
        flag, value = pending
        prefix = incomplete[: len(incomplete) - len(value)]
        yield from ((prefix + name, help) for name, help in names.values(flag, value, _options(typed)))
        return
    yield from _of_commands(typed, incomplete)
    if incomplete.startswith("-"):
        signs = [(f"--{flag.name}", flag.help) for flag in FLAGS] + [(f"-{f.short}", f.help) for f in FLAGS if f.short]
        yield from ((sign, help) for sign, help in signs if sign.startswith(incomplete) and sign != "--v")


def _pending(typed: Sequence[str], incomplete: str) -> tuple[Flag, str] | None:
    """Return the connection flag whose value is being typed, with as much of the value as there is."""
    for flag in FLAGS:
        if not flag.value:
            continue
        if incomplete.startswith(f"--{flag.name}="):
            return flag, incomplete.partition("=")[2]
        if typed and typed[-1] in (f"--{flag.name}", f"-{flag.short}" if flag.short else "--"):
            return flag, incomplete
    return None


def _options(typed: Sequence[str]) -> Options:
    try:
        return flags.hoist(typed)[0]
    except PrismError:
        return Options()


def _of_commands(typed: Sequence[str], incomplete: str) -> Iterator[Candidate]:
    from kubectl_prism.cli.commands import PROGRAM, tree

    options, words = flags.hoist(typed)
    command = tree(words[0] if words else None)
    context = command.make_context(PROGRAM, [], obj=options, resilient_parsing=True)
    while words and hasattr(command, "commands"):
        child = command.commands.get(words[0])
        if child is None:
            return
        rest = words[1:]
        is_group = hasattr(child, "commands")
        context = child.make_context(words[0], [] if is_group else list(rest), parent=context, resilient_parsing=True)
        command, words = child, rest
    yield from _of_command(command, context, words, incomplete)


def _of_command(command: Any, context: typer.Context, words: list[str], incomplete: str) -> Iterator[Candidate]:  # noqa: ANN401
    """Yield the values of the flag or argument whose turn it is, or the command's subcommands and flags."""
    name, equals, value = incomplete.partition("=")
    prefix = f"{name}=" if equals and name.startswith("--") else ""
    asked = name if prefix else (words[-1] if words else "")
    for parameter in command.params:
        if parameter.param_type_name == "option" and not parameter.is_flag and asked in parameter.opts:
            yield from _values(parameter, context, value if prefix else incomplete, prefix)
            return
    if incomplete.startswith("-"):
        for parameter in command.params:
            if parameter.param_type_name == "option":
                yield from ((sign, parameter.help or "") for sign in parameter.opts if sign.startswith(incomplete))
        yield from ((sign, "Show help.") for sign in ("--help", "-h") if sign.startswith(incomplete))
        return
    for name, child in getattr(command, "commands", {}).items():
        if name.startswith(incomplete) and not child.hidden:
            yield name, child.get_short_help_str(200)
    for parameter in command.params:
        if parameter.param_type_name == "argument" and context.params.get(parameter.name) is None:
            yield from _values(parameter, context, incomplete, "")
            return


def _values(parameter: Any, context: typer.Context, incomplete: str, prefix: str) -> Iterator[Candidate]:  # noqa: ANN401
    for item in parameter.shell_complete(context, incomplete):
        yield prefix + str(item.value), item.help or ""


def _wants_file(typed: Sequence[str], incomplete: str) -> bool:
    sign = incomplete.partition("=")[0] if "=" in incomplete else (typed[-1] if typed else "")
    return sign in _TAKES_FILES
