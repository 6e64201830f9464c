"""Reads what a person hands in with `-f` or `--sample`, and checks it before anything else happens."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from kubectl_prism.errors import UsageError
from kubectl_prism.model.meta import Manifest

DEFAULT_SAMPLE = "quickstart"


def objects(files: Sequence[str], sample: str | None) -> list[Manifest]:
    """Return the objects of `files` (`-` is stdin) or of a sample; the quickstart stack where neither is given."""
    if sample and files:
        raise UsageError("give either --filename or --sample, not both")
    texts = [(text_of(file), _source(file)) for file in files]  # a missing file is said before the models are loaded
    from kubectl_prism import manifests
    from kubectl_prism.model import documents

    if files:
        return [obj for text, source in texts for obj in documents.parse(text, source=source)]
    chosen = manifests.sample(sample or DEFAULT_SAMPLE)
    return list(documents.parse(chosen.text, source=f"sample {chosen.name}"))


def text_of(file: str) -> str:
    """Return the text of a file, of stdin for `-`; UsageError for one that cannot be read."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{file}: {error.strerror or error}", hint="-f takes the path of a file, or - for stdin"
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"{_source(file)}: not a text in UTF-8") from None


def _source(file: str) -> str:
    return "stdin" if file == "-" else file
