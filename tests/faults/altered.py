"""`kubectl-prism` with what a test cannot reach from outside altered, by variables of the environment.

`PRISM_FAULTS_SILENCE` is after how many seconds a silent watch is dead. `PRISM_FAULTS_POISON` is `NAME:raise`,
`NAME:hang` or `NAME:block`: what reconciling the PrismPattern of that name does. `PRISM_FAULTS_CLOCK` is by how many
seconds the wall clock is wrong, see `clock`. `PRISM_FAULTS_INSIDE` has it think that it runs in the cluster. Run with
`python -m`.
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace

from kubectl_prism.cli import main
from kubectl_prism.kube import config
from kubectl_prism.kube.config import Cluster, Connection
from kubectl_prism.kube.informer import Informer
from kubectl_prism.reconcile.pattern import PatternReconciler
from kubectl_prism.reconcile.request import Request, Result
from tests.faults import clock

BLOCKED = 2.0


def _impatient(silence: float) -> None:
    defaults = Informer.__init__.__kwdefaults__ or {}
    assert "silence" in defaults
    defaults["silence"] = silence


def _poison(name: str, how: str) -> None:
    reconcile = PatternReconciler.__call__

    async def poisoned(self: PatternReconciler, request: Request) -> Result:
        if request.name != name:
            return await reconcile(self, request)
        match how:
            case "raise":
                raise ZeroDivisionError("a fault of the reconciler")
            case "hang":
                await asyncio.Event().wait()
            case "block":
                time.sleep(BLOCKED)  # noqa: ASYNC251 - this is the fault
        return await reconcile(self, request)

    PatternReconciler.__call__ = poisoned  # type: ignore[method-assign]


def _move_inside() -> None:
    load = config.load

    def inside(options: Connection) -> Cluster:
        return replace(load(options), inside=True)

    config.load = inside  # type: ignore[assignment]


if __name__ == "__main__":
    if os.environ.get("PRISM_FAULTS_INSIDE"):
        _move_inside()
    if silence := os.environ.get("PRISM_FAULTS_SILENCE"):
        _impatient(float(silence))
    if poison := os.environ.get("PRISM_FAULTS_POISON"):
        _poison(*poison.split(":"))
    if wrong := os.environ.get(clock.VARIABLE):
        clock.displace(wrong)
    main()
