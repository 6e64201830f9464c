"""The facts of an object and of a condition's message that texts about it are filled in with."""

from __future__ import annotations

import re
import shlex

from kubectl_prism.model.change import argument
from kubectl_prism.model.meta import Ref
from kubectl_prism.view import lenient
from kubectl_prism.view.findings.scene import Said, Scene, Thing, spec

_SECRET = re.compile(r"Secret ([-a-z0-9.]+)/([-a-z0-9.]+)(?: \(([A-Za-z.]+)\))?")
_CHILD = re.compile(r"([A-Z][A-Za-z]+) ([-a-z0-9.]+)/([-a-z0-9.]+) exists and")
_RIGHT = re.compile(r'User "([^"\s]+)" cannot (\w+) resource "([a-z/]+)" in API group "([a-z0-9.]*)"')


def facts(scene: Scene, one: Thing, said: Said) -> dict[str, str]:
    """Return what can be told: a fact that is unknown is missing. All but `ref`, `…_ref` and `reason` suit a shell."""
    home = scene.line(one)[0].ref
    found = {
        "ref": str(one.ref),
        "it": argument(one.ref),
        "name": shlex.quote(one.ref.name),
        "home": argument(home),
        "namespace": shlex.quote(one.ref.namespace),
        "reason": said.reason,
    }
    return {**found, **_proxy(one), **_secret(one, said.message), **_child(said.message), **_right(said.message)}


def _proxy(one: Thing) -> dict[str, str]:
    """Return the proxies that a namespace names."""
    reference = lenient.mapping(spec(one.obj).get("proxyRef"))
    name = lenient.text(reference.get("name"))
    if one.ref.kind != "PrismNamespace" or not name:
        return {}
    home = lenient.text(reference.get("namespace")) or one.ref.namespace
    stack = name.removesuffix("-proxy")
    return {"proxy": shlex.quote(name), "proxy_namespace": shlex.quote(home), "stack": shlex.quote(stack)}


def _secret(one: Thing, message: str) -> dict[str, str]:
    """Return the Secret that the message names, or that the connection comes from, and what would have to be in it."""
    connection = lenient.mapping(spec(one.obj).get("connection"))
    reference = lenient.mapping(connection.get("secretRef"))
    if found := _SECRET.search(message):
        ref, field = Ref("Secret", found[1], found[2]), found[3] or ""
    elif name := lenient.text(reference.get("name")):
        ref = Ref("Secret", lenient.text(reference.get("namespace")) or one.ref.namespace, name)
        field = "spec.connection.secretRef"
    else:
        return {}
    key = lenient.text(lenient.mapping(reference.get("keys")).get("url")) or "url"
    return {
        "secret": argument(ref).partition(" ")[2],
        "secret_ref": str(ref),
        "source": _source(field, shlex.quote(key)),
    }


def _source(field: str, key: str) -> str:
    """Return what `kubectl create secret generic` is told to put into the Secret that a field names."""
    if "tls" in field:
        return "--from-file=ca.crt"
    return "--from-literal=token=TOKEN" if "token" in field.lower() else f"--from-literal={key}=URL"


def _child(message: str) -> dict[str, str]:
    found = _CHILD.search(message)
    if found is None:
        return {}
    ref = Ref(found[1], found[2], found[3])
    return {"child": argument(ref), "child_ref": str(ref)}


def _right(message: str) -> dict[str, str]:
    found = _RIGHT.search(message)
    if found is None:
        return {}
    resource = f"{found[3]}.{found[4]}" if found[4] else found[3]
    return {"who": shlex.quote(found[1]), "verb": found[2], "resource": resource}
