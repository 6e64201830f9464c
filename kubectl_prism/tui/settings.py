"""What a person sets stays set: the theme and how each table is sorted, in one small file of their own.

A file that cannot be read or written costs nothing but the memory: the screen starts as if it were new.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from kubectl_prism.tui.themes import DEFAULT


@dataclass(slots=True)
class Settings:
    """The theme; by page the column that its table is sorted by (with a minus for the greatest first) and the columns
    that are hidden; and the contexts in which nothing may be written.
    """

    path: Path | None = None
    theme: str = DEFAULT
    sorts: dict[str, str] = field(default_factory=dict)
    hidden: dict[str, list[str]] = field(default_factory=dict)
    readonly: list[str] = field(default_factory=list)

    def save(self) -> None:
        """Write them down."""
        if self.path is None:
            return
        kept = {name: value for name, value in asdict(self).items() if name != "path"}
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(json.dumps(kept, indent=2) + "\n")


def load(path: Path) -> Settings:
    """Return what was written down, as far as it can be read."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        found = None
    found = found if isinstance(found, dict) else {}
    theme = found.get("theme")
    return Settings(
        path,
        theme=theme if isinstance(theme, str) else DEFAULT,
        sorts={page: column for page, column in _mapping(found.get("sorts")).items() if isinstance(column, str)},
        hidden={page: _texts(columns) for page, columns in _mapping(found.get("hidden")).items()},
        readonly=_texts(found.get("readonly")),
    )


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
