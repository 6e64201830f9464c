"""Images that cannot be pulled: why, as far as the kubelet tells, and the login that may be missing."""

from __future__ import annotations

import json
import re
import shlex

from kubectl_prism.model.change import argument
from kubectl_prism.model.finding import Link
from kubectl_prism.view import lenient
from kubectl_prism.view.findings.case import Case, quoted
from kubectl_prism.view.findings.containers import waiting
from kubectl_prism.view.findings.scene import spec
from kubectl_prism.view.findings.sick import Sick

_ABSENT = re.compile(r"not found|manifest unknown|name unknown", re.IGNORECASE)
_AWAY = re.compile(r"no such host|timed? ?out|connection refused|unreachable|i/o timeout", re.IGNORECASE)
DOCKER_HUB = "docker.io"


def case(sick: Sick) -> Case:
    """Return the case of an image that cannot be had."""
    image = lenient.text(sick.container.get("image")) or lenient.text(sick.status.get("image")) or "<unknown>"
    if sick.symptom.word == "InvalidImageName":
        return sick.case(
            "PRISM202",
            f"{image} is not the name of an image",
            "InvalidImageName",
            Link(sick.spot.owner.ref, f"{sick.spot.words} asks for the image {image}"),
            key=(sick.pod.ref.namespace, image),
            command=sick.spot.edit,
            evidence=_said(sick),
        )
    secrets, said = _secrets(sick), " ".join([*_said(sick), *sick.scene.heard(sick.pod.ref)])
    why, command, otherwise = _why(sick, image, secrets, said)
    held = f"imagePullSecrets {', '.join(secrets)}" if secrets else "no imagePullSecrets"
    return sick.case(
        "PRISM201",
        f"Image {image} cannot be pulled: {why}",
        "ImagePullBackOff",
        Link(sick.home.ref, f"image {image}: {why}"),
        key=(sick.pod.ref.namespace, image),
        command=command,
        evidence=(*_said(sick), quoted(f"spec of {sick.pod.ref}", f"image {image}, {held}")),
        otherwise=otherwise,
    )


def _why(sick: Sick, image: str, secrets: list[str], said: str) -> tuple[str, str, str]:
    """Return why it cannot be pulled, the next command, and another way."""
    login, edit = _login(sick, image), sick.spot.edit
    if _ABSENT.search(said):
        return "its registry does not have it", edit, f"where the registry is private, it may want a login: {login}"
    if _AWAY.search(said):
        return "its registry does not answer", f"kubectl describe {argument(sick.pod.ref)}", f"another image: {edit}"
    if secrets:
        space = f" -n {shlex.quote(sick.pod.ref.namespace)}" if sick.pod.ref.namespace else ""
        described = f"kubectl describe secret {shlex.quote(secrets[0])}{space}"
        return f"the login in {secrets[0]} may be wrong", described, f"make it anew: {login}"
    return "its registry may want a login, and none is given", login, f"then name it: {_naming(sick, image)}"


def _login(sick: Sick, image: str) -> str:
    host = _host(image)
    space = [f"--namespace={sick.pod.ref.namespace}"] if sick.pod.ref.namespace else []
    given = [f"--docker-server={host}", "--docker-username=USER", "--docker-password=TOKEN"]
    return shlex.join(["kubectl", "create", "secret", "docker-registry", _secret(host), *given, *space])


def _naming(sick: Sick, image: str) -> str:
    """Return the command that gives the pods their pull secret; a stack hands it to every pod of its own."""
    owner = sick.spot.owner.ref
    if owner.kind not in ("PrismStack", "PrismPattern"):
        return sick.spot.edit
    patch = json.dumps({"spec": {"imagePullSecrets": [{"name": _secret(_host(image))}]}}, separators=(",", ":"))
    return f"kubectl patch {argument(owner)} --type=merge -p {shlex.quote(patch)}"


def _host(image: str) -> str:
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else DOCKER_HUB


def _secret(host: str) -> str:
    return f"{re.split('[.:]', host)[0].lower() or 'registry'}-secret"


def _secrets(sick: Sick) -> list[str]:
    found = lenient.mappings(spec(sick.pod.obj).get("imagePullSecrets")) or lenient.mappings(
        sick.spec.get("imagePullSecrets")
    )
    return sorted(name for one in found if (name := lenient.text(one.get("name"))))


def _said(sick: Sick) -> tuple[str, ...]:
    found = waiting(sick.status)
    reason, message = lenient.text(found.get("reason")), lenient.text(found.get("message"))
    words = f"{reason}: {message}" if message else reason
    return (quoted(f"status of container {sick.symptom.of} in {sick.pod.ref}", words),)
