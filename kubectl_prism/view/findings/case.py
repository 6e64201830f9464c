"""One trouble of one object, and how cases that have the same cause become one finding."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from kubectl_prism.model.change import Change
from kubectl_prism.model.finding import Finding, Link
from kubectl_prism.model.meta import Ref
from kubectl_prism.view.health import Severity

NAMED = 5
"""How many objects are named before the rest is counted."""

LONGEST = 400
_CREDENTIALS = re.compile(r"://[^/\s@]+@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One trouble. Cases of one `code` and `key` have one cause; `things` are what suffers from it, called `noun`."""

    code: str
    key: tuple[str, ...]
    severity: Severity
    title: str
    chain: tuple[Link, ...]
    command: str
    things: tuple[Ref, ...]
    noun: str
    evidence: tuple[str, ...] = ()
    change: Change | None = None
    otherwise: str = ""
    is_operator: bool = False


def quoted(where: object, words: str) -> str:
    """Return what was read and where, in one line; a login in a URL is left out."""
    line = " ".join(_CREDENTIALS.sub("://…@", words).split())
    return f"{where}: {line if len(line) <= LONGEST else line[: LONGEST - 1] + '…'}"


def explained(cases: Iterable[Case]) -> frozenset[Ref]:
    """Return every object on the way to a cause that is known."""
    return frozenset(link.ref for case in cases for link in case.chain)


def gathered(cases: Iterable[Case]) -> list[Finding]:
    """Return one finding for each cause, the worst first, whatever the order of the cases is."""
    groups: defaultdict[tuple[str, tuple[str, ...]], list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.code, case.key].append(case)
    found = [_finding(sorted(group, key=_order)) for group in groups.values()]
    return sorted(found, key=lambda one: (-one.severity, one.code, one.ref, one.title, one.command))


def _finding(cases: list[Case]) -> Finding:
    first = cases[0]
    things = sorted({thing for case in cases for thing in case.things})
    count = f" ({len(things)} {first.noun}s)" if len(things) > 1 else ""
    return Finding(
        code=first.code,
        severity=int(max(case.severity for case in cases)),
        ref=first.chain[0].ref,
        title=f"{first.title}{count}",
        chain=first.chain,
        evidence=(*first.evidence, *_others(first, things)),
        command=first.command,
        change=first.change,
        otherwise=first.otherwise,
    )


def _others(first: Case, things: list[Ref]) -> list[str]:
    others = [str(thing) for thing in things if thing not in {link.ref for link in first.chain}]
    if not others:
        return []
    more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
    return [f"the same of {', '.join(others[:NAMED])}{more}"]


def _order(case: Case) -> tuple[object, ...]:
    chain = [(link.ref, link.words) for link in case.chain]
    return (-case.severity, chain, case.title, case.command, case.evidence, case.otherwise)
