"""Makes pages, each with what only it needs: the first one is seen before the others are read from disk."""

from __future__ import annotations

from kubectl_prism.tui.screens.page import Page


def made(name: str) -> Page:
    """Return the page of this name, one of PAGES."""
    match name:
        case "stack":
            from kubectl_prism.tui.screens.stack import StackPage

            return StackPage(name)
        case "namespaces":
            from kubectl_prism.tui.screens.namespaces import NamespacesPage

            return NamespacesPage(name)
        case "leader":
            from kubectl_prism.tui.screens.leader import LeaderPage

            return LeaderPage(name)
        case "backends":
            from kubectl_prism.tui.screens.backends import BackendsPage

            return BackendsPage(name)
        case "troubleshoot":
            from kubectl_prism.tui.screens.troubleshoot import TroubleshootPage

            return TroubleshootPage(name)
        case "reconciler":
            from kubectl_prism.tui.screens.reconciler import ReconcilerPage

            return ReconcilerPage(name)
        case _:
            from kubectl_prism.tui.screens.overview import OverviewPage

            return OverviewPage(name)
