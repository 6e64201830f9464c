"""Writes the reference pages that follow from the program: `python -m docs.generate FOLDER`.

`make docs` calls it for docs/reference, and a test holds the committed pages equal. Reads the commands, the CRDs,
the reconciler's rules, the dashboard's keys and what it finds; asks no cluster.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from docs import dashboard, fields
from kubectl_prism.cli import options
from kubectl_prism.cli.commands import PROGRAM, VERBS, tree
from kubectl_prism.model.finding import CODES
from kubectl_prism.model.meta import Manifest
from kubectl_prism.render import operator

NOTICE = "<!-- Generated from the program by `make docs`; change the program instead. -->\n\n"
READER = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}
ACCOUNT = {"kind": "ServiceAccount", "name": "prism-operator", "namespace": "prism-system"}

Command = Any
"""A command in typer's tree; typer names the type in a private module only."""


def commands() -> Iterator[tuple[tuple[str, ...], Command]]:
    """Yield every command with its words, groups before what is in them, in the order of the help."""
    found = tree()
    for verb in VERBS:
        yield from _below((verb,), found.commands[verb])


def _below(words: tuple[str, ...], command: Command) -> Iterator[tuple[tuple[str, ...], Command]]:
    yield words, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _below((*words, name), child)


def cli() -> str:
    """Return the page of every command with all its flags."""
    head = [
        "# Commands",
        "Every command is written `kubectl prism COMMAND`. The flags at the end of this page work with all of them.",
        "See also [exit codes](exit-codes.md).",
        table(("Command", "What it does"), [(_link(words), _summary(command)) for words, command in commands()]),
    ]
    return "\n\n".join([*head, *(_command(words, command) for words, command in commands()), _shared()]) + "\n"


def _link(words: Sequence[str]) -> str:
    return f"[`{' '.join(words)}`](#{'-'.join((*PROGRAM.split(), *words))})"


def _summary(command: Command) -> str:
    return str(command.short_help or inspect.cleandoc(command.help or "").partition("\n")[0])


def _command(words: Sequence[str], command: Command) -> str:
    name = " ".join((PROGRAM, *words))
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    flags = [param for param in command.params if param.param_type_name == "option"]
    parts = [f"## {name}", "\n\n".join(_paragraphs(command.help or ""))]
    if arguments:
        parts.append(table(("Argument", "What it is"), [(f"`{param.name}`", param.help or "") for param in arguments]))
    if flags:
        parts.append(table(("Flag", "What it does", "Default"), [_flag(param) for param in flags]))
    return "\n\n".join([*parts, _examples(command.epilog or "")])


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        yield " ".join(paragraph.split())


def _flag(param: Any) -> tuple[str, str, str]:  # noqa: ANN401 (typer's type is private)
    signs = ", ".join(f"`{sign}`" for sign in sorted((*param.opts, *param.secondary_opts), key=lambda sign: -len(sign)))
    text = " ".join((param.help or "").split())
    more = f" Environment: `{param.envvar}`." if param.envvar else ""
    shown = "" if param.default in (None, False, ()) else f"`{param.default}`"
    return signs, text + more, shown


def _examples(epilog: str) -> str:
    lines = [line.strip() for line in epilog.splitlines()]
    shown = [line for line in lines if line.startswith(("# ", "kubectl", "export ", "LOG_LEVEL", "source "))]
    return "\n".join(["```bash", *shown, "```"])


def _shared() -> str:
    rows = [(_signs(flag), flag.value, flag.help) for flag in options.FLAGS]
    text = "These flags mean what they mean in kubectl, and may stand anywhere after `prism`."
    return "\n\n".join(["## Flags of every command", text, table(("Flag", "Value", "What it does"), rows)])


def _signs(flag: options.Flag) -> str:
    return f"`-{flag.short}`, `--{flag.name}`" if flag.short else f"`--{flag.name}`"


def rights() -> str:
    """Return the page of what the reconciler may do."""
    rows = [
        (rule["apiGroups"][0] or "core", ", ".join(rule["resources"]), ", ".join(rule["verbs"]))
        for rule in operator.rules()
    ]
    parts = [
        "# Rights of the reconciler",
        "`kubectl prism up` and `kubectl prism operator` need these rights: in all namespaces, or in those that "
        "`--watch-namespace` names.",
        table(("API group", "Resources", "Verbs"), rows),
        "The same as objects, for a service account `prism-operator` in a namespace `prism-system` of yours:",
        "\n".join(
            [
                "```yaml",
                yaml.safe_dump_all(_role(), sort_keys=False, default_flow_style=None, width=110).rstrip(),
                "```",
            ]
        ),
        "With `--watch-namespace` a Role and a RoleBinding in each of those namespaces are enough.",
    ]
    return "\n\n".join(parts) + "\n"


def _role() -> Iterable[Manifest]:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "prism-operator"}
    yield {**READER, "metadata": {"name": "prism-operator"}, "rules": operator.rules()}
    yield {
        "apiVersion": READER["apiVersion"],
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "prism-operator"},
        "roleRef": reference,
        "subjects": [ACCOUNT],
    }


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; a bar within a cell is escaped."""
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def findings() -> str:
    """Return the page of what the dashboard finds."""
    rows = [
        (f"`{code}`", meant.title, f"[{meant.page.removesuffix('.md')}](../troubleshooting/{meant.page})")
        for code, meant in CODES.items()
    ]
    parts = [
        "# Findings",
        "What the page Troubleshoot of the [dashboard](dashboard.md) finds. A code never means anything else later. "
        "Its first digit says where the trouble is: 1 the reconciler, 2 pods, 3 nodes, 4 elections, 5 objects, "
        "6 backends, 7 namespaces.",
        table(("Code", "What is wrong", "What to do"), rows),
    ]
    return "\n\n".join(parts) + "\n"


PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": cli,
    "crds.md": lambda: fields.page(table),
    "dashboard.md": lambda: dashboard.page(table),
    "findings.md": findings,
    "rights.md": rights,
}
"""The generated pages by file name."""


def write(folder: Path) -> None:
    """Write every page into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(NOTICE + page(), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
