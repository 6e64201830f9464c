"""Lines of JSON become words; every other line stays as it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_prism.view.health import Severity
from kubectl_prism.view.logs import parse


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            '{"ts":"2026-11-28T12:30:01.123456Z","level":"warn","msg":"slow","took":"2s"}',
            "12:30:01.123 WARN  slow took=2s",
        ),
        ('{"time":"2026-11-28T12:30:01Z","severity":"ERROR","message":"no"}', "12:30:01 ERROR no"),
        ('{"msg":"stored","key":"a b","count":3,"tags":["x"]}', 'stored key="a b" count=3 tags=["x"]'),
        (json.dumps({"msg": "two\nlines"}), "two lines"),
        ('{"level":"info"}', '{"level":"info"}'),
        ("[1]", "[1]"),
        ("plain words", "plain words"),
        ('{"msg": broken', '{"msg": broken'),
        ("", ""),
    ],
)
def test_a_line_is_read(line: str, text: str) -> None:
    """Time, level, message and the rest in this order; what is no JSON object with a message is left alone."""
    assert parse(line).text == text


def test_a_level_has_a_severity() -> None:
    """Warnings and errors stand out, whatever their case."""
    levels = ("debug", "INFO", "Warning", "error", "FATAL", "odd")
    found = [parse(json.dumps({"level": level, "msg": "x"})).severity for level in levels]
    assert found == [Severity.OK, Severity.OK, Severity.WAITING, Severity.BAD, Severity.BAD, Severity.OK]


@given(
    st.text() | st.dictionaries(st.sampled_from(["msg", "ts", "level", "x"]), st.integers() | st.text()).map(json.dumps)
)
def test_no_line_is_too_odd(line: str) -> None:
    """Whatever a program writes, there is something to print on one line."""
    assert isinstance(parse(line.replace("\n", " ")).text, str)
