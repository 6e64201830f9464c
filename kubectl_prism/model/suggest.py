"""Finds the name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def close(word: str, known: Iterable[str]) -> str | None:
    """Return the one of `known` that is written most like `word`; None when none is."""
    from difflib import get_close_matches  # takes long to read, for a word that hardly anybody mistypes

    return next(iter(get_close_matches(word, list(known), n=1)), None)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the one of `known` that looks most like `word`, whatever the case of letters; None when none does."""
    by_lower = {name.lower(): name for name in known}
    found = close(word.lower(), by_lower)
    return by_lower[found] if found else None


def hint(word: str, known: Iterable[str]) -> str:
    """Return the hint for an unknown `word`: the nearest known name, or all of them."""
    names = list(known)
    near = nearest(word, names)
    return f"did you mean {near}?" if near else f"known here: {', '.join(names)}"
