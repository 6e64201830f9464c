"""Which product a backend is, where nobody says so."""

from __future__ import annotations

import re

_PRODUCTS = {
    "amqp": "rabbitmq",
    "amqps": "rabbitmq",
    "kafka": "kafka",
    "memstore": "memstore",
    "mongodb": "mongodb",
    "mongodb+srv": "mongodb",
    "mysql": "mysql",
    "nats": "nats",
    "postgres": "postgres",
    "postgresql": "postgres",
    "rabbitmq": "rabbitmq",
    "redis": "redis",
    "rediss": "redis",
    "s3": "s3",
    "sqlite": "sqlite",
}
_SCHEMES = {**_PRODUCTS, "tls": "nats"}


def guess(*, name: str, type: str, url: str | None) -> str | None:
    """Guess the product behind a backend: by the URL's scheme, else by a word in its name, else by its type."""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", url or "")
    if scheme and (known := _SCHEMES.get(scheme[1].lower())):
        return known
    words = (*re.split(r"[^a-z0-9]+", name.lower()), type.lower())
    return next((_PRODUCTS[word] for word in words if word in _PRODUCTS), None)
