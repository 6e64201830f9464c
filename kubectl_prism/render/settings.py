"""A pattern's settings: the file that its runner reads, the variables beside it, and what of them is secret.

The rule: a setting is secret when its name speaks of a credential or a connection string, or when its value carries one
(a URL with a user in it, or `password=`). Secret settings stand in a Secret, all others in a ConfigMap; the file holds
them all, so one secret setting moves the whole file into the Secret.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from kubectl_prism.model.pattern import Pattern
from kubectl_prism.render import names
from kubectl_prism.render.backend import BackendConnection
from kubectl_prism.render.manifest import present

FILE = "config.yaml"

Setting = bool | int | float | str

_SECRET_NAME = re.compile(
    r"connectionstring|password|passwd|passphrase|secret|token|credential|apikey|accesskey|privatekey|dsn"
)
_SECRET_VALUE = re.compile(r"://[^/?#\s]*@|\b(password|passwd|pwd|secret|token)\s*=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Settings:
    """The data of a pattern's ConfigMap and Secret; `secret` is base64, as the Secret carries it."""

    plain: dict[str, str]
    secret: dict[str, str]

    @property
    def file_is_secret(self) -> bool:
        """Whether the file stands in the Secret."""
        return FILE in self.secret


def settings(pattern: Pattern, connection: BackendConnection | None) -> Settings:
    """Return what the runner of `pattern` is told."""
    config = pattern.spec.config or {}
    hidden = {name for name, value in config.items() if is_secret(name, value)}
    told = _variables(config)
    plain = {variable: text(config[name]) for variable, name in sorted(told.items()) if name not in hidden}
    secret = {variable: encoded(text(config[name])) for variable, name in sorted(told.items()) if name in hidden}
    file = _file(pattern, connection)
    if hidden:
        return Settings(plain, secret | {FILE: encoded(file)})
    return Settings(plain | {FILE: file}, secret)


def is_secret(name: str, value: Setting) -> bool:
    """Tell whether a setting belongs into a Secret."""
    return _has_secret_name(name) or (isinstance(value, str) and _SECRET_VALUE.search(value) is not None)


@lru_cache(maxsize=names.REMEMBERED)
def _has_secret_name(name: str) -> bool:
    return _SECRET_NAME.search(re.sub(r"[^a-z]", "", name.lower())) is not None


def text(value: Setting) -> str:
    """Return a setting as a variable carries it: `true`, `10000`, `1h`."""
    return value if isinstance(value, str) else json.dumps(value)


def encoded(value: str) -> str:
    """Return a value as a Secret carries it."""
    return b64encode(value.encode()).decode()


def _variables(config: dict[str, Setting]) -> dict[str, str]:
    """Return the variable of each setting; of two that would share one, the first by name has it, the file has both."""
    return {names.environment(name): name for name in sorted(config, reverse=True)}


def _file(pattern: Pattern, connection: BackendConnection | None) -> str:
    """Write the file in the runners' own shape, in JSON: one of them reads no other YAML.

    The connection stands in it by the names of the variables that carry it, never by value.
    """
    spec = pattern.spec
    provider = connection.provider if connection else None
    entry = present(
        name=pattern.metadata.name,
        pattern=spec.pattern,
        backend=provider or spec.backend,
        backend_config=dict(sorted((spec.config or {}).items())),
        backend_connection=connection and connection.where(),
    )
    return msgspec.json.format(msgspec.json.encode({"namespaces": [entry]}), indent=2).decode() + "\n"
