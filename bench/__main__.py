"""`python -m bench`: the floor, ours, a Kopf operator and any other, side by side on one machine in one run.

Every peer has a sandbox of its own, and the peers take turns (A B C A B C), so that a machine whose speed drifts is
unfair to nobody. The full run writes docs/performance.md; `--quick` only prints.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench import page, peers, report
from bench.peers import Peer
from bench.session import Outcome, play
from bench.stage import Scale
from kubectl_prism.sandbox import binaries

QUICK = Scale(patterns=30, changes=10, drifted=5, pods=0, outage=3, rest=3, resyncs=5)
PAGE = peers.ROOT / "docs" / "performance.md"


def scale(patterns: int, *, is_largest: bool) -> Scale:
    """Return how much of everything goes with so many patterns: 5 % drift but at least 50, pods with the largest."""
    drifted = min(patterns, max(50, patterns // 20))
    pods = 10_000 if is_largest else 0
    return Scale(patterns=patterns, changes=50, drifted=drifted, pods=pods, outage=10, rest=10, resyncs=20)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the flags ask for, print it, and write the page."""
    asked = _parser().parse_args(arguments)
    everyone = [*peers.known(), *(Peer(name, command, Path(crds)) for name, crds, command in asked.peer)]
    chosen = [peer for peer in everyone if not asked.only or peer.name in asked.only]
    if any(peer.name == peers.KOPF for peer in chosen):
        peers.ensure_kopf()
    programs = binaries.ensure_binaries(report=_say)
    machine = report.machine()
    sizes: dict[int, dict[str, list[Outcome]]] = {}
    for wanted, rounds in _plan(asked):
        found = sizes[wanted.patterns] = {peer.name: [] for peer in chosen}
        for number in range(rounds):
            for peer in chosen:
                began = time.monotonic()
                found[peer.name].append(play(peer, wanted, programs))
                took = time.monotonic() - began
                _say(f"{wanted.patterns} patterns, round {number + 1} of {rounds}: {peer.name} in {took:.0f} s")
                if failure := found[peer.name][-1].failure:
                    _say(f"error: {failure}")
    is_whole = not asked.quick and not asked.only and not asked.sizes
    written = page.page(machine, sizes)
    print(page.terminal(machine, sizes))
    if is_whole or asked.write:
        (asked.write or PAGE).write_text(written)
        _say(f"written: {asked.write or PAGE}")
    return int(any(one.failure for found in sizes.values() for outcomes in found.values() for one in outcomes))


def _plan(asked: argparse.Namespace) -> list[tuple[Scale, int]]:
    if asked.quick:
        return [(QUICK, 1)]
    sizes = sorted(asked.sizes or [500, 2000])
    last = sizes[-1]
    return [
        (scale(size, is_largest=size == last), asked.rounds if size < 1000 else asked.large_rounds) for size in sizes
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="30 patterns, one round; prints and writes nothing")
    parser.add_argument("--rounds", type=int, default=2, help="rounds with fewer than 1,000 patterns (default 2)")
    parser.add_argument("--large-rounds", type=int, default=1, help="rounds with more patterns (default 1)")
    parser.add_argument("--sizes", type=_numbers, help="numbers of patterns, e.g. 500,2000; writes no page")
    parser.add_argument("--only", type=lambda text: text.split(","), help="peers to run, e.g. floor,ours")
    parser.add_argument("--write", type=Path, help="write the page to this file, whatever was run")
    parser.add_argument(
        "--peer",
        nargs=3,
        action="append",
        default=[],
        metavar=("NAME", "CRDS", "COMMAND"),
        help="compare one more operator: CRDS is applied instead of ours, COMMAND is a shell command with {kubeconfig}",
    )
    return parser


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
