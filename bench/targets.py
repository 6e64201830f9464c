"""What ours must reach, and in which figure of which size it shows."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.peers import FLOOR, OURS
from bench.session import Outcome

SMALL, LARGE = 500, 2000
GO = "go"
"""What the Go operator is called where it runs beside ours, by `--peer go …`."""


@dataclass(frozen=True, slots=True)
class Target:
    """A limit for the figure whose name matches `figure`; of several that match, the worst counts."""

    title: str
    figure: str
    limit: float
    size: int = SMALL
    is_floor: bool = False
    against: str = ""
    """The peer by whose figure of the same round it is divided; its time to available where that is the floor."""

    def holds(self, value: float) -> bool:
        """Tell whether a value is within the limit."""
        return value >= self.limit if self.is_floor else value <= self.limit


TARGETS = (
    Target("500 patterns to Ready, × floor", "seconds to Ready", 1.25, against=FLOOR),
    Target("requests per object", "requests per object", 5),
    Target("CPU per object, ms (half of the Go operator's 11.5)", "CPU per object, ms", 5.7),
    Target("CPU per object, × the Go operator's", "CPU per object, ms", 0.5, against=GO),
    Target("RSS with 500 patterns, MiB (1.5 × the Go operator's 53)", "RSS, MiB", 80),
    Target("RSS with 500 patterns, × the Go operator's", "RSS, MiB", 1.5, against=GO),
    Target("writes per second at rest", "writes per second at rest", 0),
    Target("drift of 50 Deployments repaired, s", "drift of .* repaired, s", 1),
    Target("change to first write, idle, p99, ms", "idle change, first write p99, ms", 50),
    Target("change to first write during a resync of 2,000, p99, ms", "change during .* write p99, ms", 150, LARGE),
    Target("cold start over 2,000 patterns, s", "cold start, s until all .*", 4, LARGE),
    Target("writes in a cold start over 2,000 patterns", "cold start, writes", 0, LARGE),
    Target("cold start over 2,000 patterns and 10,000 pods, s", "cold start with .* pods, s until all .*", 4, LARGE),
    Target("RSS with 2,000 patterns and 10,000 pods, MiB (160 MB)", "cold start with .* pods, RSS MiB", 152.6, LARGE),
    Target("requests in a full resync of 2,000 patterns", "requests in a full resync", 0, LARGE),
    Target("no-op reconciles per second", "no-op reconciles per second", 5000, LARGE, is_floor=True),
    Target("loop stall in a resync of 2,000, p99, ms", "resync, loop stall p99, ms", 20, LARGE),
    Target("loop stall in a resync of 2,000, max, ms", "resync, loop stall max, ms", 100, LARGE),
    Target("attempts per second while the API server is down", "attempts per second while down", 20),
    Target("Ready again after the API server is, s", "s from readyz to it being Ready", 10),
)


def judged(sizes: Mapping[int, Mapping[str, Sequence[Outcome]]]) -> Iterator[tuple[Target, list[float]]]:
    """Yield every target with the figures of ours in each round; a size or a peer that was not run has none."""
    for target in TARGETS:
        rounds = sizes.get(target.size, {})
        found = [_worst(target, outcome) for outcome in rounds.get(OURS, ())]
        values = [value for value in found if value is not None]
        if target.against:
            figure = "seconds to available" if target.against == FLOOR else target.figure
            theirs = [outcome.figures.get(figure, math.nan) for outcome in rounds.get(target.against, ())]
            values = [value / their for value, their in zip(values, theirs, strict=False)]
        yield target, values


def _worst(target: Target, outcome: Outcome) -> float | None:
    found = [value for name, value in outcome.figures.items() if re.fullmatch(target.figure, name)]
    return max(found, default=None)
