"""What the soak does to its patterns, and what the operator was seen to write meanwhile.

`soak` plays it. Names and specs are decided here, so that the end can be told from what was asked for.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.faults import oracles
from tests.faults.plan import Asked
from tests.faults.proxy import Proxy
from tests.reconcile.kinds.world import World

RENEWED = 4
"""Of so many changes one is a deletion, with the pattern made anew at once."""
UNANSWERED = 60.0
"""Seconds after which a request without an answer never had one."""

Spec = dict[str, Any]


class Churn:
    """Patterns that are edited, deleted and made anew; `specs` is what each should be, `made` how often it was made."""

    def __init__(self, world: World, patterns: int) -> None:
        self.specs: dict[str, Spec] = {f"p-{number}": _spec(number) for number in range(patterns)}
        self.made: Counter[str] = Counter()
        self.edits = 0
        self._world = world
        self._names = list(self.specs)
        self._dice = random.Random(36)  # noqa: S311 - the same way each time

    @property
    def changes(self) -> int:
        """How many changes there were, those that made the patterns aside."""
        return self.edits + self.made.total() - len(self.specs)

    def furnish(self, now_and_then: Callable[[], object]) -> None:
        """Create every pattern."""
        for number, name in enumerate(self._names):
            self._make(name)
            if number % 100 == 0:
                now_and_then()

    def step(self) -> None:
        """Change one pattern."""
        name = self._dice.choice(self._names)
        self.specs[name] = _spec(self._dice.randrange(10_000))
        if self._dice.randrange(RENEWED):
            self._world.specify("PrismPattern", name, **self.specs[name])
            self.edits += 1
        else:
            self._world.delete("PrismPattern", name)
            self._make(name)

    def _make(self, name: str) -> None:
        self._world.pattern(name, **self.specs[name])
        self.made[name] += 1


def _spec(number: int) -> Spec:
    return {"config": {"ttl": f"{1 + number}s"}}


class Tally:
    """Counts what was asked through a proxy, and forgets each request once it is answered."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._open: list[Asked] = []
        self._made: Counter[tuple[str, str]] = Counter()
        self._removed: Counter[str] = Counter()
        self._writes: Counter[str] = Counter()

    def count(self) -> None:
        """Count what has been answered since the last time."""
        asked = self._proxy.asked
        seen = len(asked)
        found, self._open = [*self._open, *asked[:seen]], []
        del asked[:seen]
        for one in found:
            if one.ended:
                self._add(one)
            elif time.monotonic() - one.began < UNANSWERED:
                self._open.append(one)

    def _add(self, one: Asked) -> None:
        made, removed, written = oracles.counted([one])
        self._made.update({(one.namespace, name): times for name, times in made.items()})
        self._removed[one.namespace] += removed.total()
        self._writes[one.namespace] += sum(n for name, n in written.items() if not name.endswith("/status"))

    def created(self, namespace: str, resource: str) -> Counter[str]:
        """Return how often each object of a resource was created in a namespace, by its name."""
        of = {key: times for key, times in self._made.items() if key[0] == namespace}
        return Counter({name.partition("/")[2]: n for (_, name), n in of.items() if name.startswith(f"{resource}/")})

    def removed(self, namespace: str) -> int:
        """Return how many objects were deleted in a namespace."""
        return self._removed[namespace]

    def writes(self, namespace: str) -> int:
        """Return how many writes of desired state there were in a namespace."""
        return self._writes[namespace]
