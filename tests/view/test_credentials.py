"""What a text holds of credentials is hidden, and nothing else."""

from __future__ import annotations

import pytest

from kubectl_prism.view.credentials import hidden


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("url: nats://me:pw@nats:4222/", "url: nats://…@nats:4222/"),
        ("redis://:p@s/w?r#d@cache:6379/0", "redis://…@cache:6379/0"),
        ("nats://a:b@one:4222,nats://c:d@two:4222", "nats://…@two:4222"),
        ('{"url":"nats://me:pw@nats"}', '{"url":"nats://…@nats"}'),
        ("kafka://one?sasl_password=pw&acks=1", "kafka://one?sasl_password=…&acks=1"),
        ("s3://bucket?access-key=AK&Token=t", "s3://bucket?access-key=…&Token=…"),
        ("nats://nats:4222", "nats://nats:4222"),
        ("mail me@example.org; key=value", "mail me@example.org; key=value"),
        ("image: registry/prism@sha256:1f", "image: registry/prism@sha256:1f"),
    ],
)
def test_credentials_are_hidden(text: str, shown: str) -> None:
    """Passwords with any character in them, in URLs wherever they stand."""
    assert hidden(text) == shown
