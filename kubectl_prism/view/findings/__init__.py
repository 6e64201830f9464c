"""Guided troubleshooting: what was seen of a cluster in, findings out, the worst first.

One module for each area yields `Case`s, each a trouble of one object with the chain that leads to its cause; cases of
one cause become one finding. Pure and lenient: an odd object is passed over, and the order of objects does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from kubectl_prism.model.finding import Finding
from kubectl_prism.model.meta import Manifest
from kubectl_prism.view.findings import conditions, deletions, elections, pods, reconciler, tenants, workloads
from kubectl_prism.view.findings.case import Case, explained, gathered
from kubectl_prism.view.findings.scene import Scene
from kubectl_prism.view.objects import Objects
from kubectl_prism.view.pieces import Pieces, in_pieces


@in_pieces
def findings(
    objects: Objects, leases: tuple[Manifest, ...], events: tuple[Manifest, ...], now: datetime
) -> Pieces[list[Finding]]:
    """Return what is wrong, one finding for each cause, the worst first.

    `objects.nodes` are all nodes or none; `leases` and `events` may be those that could be read.
    """
    scene = Scene(objects, leases, events, now)
    below = yield from pods.cases(scene)
    yield
    below += workloads.cases(scene, explained(below))
    yield
    below += elections.cases(scene)
    yield
    above = [*conditions.cases(scene, explained(below))]
    yield
    above += tenants.cases(scene)
    yield
    above += deletions.cases(scene)
    yield
    return gathered([*_unattended(scene, below), *above])


def _unattended(scene: Scene, below: list[Case]) -> Iterator[Case]:
    """Yield what was found below; where the operator itself is what fails, what it leaves undone is the symptom."""
    idle = reconciler.idle(scene)
    is_told = False
    for case in below:
        if idle is not None and case.is_operator:
            is_told = True
            yield replace(case, chain=idle.chain + case.chain)
        else:
            yield case
    if idle is not None and not is_told:
        yield idle
    yield from reconciler.overlooked(scene)
