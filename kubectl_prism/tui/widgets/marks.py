"""A mark and a colour for each severity: the mark tells them apart where colours cannot."""

from __future__ import annotations

from kubectl_prism.view.health import Severity

MARKS = {Severity.OK: "●", Severity.UNKNOWN: "○", Severity.WAITING: "◐", Severity.BAD: "✗"}

CLASSES = {
    Severity.OK: "ok",
    Severity.UNKNOWN: "unknown",
    Severity.WAITING: "waiting",
    Severity.BAD: "bad",
}
"""The component class of a severity, in every widget that shows one."""
