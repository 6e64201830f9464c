"""Errors of the API server read like sentences, keep their fields apart, and give nothing secret away."""

from __future__ import annotations

import pytest

from kubectl_prism.kube import errors
from kubectl_prism.kube.errors import ApiError, from_response, from_status


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (400, ApiError),
        (401, errors.Unauthorized),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (410, errors.Gone),
        (422, errors.Invalid),
        (429, errors.TooManyRequests),
        (500, ApiError),
    ],
)
def test_each_status_has_its_kind_of_error(code: int, kind: type[ApiError]) -> None:
    """A caller tells errors apart by type, never by text."""
    assert type(from_response(code, b"")) is kind


def test_a_name_that_exists_is_its_own_kind_of_conflict() -> None:
    """Both are 409, and mean different things."""
    error = from_status({"code": 409, "reason": "AlreadyExists", "message": "x"})
    assert isinstance(error, errors.AlreadyExists)
    assert isinstance(error, errors.Conflict)


def test_an_invalid_object_names_each_field() -> None:
    """A person sees the object once and then each field with what is wrong; a program gets pairs."""
    causes = [
        {"reason": "FieldValueInvalid", "field": "spec.replicas", "message": "Invalid value: -1: must not be negative"},
        {"reason": "FieldValueInvalid", "field": "spec", "message": "Invalid value: an even number of admins"},
    ]
    details = {"name": "demo", "kind": "PrismStack", "causes": causes}
    error = from_status({"code": 422, "reason": "Invalid", "message": "run together", "details": details})
    assert error.causes == [
        ("spec.replicas", "Invalid value: -1: must not be negative"),
        ("spec", "Invalid value: an even number of admins"),
    ]
    assert error.message == (
        "PrismStack demo is invalid: spec.replicas: Invalid value: -1: must not be negative; "
        "spec: Invalid value: an even number of admins"
    )


def test_a_conflict_keeps_the_servers_sentence_and_names_the_fields() -> None:
    """Which manager owns which field stays readable, by a person and by a program."""
    causes = [{"reason": "FieldManagerConflict", "field": ".spec.replicas", "message": 'conflict with "kubectl"'}]
    message = 'Apply failed with 1 conflict: conflict with "kubectl": .spec.replicas'
    error = from_status(
        {"code": 409, "reason": "Conflict", "message": message, "details": {"name": "x", "causes": causes}}
    )
    assert error.message == message
    assert error.causes == [(".spec.replicas", 'conflict with "kubectl"')]


def test_plain_text_is_an_error_too() -> None:
    """Priority and fairness turns requests away in plain text, not with a Status."""
    error = from_response(429, b"Too many requests, please try again later.\n", retry_after="2")
    assert isinstance(error, errors.TooManyRequests)
    assert error.message == "Too many requests, please try again later."
    assert error.retry_after == 2.0


@pytest.mark.parametrize(
    "body", [b"", b"<html>\xff</html>", b"[1]", b'{"kind":"Pod"}', b'{"kind":"Status","details":7}']
)
def test_any_body_gives_one_line(body: bytes) -> None:
    """Whatever a proxy puts in between, there is a message, of one line and bounded."""
    error = from_response(502, body * 300)
    assert error.status == 502
    assert error.message
    assert "\n" not in error.message
    assert len(error.message) <= 500


def test_a_connection_string_the_server_quotes_loses_its_password() -> None:
    """The server quotes the value it refuses; who sees the error need not see the password."""
    text = 'Invalid value: "postgres://app:hunter2@db:5432/x": must be a redis URL'
    details = {"name": "b", "kind": "PrismBackend", "causes": [{"field": "spec.connectionString", "message": text}]}
    error = from_status({"code": 422, "reason": "Invalid", "message": text, "details": details})
    assert "hunter2" not in str(error) + repr(error.causes)
    assert "postgres://…@db:5432/x" in error.message
