"""How well an object is, in one severity and a few words, read from its conditions as kstatus has them.

`health` judges every kind that carries Ready, Reconciling and Stalled. What the conditions say counts only for the
generation they speak of: an older judgement is a wait, not an answer.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from kubectl_prism.model import conditions, meta
from kubectl_prism.model.meta import Manifest


class Severity(IntEnum):
    """How bad something is; larger is worse."""

    OK = 0
    UNKNOWN = 1
    WAITING = 2
    BAD = 3


class Health(NamedTuple):
    """A severity with its words: `word` fits a column, `reason` is a stable CamelCase word, `message` a sentence."""

    severity: Severity
    word: str
    reason: str = ""
    message: str = ""

    @property
    def is_ok(self) -> bool:
        """Nothing is to be waited for or done."""
        return self.severity is Severity.OK

    @property
    def is_fine(self) -> bool:
        """Nothing is known to be wrong: it is Ready, or nobody can tell from here."""
        return self.severity <= Severity.UNKNOWN

    @property
    def explanation(self) -> str:
        """The message, or the reason where there is no message."""
        return self.message or self.reason


def health(obj: Manifest) -> Health:
    """Judge an object by its conditions Ready, Reconciling and Stalled."""
    if meta.is_deleting(obj):
        return Health(Severity.WAITING, "Terminating", "Terminating", _deletion(obj))
    ready = _condition(obj, conditions.READY)
    if ready is None or not conditions.is_judgement(ready):
        unseen = conditions.NOT_RECONCILED
        return Health(Severity.WAITING, "Pending", unseen["reason"], unseen["message"])
    if _is_outdated(obj, ready):
        return Health(Severity.WAITING, "Progressing", "NewGeneration", "the reconciler has not seen the last change")
    status, reason, message = ready.get("status"), str(ready.get("reason") or ""), str(ready.get("message") or "")
    if status == "True":
        return Health(Severity.OK, "Ready", reason, message)
    stalled = _condition(obj, conditions.STALLED)
    if stalled is not None and stalled.get("status") == "True":
        words = (str(stalled.get("reason") or reason), str(stalled.get("message") or message))
        return Health(Severity.BAD, "Stalled", *words)
    if status == "Unknown":
        return Health(Severity.UNKNOWN, "Unknown", reason, message)
    phase = _phase(obj)
    if phase in ("Failed", "Degraded", "Unhealthy"):
        return Health(Severity.BAD, phase, reason, message)
    return Health(Severity.WAITING, "Progressing", reason, message)


def worst(*severities: Severity) -> Severity:
    """Return the worst severity; OK where there is none."""
    return max(severities, default=Severity.OK)


def _condition(obj: Manifest, type: str) -> Manifest | None:
    status = obj.get("status")
    found = status.get("conditions") if isinstance(status, dict) else None
    for condition in found if isinstance(found, list) else ():
        if isinstance(condition, dict) and condition.get("type") == type:
            return condition
    return None


def _is_outdated(obj: Manifest, condition: Manifest) -> bool:
    observed = condition.get("observedGeneration")
    return isinstance(observed, int) and 0 < observed < meta.generation(obj)


def _phase(obj: Manifest) -> str:
    status = obj.get("status")
    return str(status.get("phase") or "") if isinstance(status, dict) else ""


def _deletion(obj: Manifest) -> str:
    finalizers = obj["metadata"].get("finalizers") or []
    return f"waits for {', '.join(map(str, finalizers))}" if finalizers else "is being deleted"
