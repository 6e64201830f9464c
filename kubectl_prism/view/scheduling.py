"""Why no node takes a pod: the scheduler's sentence in words that a person can act on.

The scheduler counts nodes by the rule that excludes them; numbers change with the cluster, so `reasons` leaves them out
where a text must stay the same, and `sentence` puts them in.
"""

from __future__ import annotations

import re

_SUMMARY = re.compile(r"^\d+/(\d+) nodes are available: (.*?)(?:\.\s.*|\.?$)", re.DOTALL)
_PART = re.compile(r"(\d+) (.+?)(?=, \d+ |$)", re.DOTALL)
_TAINT = re.compile(r"^node\(s\) had untolerated taint ?\{([^:}]+):? ?([^}]*)\}$")
_SHORTAGE = re.compile(r"^Insufficient (\S+)$")

_WORDS = {
    "node(s) didn't match Pod's node affinity/selector": "do not match its node selector or affinity",
    "node(s) didn't match pod topology spread constraints": "would break its topology spread",
    "node(s) didn't match pod topology spread constraints (missing required label)": "lack a label its spread needs",
    "node(s) didn't match pod anti-affinity rules": "run a pod that it must stay away from",
    "node(s) didn't satisfy existing pods anti-affinity rules": "run a pod that wants it away",
    "node(s) didn't match pod affinity rules": "do not run the pod that it must be near",
    "node(s) were unschedulable": "are cordoned",
    "node(s) had untolerated taint(s)": "have a taint that it does not tolerate",
    "node(s) had untolerated taints": "have a taint that it does not tolerate",
    "node(s) had volume node affinity conflict": "cannot reach its volume",
    "node(s) didn't have free ports for the requested pod ports": "have its host port taken",
    "Too many pods": "are full of pods",
}


def reasons(message: str) -> str:
    """Return why no node fits, without numbers: the same text for as long as the causes are the same."""
    total, parts = _parts(message)
    if not parts:
        return _plain(message)
    return "nodes " + ", ".join(sorted({words for _, words in parts})) if total else "there are no nodes"


def sentence(message: str) -> str:
    """Return why no node fits, with the number of nodes that each rule excludes, most first."""
    total, parts = _parts(message)
    if not parts:
        return _plain(message)
    counted = sorted(parts, key=lambda part: (-part[0], part[1]))
    first, *others = [f"{count} of {total} {words}" for count, words in counted[:1]] + [
        f"{count} {words}" for count, words in counted[1:]
    ]
    return ", ".join([first, *others])


def _parts(message: str) -> tuple[int, list[tuple[int, str]]]:
    match = _SUMMARY.match(message.strip())
    if match is None:
        return 0, []
    return int(match[1]), [(int(count), _words(text.strip())) for count, text in _PART.findall(match[2])]


def _words(text: str) -> str:
    if taint := _TAINT.match(text):
        key, value = taint[1].strip(), taint[2].strip()
        return f"have the taint {key}={value} that it does not tolerate" if value else f"have the taint {key}"
    if shortage := _SHORTAGE.match(text):
        return f"have too little {shortage[1]} left"
    return _WORDS.get(text, text)


def _plain(message: str) -> str:
    if message.startswith("no nodes available"):
        return "there are no nodes"
    return message.strip() or "the scheduler did not say why"
