"""Hides the credentials in a text: those of URLs, which may stand in a spec, an annotation or a message. Pure."""

from __future__ import annotations

import re

HIDDEN = "…"
_IN_URL = re.compile(r"(?<=://)[^\s\"'<>]*@")
_IN_QUERY = re.compile(r"(?i)(?<=[?&;])([\w.-]*(?:pass|pwd|secret|token|key|credential|auth)[\w.-]*=)[^\s\"'&;<>]+")


def hidden(text: str) -> str:
    """Return a text with an ellipsis for the user name and password of every URL, and for secret parameters of one.

    What is between `://` and the last `@` of a word is hidden, for a password may hold any character.
    """
    return _IN_QUERY.sub(rf"\1{HIDDEN}", _IN_URL.sub(f"{HIDDEN}@", text))
