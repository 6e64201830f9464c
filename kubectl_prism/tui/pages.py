"""Makes pages, each with what only it needs: the first one is seen before the others are read from disk."""

from __future__ import annotations

from kubectl_prism.tui.screens.page import Page


def made(name: str) -> Page:
    """Return a page of this name, one of PAGES."""
    return known(name)(name)


def known(name: str) -> type[Page]:
    """Return what pages of this name are; it is read from disk at the first time."""
    match name:
        case "stack":
            from kubectl_prism.tui.screens.stack import StackPage

            return StackPage
        case "namespaces":
            from kubectl_prism.tui.screens.namespaces import NamespacesPage

            return NamespacesPage
        case "leader":
            from kubectl_prism.tui.screens.leader import LeaderPage

            return LeaderPage
        case "backends":
            from kubectl_prism.tui.screens.backends import BackendsPage

            return BackendsPage
        case "troubleshoot":
            from kubectl_prism.tui.screens.troubleshoot import TroubleshootPage

            return TroubleshootPage
        case "reconciler":
            from kubectl_prism.tui.screens.reconciler import ReconcilerPage

            return ReconcilerPage
        case _:
            from kubectl_prism.tui.screens.overview import OverviewPage

            return OverviewPage
