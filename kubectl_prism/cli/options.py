"""kubectl's connection flags, which mean what they mean in kubectl and may stand anywhere after `prism`.

`hoist` takes them out of the words before typer sees the rest; `edge` calls it once a run, and verbs get the frozen
`Options`. Imports no other room: `connect` turns Options into a cluster.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from kubectl_prism.errors import UsageError
from kubectl_prism.model.suggest import close

Color = Literal["auto", "always", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the connection flags say; None where a flag was not given, seconds for `request_timeout`."""

    kubeconfig: str | None = None
    context: str | None = None
    cluster: str | None = None
    user: str | None = None
    namespace: str | None = None
    server: str | None = None
    token: str | None = field(default=None, repr=False)
    as_user: str | None = None
    as_groups: tuple[str, ...] = ()
    as_uid: str | None = None
    request_timeout: float | None = None
    insecure_skip_tls_verify: bool = False
    certificate_authority: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    tls_server_name: str | None = None
    verbosity: int = 0
    color: Color = "auto"


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag; `value` is what its help calls the value, empty for a switch."""

    name: str
    value: str
    help: str
    short: str = ""
    field: str = ""

    @property
    def target(self) -> str:
        """The field of Options that the flag fills."""
        return self.field or self.name.replace("-", "_")


FLAGS = (
    Flag("as", "USER", "User to impersonate; may be a service account.", field="as_user"),
    Flag("as-group", "GROUP", "Group to impersonate; may be given several times.", field="as_groups"),
    Flag("as-uid", "UID", "UID to impersonate."),
    Flag("certificate-authority", "FILE", "Certificate of the authority that signed the server's certificate."),
    Flag("client-certificate", "FILE", "Client certificate for TLS."),
    Flag("client-key", "FILE", "Key of the client certificate."),
    Flag("cluster", "NAME", "The kubeconfig cluster to use."),
    Flag("color", "WHEN", "Colours: auto (on a colour terminal), always or never; NO_COLOR turns auto off."),
    Flag("context", "NAME", "The kubeconfig context to use."),
    Flag("insecure-skip-tls-verify", "", "Do not check the server's certificate. Your connections are not safe then."),
    Flag("kubeconfig", "FILE", "The kubeconfig file to use, instead of KUBECONFIG and ~/.kube/config."),
    Flag("namespace", "NAME", "The Kubernetes namespace; the context's own when left out.", short="n"),
    Flag("request-timeout", "TIME", "How long one request may take, e.g. 30s or 2m; 0 is no limit."),
    Flag("server", "URL", "The address of the API server.", short="s"),
    Flag("tls-server-name", "NAME", "The name to check the server's certificate for."),
    Flag("token", "TOKEN", "Bearer token to log in with."),
    Flag("user", "NAME", "The kubeconfig user to use."),
    Flag("v", "N", "How much to log on stderr: 6 shows requests, 9 tracebacks.", short="v", field="verbosity"),
)
_LONG = {flag.name: flag for flag in FLAGS}
_SHORT = {flag.short: flag for flag in FLAGS if flag.short}

_VALUED = frozenset({"-o", "--output", "-l", "--selector", "-f", "--filename", "--timeout"})
"""Flags of verbs that take a value and are so common in kubectl that people also write them before the verb."""
_SWITCHES = "Awh"


def hoist(words: Sequence[str]) -> tuple[Options, list[str]]:
    """Take the connection flags out of `words`; return them, and the rest with the verb first.

    What follows `--` stays as it is. Flags of the verb that stand before it move behind its words.
    """
    return _Words(words).sorted()


class _Words:
    """The words of one command line while they are being sorted."""

    def __init__(self, words: Sequence[str]) -> None:
        self._queue = deque(words)
        self._given: dict[str, list[str]] = {}
        self._early: list[str] = []
        self._rest: list[str] = []

    def sorted(self) -> tuple[Options, list[str]]:
        tail: list[str] = []
        while self._queue:
            match self._queue.popleft():
                case "--":
                    tail = ["--", *self._queue]
                    break
                case word if word.startswith("--"):
                    self._long(word)
                case word if word.startswith("-") and word != "-":
                    self._bundle(word)
                case word:
                    self._rest.append(word)
        return _options(self._given), [*self._rest, *self._early, *tail]

    def _long(self, word: str) -> None:
        name, equals, value = word[2:].partition("=")
        flag = _LONG.get(name)
        if flag is None:
            self._keep(word)
        elif flag.value:
            self._give(flag, value if equals else self._next(f"--{name}"))
        else:
            self._give(flag, value if equals else "true")

    def _bundle(self, word: str) -> None:
        """Read short flags that share one dash: switches of the verb first, then at most one of ours with its value."""
        switches = len(word[1:]) - len(word[1:].lstrip(_SWITCHES))
        kept, rest = word[1 : 1 + switches], word[1 + switches :]
        flag = _SHORT.get(rest[:1])
        if flag is None:
            self._keep(word)
            return
        if kept:
            self._keep(f"-{kept}")
        value = rest[1:].removeprefix("=")
        self._give(flag, value if rest[1:] else self._next(f"-{flag.short}"))

    def _keep(self, word: str) -> None:
        place = self._rest if self._rest else self._early
        place.append(word)
        if word in _VALUED and self._queue:
            place.append(self._queue.popleft())

    def _next(self, name: str) -> str:
        if not self._queue:
            raise UsageError(f"flag {name} needs a value", hint="`kubectl prism options` lists these flags")
        return self._queue.popleft()

    def _give(self, flag: Flag, value: str) -> None:
        self._given.setdefault(flag.target, []).append(value)


def _options(given: dict[str, list[str]]) -> Options:
    last = {target: values[-1] for target, values in given.items()}
    texts = {target: value for target, value in last.items() if target not in _PARSED and value}
    return Options(
        **texts,
        as_groups=tuple(given.get("as_groups", ())),
        request_timeout=_seconds(last.get("request_timeout", "0")),
        insecure_skip_tls_verify=_truth(last.get("insecure_skip_tls_verify", "false")),
        verbosity=_level(last.get("verbosity", "0")),
        color=_color(last.get("color", "auto")),
    )


_PARSED = frozenset({"as_groups", "request_timeout", "insecure_skip_tls_verify", "verbosity", "color"})
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


def duration(text: str) -> float | None:
    """Return the seconds of `30s`, `1m30s` or plain `30`; None for what is no duration."""
    if re.fullmatch(r"\d+", text):
        return float(text)
    if not re.fullmatch(rf"(?:{_PART.pattern})+", text):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def _seconds(text: str) -> float | None:
    seconds = duration(text)
    if seconds is None:
        raise UsageError(f"--request-timeout {text} is not a time", hint="write 30s, 2m or 1m30s; 0 is no limit")
    return seconds or None


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0", "t", "f"):
        raise UsageError(f"--insecure-skip-tls-verify={text} is neither true nor false")
    return text.lower() in ("true", "1", "t")


def _level(text: str) -> int:
    if not text.isdecimal():
        raise UsageError(f"-v={text} is not a number", hint="write -v=6 to see requests, -v=9 for everything")
    return int(text)


def _color(text: str) -> Color:
    if text not in ("auto", "always", "never"):
        raise UsageError(f"--color={text} is not known", hint="write auto, always or never")
    return cast(Color, text)


def nearest(name: str, known: Sequence[str] = ()) -> str | None:
    """Return the flag, of `known` or of ours, that `name` was probably meant to be."""
    names = [*known, *(f"--{flag.name}" for flag in FLAGS if len(flag.name) > 1)]
    return close(name, names)


def listing() -> str:
    """Return the flags as `kubectl prism options` prints them."""
    rows = [(f"-{flag.short}, --{flag.name}" if flag.short else f"    --{flag.name}", flag) for flag in FLAGS]
    signs = [f"{sign}={flag.value}" if flag.value else sign for sign, flag in rows]
    width = max(map(len, signs))
    return "\n".join(f"  {sign:<{width}}  {flag.help}" for sign, (_, flag) in zip(signs, rows, strict=True))
