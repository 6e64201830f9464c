"""What commands print: data on stdout in the form `-o` asks for, everything else on stderr.

Tables are plain columns as kubectl prints them. Colours come from severity alone and only on a colour terminal; a word
always says the same. Libraries for a form are imported when that form is asked for.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TextIO

from kubectl_prism.cli.options import Options
from kubectl_prism.errors import UsageError
from kubectl_prism.model.meta import Manifest, ref
from kubectl_prism.view.health import Severity

Form = Literal["table", "wide", "json", "yaml", "name", "jsonpath"]
FORMS: tuple[Form, ...] = ("wide", "json", "yaml", "name", "jsonpath")


@dataclass(frozen=True, slots=True)
class Format:
    """What `-o` asks for; `template` is the expression of jsonpath."""

    form: Form = "table"
    template: str = ""


def format_of(text: str | None, *, among: Sequence[Form] = FORMS) -> Format:
    """Read the value of `-o`; UsageError names the forms that a command has."""
    if not text:
        return Format()
    form, equals, template = text.partition("=")
    for known in among:
        if known != form or bool(equals) != (known == "jsonpath"):
            continue
        if known == "jsonpath":
            _compiled(template)
        return Format(known, template)
    names = ", ".join("jsonpath=TEMPLATE" if form == "jsonpath" else form for form in among)
    raise UsageError(f"-o {text} is not known", hint=f"write one of: {names}")


def write(text: str) -> None:
    """Print data, with one newline at its end; silent when its reader has gone, so that the exit code stays true."""
    _print(text if text.endswith("\n") or not text else text + "\n")


def stream(text: str) -> None:
    """Print one of many pieces of data; BrokenPipeError when its reader has gone and more would be in vain."""
    sys.stdout.write(text)
    sys.stdout.flush()


def hang_up() -> None:
    """Send the rest of stdout nowhere: its reader has gone."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print(text: str) -> None:
    try:
        stream(text)
    except BrokenPipeError:
        hang_up()


def note(text: str) -> None:
    """Tell a person something that is not the data."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def write_data(value: object, wanted: Format) -> None:
    """Print a value as JSON, YAML or through a jsonpath template; a template ends the text as it likes."""
    match wanted.form:
        case "json":
            write(json_text(value))
        case "yaml":
            write(yaml_text(value))
        case "jsonpath":
            _print(_compiled(wanted.template)(value))
        case form:
            raise AssertionError(f"{form} is for the command itself to print")


def json_text(value: object) -> str:
    """Return indented JSON as kubectl prints it."""
    import json

    return json.dumps(value, indent=4, ensure_ascii=False) + "\n"


def yaml_text(value: object) -> str:
    """Return one YAML document in block style; several lines of text stay several lines."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Writes multi-line text as a block."""

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    Dumper.ignore_aliases = lambda *_: True  # type: ignore[method-assign] # kubectl prints no anchors
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=2**31, default_flow_style=False)


def yaml_documents(values: Iterable[Any]) -> str:
    """Return YAML documents, one after the other."""
    return "---\n".join(yaml_text(value) for value in values)


def name_of(obj: Manifest) -> str:
    """Return `kind.group/name` as `kubectl -o name` prints it."""
    group = str(obj.get("apiVersion") or "").rpartition("/")[0]
    kind = str(obj.get("kind") or "").lower()
    return f"{kind}.{group}/{ref(obj).name}" if group else f"{kind}/{ref(obj).name}"


def listed(items: Iterable[Any]) -> Manifest:
    """Return the List object that kubectl prints for several objects."""
    return {"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": list(items)}


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return plain columns, three spaces apart, as kubectl prints them."""
    lines = [tuple(headers), *(tuple(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


Paint = Callable[[str, "Severity | str"], str]
"""Colours a text by a severity, or by the name of a style; without colours it returns the text as it is."""

_STYLES: Mapping[Severity | str, str] = {
    Severity.OK: "32",
    Severity.WAITING: "33",
    Severity.BAD: "31",
    Severity.UNKNOWN: "35",
    "added": "32",
    "removed": "31",
    "place": "36",
    "strong": "1",
    "faint": "2",
}


def paint(options: Options, stream: TextIO | None = None) -> Paint:
    """Return what colours texts for `stream` (stdout where none is given), or leaves them alone off a terminal."""
    if not has_colors(options, stream or sys.stdout):
        return lambda text, _style: text
    return lambda text, style: f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if style in _STYLES and text else text


def has_colors(options: Options, stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether to colour what goes to `stream`."""
    if options.color != "auto":
        return options.color == "always"
    return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM", "dumb") != "dumb"


def _compiled(template: str) -> Callable[[object], str]:
    from kubectl_prism.cli import jsonpath

    return jsonpath.compile(template)
