"""What is worth telling of an object beside its conditions, kind by kind: a few facts, each by its name. Pure.

Only fields named here are shown. None of them holds a connection, a setting's value or a variable's value, so that
nothing that is secret can come along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from kubectl_prism.model import meta
from kubectl_prism.model.meta import Manifest
from kubectl_prism.view import deployments, lenient, wishes
from kubectl_prism.view.age import age
from kubectl_prism.view.backends import named_by, provider

Facts = Iterator[tuple[str, str]]
REDACTED = "<redacted>"


def highlights(obj: Manifest, now: datetime) -> dict[str, str]:
    """Return the facts of an object; none for a kind that is not known here. `now` is what times are told from."""
    teller = _TELLERS.get(str(obj.get("kind") or ""))
    if teller is None:
        return {}
    return {name: text for name, text in teller(obj, now) if text}


def _stack(stack: Manifest, _now: datetime) -> Facts:
    spec = lenient.mapping(stack.get("spec"))
    status = lenient.mapping(stack.get("status"))
    for field, label in (("proxy", "Proxies"), ("admin", "Admins")):
        part = lenient.mapping(spec.get(field))
        if part.get("enabled") is False:
            yield label, "disabled"
            continue
        yield label, _joined(_ready(status.get("proxies" if field == "proxy" else "admins")), *_program(part))
    election = lenient.mapping(lenient.mapping(spec.get("admin")).get("leaderElection"))
    if election.get("enabled") is True:
        yield "Leader election", f"by Lease {election.get('leaseName') or 'prism-admin-leader'}"
    for field in ("patterns", "backends", "namespaces"):
        names = ", ".join(str(one.get("name")) for one in lenient.mappings(spec.get(field)))
        yield field.capitalize(), _joined(_ready(status.get(field)) if names else "", names)


def _pattern(pattern: Manifest, _now: datetime) -> Facts:
    spec, status = lenient.mapping(pattern.get("spec")), lenient.mapping(pattern.get("status"))
    backend = named_by(pattern)
    yield "Pattern", str(spec.get("pattern") or "")
    yield "Backend", _joined(str(spec.get("backend") or ""), f"PrismBackend {backend.name}" if backend else "")
    yield "Runners", _joined(f"{_word(status.get('availableReplicas'), '0')} available", *_program(spec))
    yield "Settings", ", ".join(sorted(map(str, lenient.mapping(spec.get("config")))))
    yield "Service port", _word(lenient.mapping(spec.get("service")).get("port"))
    yield "Placement", _placement(spec)


def _backend(backend: Manifest, now: datetime) -> Facts:
    spec, status = lenient.mapping(backend.get("spec")), lenient.mapping(backend.get("status"))
    connection, check = lenient.mapping(spec.get("connection")), lenient.mapping(spec.get("healthCheck"))
    secret = lenient.mapping(connection.get("secretRef"))
    yield "Type", str(spec.get("type") or "")
    yield "Provider", provider(backend)
    if connection.get("url"):
        yield "Connection", REDACTED
    elif secret:
        home = meta.key(backend).namespace
        yield "Connection", f"from Secret {secret.get('namespace') or home}/{secret.get('name')}"
    yield "TLS", "on" if lenient.mapping(spec.get("tls")).get("enabled") is True else "off"
    yield "Health check", "off" if check.get("enabled") is False else f"every {check.get('interval') or '30s'}"
    if status.get("lastChecked"):
        yield "Last answer", f"{age(status['lastChecked'], now)} ago"
    yield "Message", str(status.get("message") or "")


def _deployment(deployment: Manifest, _now: datetime) -> Facts:
    body = lenient.mapping(deployment.get("spec"))
    template = lenient.mapping(lenient.mapping(body.get("template")).get("spec"))
    selector = lenient.mapping(lenient.mapping(body.get("selector")).get("matchLabels"))
    yield "Replicas", f"{deployments.counts(deployment)} available"
    yield "Selector", ", ".join(f"{name}={value}" for name, value in sorted(selector.items()))
    yield "Strategy", str(lenient.mapping(body.get("strategy")).get("type") or "")
    yield "Placement", "; ".join(wishes.words(template, wishes.spreads(template, "", {})))
    yield from _containers(template, {})


def _pod(pod: Manifest, now: datetime) -> Facts:
    body, status = lenient.mapping(pod.get("spec")), lenient.mapping(pod.get("status"))
    yield "Node", str(body.get("nodeName") or "none")
    yield "IP", str(status.get("podIP") or "")
    found = [
        one for field in ("initContainerStatuses", "containerStatuses") for one in lenient.mappings(status.get(field))
    ]
    yield from _containers(body, {str(one.get("name")): _state(one, now) for one in found})


def _containers(body: Manifest, states: Mapping[str, str]) -> Facts:
    """Tell image, state and limits of each container; nothing of its environment."""
    for field in ("initContainers", "containers"):
        for container in lenient.mappings(body.get(field)):
            name = str(container.get("name"))
            yield (
                f"Container {name}",
                _joined(str(container.get("image") or ""), states.get(name, ""), *_limits(container)),
            )


def _state(status: Manifest, now: datetime) -> str:
    restarts = lenient.number(status.get("restartCount"))
    for name, state in lenient.mapping(status.get("state")).items():
        told = lenient.mapping(state)
        code = told.get("exitCode")
        words = [str(name), str(told.get("reason") or ""), f"exit code {code}" if code is not None else ""]
        if told.get("startedAt") and name == "running":
            words.append(f"for {age(told['startedAt'], now)}")
        counted = "1 restart" if restarts == 1 else f"{restarts} restarts"
        return _joined(" ".join(word for word in words if word), counted)
    return ""


def _limits(container: Manifest) -> Iterable[str]:
    resources = lenient.mapping(container.get("resources"))
    for field in ("requests", "limits"):
        told = ", ".join(f"{name} {amount}" for name, amount in sorted(lenient.mapping(resources.get(field)).items()))
        if told:
            yield f"{field} {told}"


def _program(part: Manifest) -> Iterable[str]:
    scaling = lenient.mapping(part.get("autoscaling"))
    if scaling.get("enabled") is True:
        yield f"autoscaled {_word(scaling.get('minReplicas'), '1')} to {_word(scaling.get('maxReplicas'), '?')}"
    elif part.get("replicas") is not None:
        yield f"{_word(part.get('replicas'))} wanted"
    yield str(part.get("image") or "")
    yield _placement(part)


def _placement(part: Manifest) -> str:
    wished = lenient.mapping(part.get("placement"))
    spreads = wishes.spreads(wished, str(wished.get("strategy") or ""), wished)
    return _joined(str(wished.get("strategy") or ""), *wishes.words(wished, spreads))


def _ready(counts: object) -> str:
    return f"{counts} ready" if isinstance(counts, str) and counts else ""


def _word(value: object, otherwise: str = "") -> str:
    return otherwise if value is None else str(value)


def _joined(*words: str) -> str:
    return "; ".join(word for word in words if word)


_TELLERS: Mapping[str, Callable[[Manifest, datetime], Facts]] = {
    "PrismStack": _stack,
    "PrismPattern": _pattern,
    "PrismBackend": _backend,
    "Deployment": _deployment,
    "Pod": _pod,
}
