"""What can go wrong between us and a control plane, told apart by what is to be done about it.

ProxyError
├── Away            nobody answered, or not in time: try again, elsewhere first
├── WrongService    somebody answers who does not speak this dialect
└── Refused         the request is understood and will not be granted as it is
    ├── Unprepared  it lacks something that can be given to it first
    └── Taken       another PrismNamespace has this namespace on the proxy
"""

from __future__ import annotations

from kubectl_prism.errors import PrismError


class ProxyError(PrismError):
    """The control plane did not do what was asked."""


class Away(ProxyError):
    """Nobody answered, or not in time; what was asked may have been done all the same."""


class WrongService(ProxyError):
    """Somebody answers who does not know the method."""


class Refused(ProxyError):
    """The other side understood, and says no; `reason` is a condition's reason."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Unprepared(Refused):
    """The other side lacks something that can be given to it first."""

    def __init__(self, message: str) -> None:
        super().__init__("NotPrepared", message)


class Taken(Refused):
    """Another owner has the namespace."""

    def __init__(self, message: str) -> None:
        super().__init__("NamespaceIdTaken", message)
