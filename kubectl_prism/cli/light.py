"""Keeps typer from loading pydantic, a tenth of a second, to turn a word of the command line into a text or a number.

`edge` and `candidates` call `lighten` on the tree of commands before they use it. Parameters of other types than those
below are left to typer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

_READERS: dict[object, Callable[[Any], object]] = {str: str, bool: bool, int: int, Path: Path, list[str]: list}


def lighten(command: Any) -> Any:  # noqa: ANN401 (typer names the types of its tree in private modules only)
    """Give every parameter of a tree of commands a reader of its own; return the tree."""
    context = typer.Context(command, **command.context_settings)
    for parameter in [*command.params, command.get_help_option(context)]:
        reader = _READERS.get(parameter.type_descriptor.annotation) if parameter is not None else None
        if reader is not None:
            parameter.get_runtime_param = _Plain(reader).itself
    for child in getattr(command, "commands", {}).values():
        lighten(child)
    return command


class _Plain:
    """Reads the value of one parameter."""

    def __init__(self, reader: Callable[[Any], object]) -> None:
        self._reader = reader

    def itself(self) -> _Plain:
        """Return this reader: typer asks for it when it is needed."""
        return self

    def coerce(self, value: Any, *, param: Any, ctx: typer.Context) -> object:  # noqa: ANN401 (as typer calls it)
        """Return the value as the command takes it; BadParameter for a word that cannot be one."""
        if value is None:
            return () if param.multiple else None
        try:
            read = self._reader(value)
        except ValueError:
            raise typer.BadParameter(f"{value} is not a whole number", ctx=ctx, param=param) from None
        if self._reader is int and not _is_within(read, param.type_descriptor.parameter_info):
            raise typer.BadParameter(f"{value} is out of range", ctx=ctx, param=param)
        return read


def _is_within(number: Any, limits: Any) -> bool:  # noqa: ANN401 (a number, and where typer keeps its limits)
    return (limits.min is None or limits.min <= number) and (limits.max is None or number <= limits.max)
