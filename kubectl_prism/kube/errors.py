"""What can go wrong between us and the API server, as values a caller can tell apart.

    PrismError
    ├── NoCluster            nothing says where a cluster is
    ├── Unreachable          no answer: refused, unknown name, timed out, certificate not trusted
    │   └── Silent           a stream that stopped talking
    └── ApiError             the server answered, and said no
        ├── NotFound  Conflict  AlreadyExists  Forbidden  Unauthorized  Invalid  Gone
        └── TooManyRequests

Error texts hold what the server said, never what we sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kubectl_prism.errors import PrismError

_CREDENTIALS_IN_URL = re.compile(r"(?<=://)[^/\s@\"']+@")
_LONGEST_TEXT = 500


class NoCluster(PrismError):
    """There is no kubeconfig, and this is not a pod of a cluster either."""


class Unreachable(PrismError):
    """The API server gave no answer; `cause` says why in words, `is_cut` that a working connection broke."""

    def __init__(self, server: str, cause: str, *, hint: str | None = None, is_cut: bool = False) -> None:
        super().__init__(f"cannot reach the API server {server}: {cause}", hint=hint)
        self.server = server
        self.cause = cause
        self.is_cut = is_cut


class Silent(Unreachable):
    """A stream brought no byte for longer than the API server is ever silent."""


class ApiError(PrismError):
    """The API server answered with an error; `causes` are (field, message) pairs, where it named fields."""

    advice: str | None = None

    def __init__(self, status: int, reason: str, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        self.details: Mapping[str, Any] = details or {}
        self.causes = _causes(self.details)
        named = _named(self.details, self.causes) if reason == "Invalid" else ""
        super().__init__(_without_credentials(named or message), hint=self.advice)
        self.status = status
        self.reason = reason

    @property
    def retry_after(self) -> float | None:
        """Seconds the server asks to wait before the next try, if it asks."""
        seconds = self.details.get("retryAfterSeconds")
        return float(seconds) if isinstance(seconds, int | float) and seconds > 0 else None

    @property
    def is_from_future(self) -> bool:
        """Whether the server has not reached the resourceVersion we named, as after a restored backup."""
        return "too large resource version" in self.message.lower()


class Unauthorized(ApiError):
    """The server does not know who we are (401)."""

    advice = "the login of this context is wrong or has expired: log in again, or choose another with --context"


class Forbidden(ApiError):
    """We may not do that (403)."""

    advice = "ask who runs the cluster for that right, or act as someone who has it with --as or --context"


class NotFound(ApiError):
    """There is no such object, or no such kind (404)."""


class Conflict(ApiError):
    """The object changed meanwhile, or another field manager owns a field (409)."""


class AlreadyExists(Conflict):
    """An object of that name exists (409)."""


class Gone(ApiError):
    """A resourceVersion or continue token is too old (410)."""


class Invalid(ApiError):
    """The object breaks the rules of its kind (422)."""


class TooManyRequests(ApiError):
    """The server sheds load (429)."""


_BY_STATUS: Mapping[int, type[ApiError]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    422: Invalid,
    429: TooManyRequests,
}


def is_passing(error: BaseException) -> bool:
    """Tell whether `error` is trouble of the API server or of the way there, which no object has a part in."""
    return isinstance(error, Unreachable | TooManyRequests) or (isinstance(error, ApiError) and error.status >= 500)


def from_status(body: Mapping[str, Any], *, code: int = 0) -> ApiError:
    """Return the error that a Kubernetes Status object describes; `code` is used where it names none."""
    status = body.get("code") if isinstance(body.get("code"), int) else code
    reason = body.get("reason") if isinstance(body.get("reason"), str) else ""
    message = body.get("message") if isinstance(body.get("message"), str) else ""
    details = body.get("details") if isinstance(body.get("details"), dict) else None
    kind = AlreadyExists if reason == "AlreadyExists" else _BY_STATUS.get(status or 0, ApiError)
    return kind(status or 0, reason or "", message or reason or f"HTTP {status}", details=details)


def from_response(code: int, body: bytes, *, retry_after: str | None = None) -> ApiError:
    """Return the error of an HTTP answer, whether its body is a Status, plain text or nothing."""
    import msgspec

    try:
        status = msgspec.json.decode(body)
    except ValueError:
        status = None
    if not isinstance(status, dict) or status.get("kind") != "Status":
        text = " ".join(body.decode(errors="replace").split())[:_LONGEST_TEXT]
        status = {"message": text or f"HTTP {code}"}
    if retry_after is not None and retry_after.strip().isdigit():
        details = status.get("details")
        status["details"] = {**(details if isinstance(details, dict) else {}), "retryAfterSeconds": int(retry_after)}
    return from_status({**status, "code": code})


def _causes(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    causes = details.get("causes")
    found = [cause for cause in causes if isinstance(cause, dict)] if isinstance(causes, list) else []
    return [(str(cause.get("field") or ""), _without_credentials(str(cause.get("message") or ""))) for cause in found]


def _named(details: Mapping[str, Any], causes: list[tuple[str, str]]) -> str:
    """Write the causes one after the other; the server's own sentence runs them together in brackets."""
    named = [f"{field}: {text}" if field else text for field, text in causes if text]
    if not named or not details.get("name"):
        return ""
    return f"{details.get('kind') or 'object'} {details['name']} is invalid: " + "; ".join(dict.fromkeys(named))


def _without_credentials(text: str) -> str:
    """Cut user:password out of URLs: the server quotes a refused value, and that may be a connection string."""
    return _CREDENTIALS_IN_URL.sub("…@", text)
