"""The names of everything that is rendered, and their limits; nobody else makes or cuts a name.

A name that Kubernetes takes as it is stays as it is. Any other is spelt with the characters allowed, cut, and gets a
hash of the whole, so that two owners never meet at one name by accident.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

LIMIT = 63
"""The longest Service name, container name and label value."""

REMEMBERED = 4096
"""Names that are not made anew each time: every look at an object asks for the same ones."""

_SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def proxy(stack: str) -> str:
    """Return the name of the proxies of `stack` and of all that belongs to them."""
    return child(stack, "-proxy")


def admin(stack: str) -> str:
    """Return the name of the admins of `stack` and of all that belongs to them."""
    return child(stack, "-admin")


@lru_cache(REMEMBERED)
def child(owner: str, suffix: str = "") -> str:
    """Return the name of an owner's child: one that a Service may have, so that all children share it."""
    whole = owner + suffix
    if _SERVICE.fullmatch(whole) and len(whole) <= LIMIT:
        return whole
    spelt = re.sub(r"[^a-z0-9]+", "-", owner.lower()).strip("-")
    first = spelt if spelt[:1].isalpha() else f"p-{spelt}"
    return _cut(first, f"-{_hash(owner)}{suffix}")


@lru_cache(REMEMBERED)
def label_value(text: str) -> str:
    """Return `text` as a label may carry it."""
    if _LABEL_VALUE.fullmatch(text) and len(text) <= LIMIT:
        return text
    return _cut(re.sub(r"[^-A-Za-z0-9_.]+", "-", text).strip("-_."), f"-{_hash(text)}")


def program(pattern_type: str) -> str:
    """Return a pattern's type as container and image names spell it: `multicast_registry` is `multicast-registry`."""
    return re.sub(r"[^a-z0-9]+", "-", pattern_type.lower()).strip("-")


def container(pattern_type: str) -> str:
    """Return the name of a runner's container."""
    return _cut(program(pattern_type), "-runner")


@lru_cache(maxsize=REMEMBERED)
def environment(setting: str) -> str:
    """Return the environment variable that carries a setting: `maxKeys` is `PRISM_CONFIG_MAX_KEYS`."""
    spelt = re.sub(r"[^A-Z0-9]+", "_", _HUMP.sub("_", setting).upper()).strip("_")
    if not spelt or len(spelt) > LIMIT:
        spelt = f"{spelt[:LIMIT]}_{_hash(setting).upper()}".strip("_")
    return f"PRISM_CONFIG_{spelt}"


def _cut(text: str, tail: str) -> str:
    return text[: LIMIT - len(tail)].rstrip("-_.") + (tail if text else tail.lstrip("-"))


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
